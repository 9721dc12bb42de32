# bash completion for mnist_dist: commands, options, files and the keys of --set.

_mnist_dist_options()
{
    local common="--help --version"
    case $1 in
    train) echo "$common --config --set --data --output --epochs --batch-size" \
        "--learning-rate --seed --reducer --resume --debug --debug-wait --inject --quiet" ;;
    evaluate) echo "$common --data" ;;
    predict) echo "$common --data --index --split --image --as-is --range --output --plot" ;;
    show) echo "$common --data --index --split --plot" ;;
    plot) echo "$common --data --index --kind --plot" ;;
    watch) echo "$common --once" ;;
    inspect) echo "$common --set" ;;
    report) echo "$common --data --output" ;;
    export) echo "$common --format --output" ;;
    import) echo "$common --config --output --scale" ;;
    prove) echo "$common --config --data --output --ranks --set" ;;
    *) echo "$common" ;;
    esac
}

_mnist_dist_keys()
{
    echo data.{source,validation,storage,memory,window,scale,classes,transpose,target,train_x,train_y,test_x,test_y} loss huber_delta \
        augment.{shift,rotation,zoom,shear} \
        optimizer.{name,learning_rate,beta_1,beta_2,epsilon,momentum,weight_decay,clip_norm} \
        schedule.{name,warmup_steps,step_epochs,factor,final,steps} \
        train.{epochs,batch_size,seed,shuffle,max_steps,initial_weights,time_limit} \
        early_stopping.{patience,monitor,min_delta} \
        distributed.{reducer,node_size,active_ranks,stall_timeout} \
        checkpoint.{output,every_steps,every_minutes,keep,digest_every,max_failures,lock_wait}
}

# No word offered means file names: readline's own default, see `complete` below.
_mnist_dist()
{
    local current=$2 previous=$3 command=train words=
    [[ $COMP_CWORD -gt 1 && ${COMP_WORDS[1]} != -* ]] && command=${COMP_WORDS[1]}
    case $previous in
    --set)
        words=$(_mnist_dist_keys)
        compopt -o nospace 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -S = -W "$words" -- "$current")
        return
        ;;
    --reducer) words="allreduce exchange" ;;
    --split) words="train test" ;;
    --format) words="keras weights.h5 npz" ;;
    --scale) words="auto unit none" ;;
    --kind) words="curves accuracy mae loss grid confusion predicted residuals weights features" ;;
    *)
        if [[ $current == -* ]]; then
            words=$(_mnist_dist_options "$command")
        elif [[ $COMP_CWORD -eq 1 ]]; then
            words="train evaluate predict show plot report inspect verify diff export import watch prove selftest"
        fi
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -o default -F _mnist_dist mnist_dist
