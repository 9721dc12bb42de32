/* Makes checkpoints that no run would write: `forge KIND IN OUT`.
 *   golden   the logits of a golden image are not what the weights give
 *   stopped  the run was interrupted, not complete
 *   slow     the last of two ranks computes 50 % longer
 *   lost     the data set is no longer where it was
 *   hostile  texts that a web page must not take for its own, and a word without end */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/checkpoint/checkpoint.h"

static void replace(char **text, const char *with)
{
    free(*text);
    *text = strdup(with);
}

static void make_hostile(md_checkpoint *c)
{
    char word[2000] = "";
    memset(word, 'w', sizeof word - 1);
    replace(&c->runs[0].command_line,
            "train <script>alert(1)</script> --output \"a' b\" &amp; \033");
    replace(&c->runs[0].hosts, word);
    replace(&c->runs[0].storage, "\"><img src=x onerror=alert(1)>");
}

static md_status forge(const char *kind, md_checkpoint *c, md_error *err)
{
    if (strcmp(kind, "golden") == 0)
        c->golden.logits[3] += 0.01F;
    else if (strcmp(kind, "stopped") == 0)
        c->complete = 0;
    else if (strcmp(kind, "lost") == 0)
        replace(&c->runs[c->run_count - 1].config, "data: {source: no/such/place}\n");
    else if (strcmp(kind, "hostile") == 0)
        make_hostile(c);
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
    return (int)status;
}
