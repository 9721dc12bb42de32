/* What the tests of io share: checkpoints to write, a folder to write them in, a look at the open
 * identifiers of libhdf5. */
#ifndef MNIST_DIST_TEST_CHECKPOINT_CHECKPOINT_FIXTURES_H
#define MNIST_DIST_TEST_CHECKPOINT_CHECKPOINT_FIXTURES_H

#include "mnist_dist/base/bytes.h"
#include "mnist_dist/checkpoint/checkpoint.h"

enum { FIXTURE_PATH = 512 };

/* flatten, dense 5 relu, dropout 0.2, dense 3 softmax over 4 x 3 images: small enough to break
 * every byte of it. */
md_model_spec fixture_small_model(void);
/* The notebook's: flatten 28 x 28, dense 128, 64, 10. */
md_model_spec fixture_notebook_model(void);

/* A run of `epochs` epochs at `model`, every member with a value of its own; two run records, a
 * golden batch of 4. Adam. */
md_checkpoint *fixture_checkpoint(const md_model_spec *model, int epochs);

/* A fresh folder below $TMPDIR; removed with its content by fixture_remove. */
void fixture_folder(char out[FIXTURE_PATH]);
void fixture_remove(const char *folder);

/* path = folder/name */
const char *fixture_path(const char *folder, const char *name, char out[FIXTURE_PATH]);

/* Runs a command made from `format`; its exit status. */
int fixture_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Identifiers that libhdf5 still holds open; a call that leaks none leaves it 0. */
long fixture_open_ids(void);

#endif
