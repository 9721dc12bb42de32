/* What `mnist_dist --debug` shows: the model's shapes, then every step in numbers. */
#ifndef MNIST_DIST_APP_DEBUG_H
#define MNIST_DIST_APP_DEBUG_H

#include "mnist_dist/comm/comm.h"
#include "mnist_dist/train/observer.h"

/* Prints to stdout, since with --debug these numbers are the result. Local. */
md_observer md_debug_observer(void);

/* Collective. Says where each rank is and waits until a debugger sets `go` on rank 0. */
md_status md_debug_wait(md_comm *comm, md_error *err);

#endif
