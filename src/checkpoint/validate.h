/* Whether a checkpoint's numbers can be true. */
#ifndef MNIST_DIST_CHECKPOINT_VALIDATE_H
#define MNIST_DIST_CHECKPOINT_VALIDATE_H

#include "mnist_dist/checkpoint/checkpoint.h"

/* MD_BAD_CHECKPOINT naming the first number that cannot. */
md_status md_checkpoint_check_sense(const md_checkpoint *c, md_error *err);

#endif
