/* Until when a run may go on: what the user set, and what Slurm tells of the job's end. Local. */
#ifndef MNIST_DIST_RESILIENCE_TIME_LIMIT_H
#define MNIST_DIST_RESILIENCE_TIME_LIMIT_H

/* `minutes` (0: no limit) from now, or a margin before the end of the Slurm job when Slurm tells it
 * (SLURM_JOB_END_TIME), whichever comes first. On md_clock_now(); 0: no limit at all. */
double md_time_limit_deadline(double minutes);

/* 1 when the deadline is over. */
int md_time_limit_over(double deadline);

#endif
