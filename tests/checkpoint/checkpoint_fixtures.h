/* What the tests of the files share: checkpoints to write, a folder to write them in, a look at the
 * open identifiers of libhdf5. */
#ifndef MNIST_DIST_TEST_CHECKPOINT_CHECKPOINT_FIXTURES_H
#define MNIST_DIST_TEST_CHECKPOINT_CHECKPOINT_FIXTURES_H

#include "mnist_dist/base/bytes.h"
#include "mnist_dist/checkpoint/checkpoint.h"
#include "specs.h"
#include "temporary.h"

/* flatten, dense 5 relu, dropout 0.2, dense 3 softmax over 4 x 3 images: small enough to break
 * every byte of it. */
md_model_spec fixture_small_model(void);

/* A run of `epochs` epochs at `model`, every member with a value of its own; two run records, a
 * golden batch of 4. Adam. */
md_checkpoint *fixture_checkpoint(const md_model_spec *model, int epochs);

/* Runs a command made from `format`; its exit status. */
int fixture_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Identifiers that libhdf5 still holds open; a call that leaks none leaves it 0. */
long fixture_open_ids(void);

#endif
