#!/usr/bin/env bash
# cluster.sh start DIR [OWNER_PID] | stop DIR
#
# A Slurm cluster of two nodes, n1 and n2, on this one machine: munged, slurmctld and two slurmd
# without systemd, cgroups or root. All state is in DIR, which must exist; with SLURM_CONF set to
# DIR/slurm.conf, every Slurm command talks to this cluster and to no other. When OWNER_PID is given
# the cluster stops by itself after that process has gone, however it went.
set -eu

NODES="n1 n2"
NODE_CPUS=4
NODE_MEMORY=4096 # MB
PATH=$PATH:/usr/sbin:/sbin

fail() {
    echo "cluster.sh: $*" >&2
    exit 1
}

# Ports under 32768 are not handed out by the kernel to outgoing connections.
free_port() {
    local port
    for _ in {1..100}; do
        port=$((RANDOM % 12000 + 20000))
        if ! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo $port
            return
        fi
    done
    fail "no free port found between 20000 and 32000"
}

# cred_expire: a requeued job waits for its old credential to expire, 120 s by default.
# FirstJobId: Open MPI names shared memory after host and job, so two clusters must not share ids.
# TmpFS: the PMIx servers of two nodes would collide in one folder.
# TaskProlog: Open MPI names shared memory after the host, which two nodes may have in common.
# linuxproc, task/none: no cgroups. config_overrides: more CPUs than the machine may have.
write_config() {
    cat >"$dir/slurm.conf" <<CONF
ClusterName=mnist_dist
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$dir/munge.socket,cred_expire=5
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool.%n
SlurmctldPidFile=$dir/slurmctld.own.pid
SlurmdPidFile=$dir/%n.own.pid
FirstJobId=$((RANDOM * 2000 + 1))
TmpFS=$dir/tmp.%n
TaskProlog=$dir/task_prolog
MpiDefault=pmix
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=2,batch_sched_delay=0
SlurmdParameters=config_overrides
MailProg=/bin/true
JobRequeue=1
KillWait=10
ReturnToService=2
$(for node in $NODES; do
        echo "NodeName=$node NodeHostname=$(node_hostname "$node") NodeAddr=127.0.0.1 Port=$(free_port)" \
            "CPUs=$NODE_CPUS RealMemory=$NODE_MEMORY"
    done)
PartitionName=main Nodes=ALL Default=YES MaxTime=60 State=UP
CONF
    # Said outright, version 1 is not looked for: slurmd starts where no cgroups are mounted.
    echo "CgroupPlugin=cgroup/v1" >"$dir/cgroup.conf"
    cat >"$dir/task_prolog" <<PROLOG
#!/bin/sh
for module in btl_vader osc_sm; do
    echo "export OMPI_MCA_\${module}_backing_directory=$dir/tmp.\$SLURMD_NODENAME"
done
PROLOG
    chmod +x "$dir/task_prolog"
}

# Nodes have hostnames of their own where the kernel lets us: srun with PMIx tells the nodes of one
# host apart, mpirun does not.
own_hostnames() {
    unshare --uts true 2>/dev/null
}

node_hostname() {
    if own_hostnames; then echo "$1"; else hostname -s; fi
}

node_daemon() {
    if own_hostnames; then
        launch "$1" unshare --uts sh -c "hostname $1 && exec slurmd -D -N $1"
    else
        launch "$1" slurmd -D -N "$1"
    fi
}

# launch NAME COMMAND...: COMMAND in the background, its process id in DIR/NAME.pid.
launch() {
    local name=$1
    shift
    setsid "$@" >"$dir/$name.log" 2>&1 </dev/null &
    echo $! >"$dir/$name.pid"
}

# The process of DIR/NAME.pid if it is still the one that was launched: ids are used again.
running() {
    local pid
    pid=$(cat "$dir/$1.pid" 2>/dev/null) &&
        tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | grep -qx "SLURM_CONF=$dir/slurm.conf" &&
        echo "$pid"
}

show_logs() {
    for log in "$dir"/*.log; do
        echo "--- $log"
        tail -n 20 "$log"
    done >&2
}

start() {
    for program in munged slurmctld slurmd; do
        command -v $program >/dev/null || fail "$program is not installed"
    done
    local node
    mkdir -p "$dir/state"
    for node in $NODES; do
        mkdir -p "$dir/spool.$node" "$dir/tmp.$node"
    done
    write_config
    (umask 077 && head -c 128 /dev/urandom >"$dir/munge.key")
    launch munged munged --foreground --force --key-file="$dir/munge.key" --num-threads=2 \
        --socket="$dir/munge.socket" --pid-file="$dir/munged.own.pid" --seed-file="$dir/munge.seed"
    wait_until test -S "$dir/munge.socket"
    launch slurmctld slurmctld -D -i
    for node in $NODES; do
        node_daemon "$node"
    done
    wait_until nodes_idle
    [ -z "$owner" ] || launch guard "$0" guard "$dir" "$owner"
}

wait_until() {
    for _ in {1..300}; do
        if "$@"; then return; fi
        sleep 0.2
    done
    show_logs
    stop
    fail "the cluster did not start; its logs are above"
}

nodes_idle() {
    [ "$(sinfo -h -t idle -o %D 2>/dev/null)" = "$(wc -w <<<"$NODES")" ]
}

# Jobs first: slurmstepd outlives its slurmd and ends with its job. Both commands ask for minutes where
# nobody answers.
stop() {
    local name pid
    timeout 15 scancel --user="$(id -un)" 2>/dev/null || true
    for _ in {1..75}; do
        [ -n "$(timeout 15 squeue -h 2>/dev/null)" ] || break
        sleep 0.2
    done
    for name in $NODES slurmctld munged; do
        pid=$(running "$name") || continue
        kill "$pid"
        for _ in {1..50}; do
            running "$name" >/dev/null || break
            sleep 0.1
        done
        ! running "$name" >/dev/null || kill -KILL "$pid"
        rm -f "$dir/$name.pid"
    done
}

guard() {
    while [ -e "/proc/$owner/exe" ]; do
        [ -e "$dir/slurmctld.pid" ] || return 0 # stopped already
        sleep 2
    done
    stop
}

[ $# -ge 2 ] || fail "usage: cluster.sh start DIR [OWNER_PID] | stop DIR"
dir=$(realpath -e "$2")
owner=${3:-}
export SLURM_CONF=$dir/slurm.conf
case $1 in
start) start ;;
stop) stop ;;
guard) guard ;;
*) fail "unknown command '$1'" ;;
esac
