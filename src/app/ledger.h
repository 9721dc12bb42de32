/* Where the ranks' time went in the newest epoch of a checkpoint's ledger. Local. */
#ifndef MNIST_DIST_APP_LEDGER_H
#define MNIST_DIST_APP_LEDGER_H

#include "mnist_dist/io/checkpoint.h"

typedef struct md_ledger {
    const md_ledger_row *rows; /* [count], one a rank; the checkpoint's own */
    size_t count;              /* 0: no epoch is finished yet */
    double median_s;           /* of compute_s */
} md_ledger;

/* MD_FAILED when out of memory. */
md_status md_ledger_newest(const md_checkpoint *c, md_ledger *out, md_error *err);

/* How much longer than the median this rank computed: 0.5 is 50 % longer. */
double md_ledger_lag(const md_ledger *ledger, const md_ledger_row *row);

/* Is it so far behind (more than 20 %) that the others wait for it in every step? */
int md_ledger_is_slow(const md_ledger *ledger, const md_ledger_row *row);

/* The rank that computed longest. count > 0. */
const md_ledger_row *md_ledger_slowest(const md_ledger *ledger);

/* "1 of 2 took 3.00 s to compute epoch 3, 50 % more than the median". */
enum { MD_LEDGER_TEXT = 128 };
void md_ledger_describe(const md_ledger *ledger, const md_ledger_row *row,
                        char out[MD_LEDGER_TEXT]);

#endif
