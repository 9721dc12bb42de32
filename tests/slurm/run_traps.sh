#!/usr/bin/env bash
# run_traps.sh PROGRAM: what goes wrong on clusters.
# shellcheck source=tests/slurm/job.sh
. "$(dirname "${BASH_SOURCE[0]}")/job.sh"

# Without its step's number Open MPI believes that every task is a program of its own, as it would
# under an srun that does not speak its language.
cat >singletons.sh <<'END'
#!/bin/sh
unset SLURM_STEPID SLURM_STEP_ID
exec "$MNIST_DIST" train --data $DATA --output runs/singletons
END
chmod +x singletons.sh
status=0
srun --mpi=none --ntasks=2 ./singletons.sh >singletons.out 2>singletons.err || status=$?
equal "the exit code of singletons" $status 2
pmi=pmi2
[[ $("$MNIST_DIST" --version) != *"Open MPI"* ]] || pmi=pmix
grep -q "mnist_dist: .*srun --mpi=$pmi," singletons.err || fail "no cure: $(cat singletons.err)"
[ ! -e runs/singletons ] || fail "singletons wrote into the output folder"
echo "ok: tasks that do not see each other are refused"

# SLURM_EXACT gives a step no more than it asks for.
job=$(SLURM_EXACT=1 submit --ntasks-per-node=1 --cpus-per-task=3 "$jobs/mnist.sbatch" "${slow[@]}")
wait_for "an epoch of job $job" reached "$job" 1
equal "the CPUs of the step" "$(scontrol show step "$job.0" | grep -o 'CPUs=[0-9]*' | head -n 1)" CPUs=3
scancel "$job"
wait_for "the end of job $job" ended "$job"
equal "the state of a cancelled job" "$(state "$job")" CANCELLED
grep -q "stopped by SIGTERM after step" "mnist-$job.err" || fail "the cancelled job did not save"
equal "the starts of a cancelled job" "$(grep -c 'restarts so far' "mnist-$job.out")" 1
echo "ok: the step has the cpus-per-task of the job"
echo "ok: a cancelled job saves and is not requeued"

undisturbed
job=$(submit "$jobs/mnist.sbatch" "${options[@]}" "${slow[@]}")
wait_for "an epoch of job $job" reached "$job" 1
scontrol requeue "$job"
wait_for "job $job to wait for its second start" pending "$job"
mv "runs/mnist-$job" late
wait_for "job $job to miss its run" grep -q "waiting for the checkpoint" "mnist-$job.out"
sleep 3
mv late "runs/mnist-$job"
reached_the_same "$job"
went_on "$job" SIGTERM
echo "ok: a run that shared storage shows late is waited for"

mkdir -p runs/held
(exec 9>runs/held/.lock && flock 9 && exec sleep 60) &
holder=$!
job=$(OUTPUT=runs/held submit "$jobs/mnist.sbatch" "${options[@]}")
wait_for "job $job to meet the lock" grep -q "wait" "mnist-$job.err"
kill $holder
grep -q "waiting up to 180 s" "mnist-$job.err" || fail "the script's wait for the lock is not in force"
completed "$job"
equal "the weights of job $job" "$(digest "mnist-$job.out")" "$expected"
echo "ok: a job waits for the one that is still saving into its folder"
