#include "mnist_dist/train/stop.h"

#include "mnist_dist/resilience/time_limit.h"

int md_stop_wanted(const md_stop *stop, int rank)
{
    return stop && (stop->requested || (rank == 0 && md_time_limit_over(stop->deadline)));
}
