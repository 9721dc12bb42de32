/* Notices when a rank stops taking part. A thread looks on while the ranks train; the step itself
 * stays a blocking reduction and pays two stores for it. Only when nothing has moved for the
 * timeout do ranks talk, through files: each writes DIR/stall/RANK, waits, and reads what the
 * others wrote; ranks that did not, or that say they are not waiting, are the missing ones. The
 * lowest waiting rank writes a rescue checkpoint (where none waits, the lowest one only says so),
 * and the job ends with exit code 76. */
#ifndef MNIST_DIST_TRAIN_WATCHDOG_H
#define MNIST_DIST_TRAIN_WATCHDOG_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/comm/comm.h"

typedef struct md_watchdog md_watchdog;

typedef enum md_phase {
    MD_PHASE_START, /* waits for all ranks, now and then */
    MD_PHASE_COMPUTE,
    MD_PHASE_REDUCE, /* waits for all ranks */
    MD_PHASE_STEP,
    MD_PHASE_PUBLISH,  /* waits for all ranks */
    MD_PHASE_VALIDATE, /* waits for all ranks at its end */
    MD_PHASE_SAVE,
    MD_PHASE_WAIT /* waits for rank 0's save or decision */
} md_phase;

/* folder and rescue's context are borrowed. rescue is called in the watchdog's thread on one rank,
 * while its main thread is blocked; it saves what it can and puts one sentence about it into
 * `said`. */
typedef struct md_watchdog_params {
    const char *folder; /* the run's output folder */
    double timeout;     /* seconds; 0: no watchdog */
    void (*rescue)(void *context, char *said, size_t size);
    void *context;
    void (*stalled)(const char *message); /* called on that one rank before the processes exit */
} md_watchdog_params;

/* Collective. With timeout 0, *out is a watchdog that never looks. */
md_status md_watchdog_start(md_comm *comm, const md_watchdog_params *params, md_watchdog **out,
                            md_error *err);

/* Local: this rank enters `phase` with `step` finished steps. */
void md_watchdog_mark(md_watchdog *watchdog, md_phase phase, int64_t step);

/* Collective; NULL is fine; clears *watchdog. */
void md_watchdog_stop(md_watchdog **watchdog);

#endif
