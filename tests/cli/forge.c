/* Makes checkpoints that no run would write: `forge KIND IN OUT`.
 *   golden   the logits of a golden image are not what the weights give
 *   stopped  the run was interrupted, not complete
 *   slow     the last of two ranks computes 50 % longer */
#include <stdio.h>
#include <string.h>

#include "mnist_dist/io/checkpoint.h"

static md_status forge(const char *kind, md_checkpoint *c, md_error *err)
{
    if (strcmp(kind, "golden") == 0)
        c->golden.logits[3] += 0.01F;
    else if (strcmp(kind, "stopped") == 0)
        c->complete = 0;
    else if (strcmp(kind, "slow") == 0) {
        md_ledger_row row = {.epoch = 3, .rank = 0, .ranks = 2, .compute_s = 2.0, .wait_s = 1.0};
        c->ledger_count = 0;
        md_status status = md_checkpoint_add_ledger(c, &row, err);
        row.rank = 1;
        row.compute_s = 3.0;
        return status ? status : md_checkpoint_add_ledger(c, &row, err);
    }
    return MD_OK;
}

int main(int argc, char **argv)
{
    md_error err = {0};
    md_checkpoint *c = NULL;
    if (argc != 4)
        return 2;
    md_status status = md_checkpoint_read(argv[2], &c, &err);
    if (!status)
        status = forge(argv[1], c, &err);
    if (!status)
        status = md_checkpoint_write(argv[3], c, &err);
    md_checkpoint_destroy(&c);
    if (status)
        fprintf(stderr, "forge: %s\n", err.text);
    return status;
}
