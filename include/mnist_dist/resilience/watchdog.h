/* Notices when a rank stops taking part. A thread looks on while the ranks train; the step itself
 * stays a blocking reduction and pays a few stores for it. Only when nothing has moved for the
 * timeout do ranks talk, through files: each writes DIR/stall/RANK, waits, and reads what the
 * others wrote; ranks that did not, or that say they are not waiting, are the missing ones. From
 * then on no rank of the node goes beyond its next mark, so that what is rescued stands still even
 * if the stall dissolves. The lowest waiting rank writes a rescue checkpoint (where none waits, the
 * lowest one only says so), and the job ends with exit code 76. Where the folder does not answer,
 * the lowest rank of each node names those missing on its node. */
#ifndef MNIST_DIST_RESILIENCE_WATCHDOG_H
#define MNIST_DIST_RESILIENCE_WATCHDOG_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/comm/comm.h"

typedef struct md_watchdog md_watchdog;

/* Where a rank is. In the phases that wait for others it does not touch what a rescue copies. */
typedef enum md_phase {
    MD_PHASE_START, /* waits for all ranks, now and then; nothing to rescue yet */
    MD_PHASE_LOAD,  /* reads and moves files */
    MD_PHASE_COMPUTE,
    MD_PHASE_REDUCE, /* waits for all ranks */
    MD_PHASE_STEP,
    MD_PHASE_PUBLISH, /* waits for all ranks */
    MD_PHASE_VALIDATE,
    MD_PHASE_RECORD,
    MD_PHASE_SAVE,
    MD_PHASE_WAIT /* waits for all ranks, or for rank 0's save or decision */
} md_phase;

/* folder and context are borrowed. Both functions are called in threads of the watchdog's, on one
 * rank; on one of each node where ranks cannot talk. last_words puts one sentence into `said` about
 * where the run can go on; with may_save (in one thread only) the main thread stands still, outside
 * the state, and it saves what it can first. stalled tells the user, and must not block. */
typedef struct md_watchdog_params {
    const char *folder; /* the run's output folder */
    double timeout;     /* seconds; 0: no watchdog */
    void (*last_words)(void *context, int may_save, char *said, size_t size);
    void *context;
    void (*stalled)(const char *message);
} md_watchdog_params;

/* Collective. With timeout 0, *out is a watchdog that never looks. */
md_status md_watchdog_start(md_comm *comm, const md_watchdog_params *params, md_watchdog **out,
                            md_error *err);

/* Local: this rank enters `phase` with `step` finished steps. Does not return once a stall has been
 * noticed on this node. Without a watchdog (NULL) nothing happens. */
void md_watchdog_mark(md_watchdog *watchdog, md_phase phase, int64_t step);

/* Collective; NULL is fine; clears *watchdog. */
void md_watchdog_stop(md_watchdog **watchdog);

#endif
