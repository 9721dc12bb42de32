/* What a run says of itself between saves: DIR/status, a line `key=value` for each of the fields
 * below. The file is replaced as a whole, and only while steps are taken. Local. */
#ifndef MNIST_DIST_APP_LIVE_H
#define MNIST_DIST_APP_LIVE_H

#include <stdint.h>

#include "mnist_dist/base/error.h"

#define MD_LIVE_RUNNING "running"
#define MD_LIVE_FINISHED "finished"
#define MD_LIVE_STOPPED "stopped" /* on request, after saving */
#define MD_LIVE_FAILED "failed"

enum { MD_LIVE_TEXT = 64 };

typedef struct md_live {
    char state[MD_LIVE_TEXT];
    int64_t epoch, epochs;                 /* the open one, from 1, and how many there will be */
    int64_t step, first_step, total_steps; /* finished; finished when this process began; in all */
    /* Of training, means over the open epoch; NaN before the first step. mae instead of accuracy
     * where the model answers with numbers. */
    double loss, accuracy, mae;
    int numbers;                  /* it does */
    double images_per_s, seconds; /* of this process */
    int64_t ranks, pid;           /* pid: of rank 0 */
    char host[MD_LIVE_TEXT];
    char started[MD_LIVE_TEXT], updated[MD_LIVE_TEXT]; /* as by md_clock_timestamp */
} md_live;

md_status md_live_write(const char *folder, const md_live *live, md_error *err);

/* 1, or 0 when the folder has no status. Text is printable, whatever the file holds; a
 * value that cannot be read is 0, NaN or empty. */
int md_live_read(const char *folder, md_live *out);

/* Seconds since `updated`, by this host's clock. */
double md_live_age(const md_live *live);

#endif
