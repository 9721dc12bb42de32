/* Makes checkpoints that no run would write: `forge KIND IN OUT`.
 *   golden   the logits of a golden image are not what the weights give
 *   stopped  the run was interrupted, not complete */
#include <stdio.h>
#include <string.h>

#include "mnist_dist/io/checkpoint.h"

int main(int argc, char **argv)
{
    md_error err = {0};
    md_checkpoint *c = NULL;
    if (argc != 4)
        return 2;
    md_status status = md_checkpoint_read(argv[2], &c, &err);
    if (!status && strcmp(argv[1], "golden") == 0)
        c->golden.logits[3] += 0.01F;
    else if (!status)
        c->complete = 0;
    if (!status)
        status = md_checkpoint_write(argv[3], c, &err);
    md_checkpoint_destroy(&c);
    if (status)
        fprintf(stderr, "forge: %s\n", err.text);
    return status;
}
