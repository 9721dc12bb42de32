/* Notices when a rank stops taking part. Each rank's main thread leaves marks of where it is, and a
 * watchdog thread beside it looks whether they go on; the step itself stays a blocking reduction
 * and pays a few stores for it. That a rank waits for others is told by comm's wait hook; the
 * trainer marks what it does in between, and work that may take longer than the timeout beats
 * between its parts (base/beat.h). A rank that waits while another moves is patient: of its own
 * node it sees the marks, from others it hears through DIR/stall/moving, where a rank that moves
 * for some seconds without ending a step says so.
 *
 * Only when nothing has moved for the timeout do ranks talk, through files: each writes
 * DIR/stall/RANK, waits, and reads what the others wrote; ranks that did not, or that say they are
 * not waiting, are the missing ones. From then on no rank of the node goes beyond its next mark, so
 * that what is rescued stands still even if the stall dissolves. The lowest waiting rank has a
 * rescue checkpoint written (where none waits, the lowest one only says so), and the application is
 * told. Where the folder does not answer, the lowest rank of each node names those missing on its
 * node. */
#ifndef MNIST_DIST_RESILIENCE_HEARTBEAT_H
#define MNIST_DIST_RESILIENCE_HEARTBEAT_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/comm/comm.h"

typedef struct md_heartbeat md_heartbeat;

/* What a rank does while it does not wait for others. While it waits it touches nothing of what a
 * rescue copies. */
typedef enum md_phase {
    MD_PHASE_START, /* nothing to rescue yet */
    MD_PHASE_LOAD,  /* reads and moves files */
    MD_PHASE_COMPUTE,
    MD_PHASE_STEP,
    MD_PHASE_VALIDATE,
    MD_PHASE_RECORD,
    MD_PHASE_SAVE
} md_phase;

/* folder and context are borrowed. The functions are called in threads of the heartbeat's own.
 *
 * rescue, on one rank (on one of each node where ranks cannot talk), puts one sentence into
 * `said` about where the run can go on; with may_save (in one thread only) the main thread stands
 * still, outside the state, and it saves what it can first.
 *
 * on_stall first gets, on one rank, the message for the user: it tells it, without blocking, and
 * returns. A little later it gets NULL on every rank, and is to end the process: no rank can be
 * called back from MPI. On a rank where it returns the main thread rests for ever at its next mark.
 */
typedef struct md_heartbeat_params {
    const char *folder; /* the run's output folder */
    double timeout;     /* seconds; 0: nobody looks */
    void (*rescue)(void *context, int may_save, char *said, size_t size);
    void (*on_stall)(const char *message,
                     void *context); /* NULL on all ranks: nobody looks, and
                                        lost ranks are waited for, as MPI does */
    void *context;
} md_heartbeat_params;

/* Collective, in the main thread. Takes comm's wait hook, and watches the thread's beats. */
md_status md_heartbeat_start(md_comm *comm, const md_heartbeat_params *params, md_heartbeat **out,
                             md_error *err);

/* Local: this rank enters `phase` with `step` finished steps. Does not return once a stall has been
 * noticed on this node. */
void md_heartbeat_mark(md_heartbeat *heartbeat, md_phase phase, int64_t step);

/* Collective; NULL is fine; clears *heartbeat, comm's wait hook and the watching of this thread;
 * no other thread may beat for it any more. */
void md_heartbeat_stop(md_heartbeat **heartbeat);

#endif
