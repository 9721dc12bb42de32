/* Training as people see it, on stderr: a bar on a terminal, a plain line per epoch anywhere. */
#ifndef MNIST_DIST_APP_PROGRESS_H
#define MNIST_DIST_APP_PROGRESS_H

#include "mnist_dist/checkpoint/metric.h"
#include "mnist_dist/train/observer.h"
#include "present/terminal.h"

typedef struct md_progress {
    int quiet; /* warnings only */
    const md_metric *metric;
    md_terminal terminal;
    int64_t epochs, first_step, total_steps;
    double began, drawn; /* on md_clock_now() */
    int showing;         /* a bar is on the screen */
    int listening;       /* the log's sink is this one */
} md_progress;

/* An observer that borrows *progress. While it runs it takes over the log's sink, so that messages
 * and the bar do not run into each other. */
md_observer md_progress_start(md_progress *progress, int quiet);

/* Takes the bar away and gives the log back. For runs that end in an error, too; fine for one that
 * never began. */
void md_progress_stop(md_progress *progress);

/* "epoch 3/10  loss ...", with a star at the end when it is the best one so far. */
void md_progress_epoch_text(const md_metric *metric, const md_epoch_row *row, int64_t epochs,
                            int best, char *out, size_t size);

/* "1:02:03" or "2:03". */
void md_progress_duration_text(double seconds, char *out, size_t size);

#endif
