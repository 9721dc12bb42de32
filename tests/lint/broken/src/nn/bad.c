/* Breaks the layering on purpose: check_layering.cmake has to name all three. */
#include <mpi.h>

#include "../util/private.h"
#include "mnist_dist/checkpoint/schema.h"
