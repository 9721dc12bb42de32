/* A file of samples that no reader understands. Local. */
#ifndef MNIST_DIST_DATA_UNKNOWN_FILE_H
#define MNIST_DIST_DATA_UNKNOWN_FILE_H

#include "mnist_dist/base/error.h"

/* MD_BAD_DATA, with what the file begins with, and what can be given. */
md_status md_fail_unknown_file(const char *where, md_error *err);

#endif
