/* Time. Local. */
#ifndef MNIST_DIST_BASE_CLOCK_H
#define MNIST_DIST_BASE_CLOCK_H

enum { MD_TIMESTAMP_SIZE = 32 };

/* Seconds on a monotonic clock; only differences mean something. */
double md_clock_now(void);

/* Returns after so many seconds, whatever signals come. */
void md_clock_sleep(double seconds);

/* The present moment as ISO 8601 in UTC, "2026-01-31T12:00:00Z". */
void md_clock_timestamp(char out[MD_TIMESTAMP_SIZE]);

#endif
