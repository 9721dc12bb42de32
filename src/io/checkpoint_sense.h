/* Whether a checkpoint's numbers can be true. */
#ifndef MD_IO_CHECKPOINT_SENSE_H
#define MD_IO_CHECKPOINT_SENSE_H

#include "mnist_dist/io/checkpoint.h"

/* MD_BAD_CHECKPOINT naming the first number that cannot. */
md_status md_checkpoint_check_sense(const md_checkpoint *c, md_error *err);

#endif
