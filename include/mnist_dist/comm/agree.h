/* Errors: found locally, agreed collectively. A rank finishes its local part, then all call
 * md_agree; nobody leaves a collective path alone. */
#ifndef MNIST_DIST_COMM_AGREE_H
#define MNIST_DIST_COMM_AGREE_H

#include <stdint.h>

#include "mnist_dist/comm/comm.h"

/* Collective. MD_OK everywhere when every rank passes MD_OK; else every rank gets the status, text
 * and number of the lowest failing rank. One allreduce of an int while all is well. */
md_status md_agree(md_comm *comm, md_status local, md_error *err);

/* Collective. Compares a digest over ranks; MD_FAILED naming the ranks that differ from the
 * majority (from rank 0 when there is none). `what` names it in the message. */
md_status md_agree_digest(md_comm *comm, uint64_t digest, const char *what, md_error *err);

#endif
