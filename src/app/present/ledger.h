/* Where the ranks' time went in the newest epoch of a checkpoint's ledger. Local. */
#ifndef MNIST_DIST_APP_LEDGER_H
#define MNIST_DIST_APP_LEDGER_H

#include "mnist_dist/checkpoint/checkpoint.h"

typedef struct md_ledger {
    const md_ledger_row **ranks; /* [count], longest compute_s first; the checkpoint's own rows */
    size_t count;                /* 0: no epoch is finished yet */
    double median_s;             /* of compute_s */
} md_ledger;

md_status md_ledger_newest(const md_checkpoint *c, md_ledger *out, md_error *err);
void md_ledger_clear(md_ledger *ledger);

/* Is it so far behind (more than 20 %) that the others lose time waiting for it? */
int md_ledger_is_slow(const md_ledger *ledger, const md_ledger_row *row);

/* "1 of 2 took 3.00 s to compute epoch 3, 50 % more than the median". */
enum { MD_LEDGER_TEXT = 128 };
void md_ledger_describe(const md_ledger *ledger, const md_ledger_row *row,
                        char out[MD_LEDGER_TEXT]);

#endif
