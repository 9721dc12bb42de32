/* The names under which people keep features and answers in one file. Local. */
#ifndef MNIST_DIST_DATA_USUAL_NAMES_H
#define MNIST_DIST_DATA_USUAL_NAMES_H

#include "mnist_dist/data/samples.h"

enum { MD_USUAL_NAME = 1024 };

typedef struct md_usual_pair {
    char x[MD_USUAL_NAME], y[MD_USUAL_NAME]; /* empty: there is none */
} md_usual_pair;

/* 1 when the file has an array of this name. */
typedef int md_usual_has(void *context, const char *name);

/* Finds the pair of a split, "train/images" and "train/labels", "x_train" and "y_train", ...; with
 * `single` that of a file of one part, "X" and "y". */
void md_usual_find(md_usual_has *has, void *context, md_split split, int single,
                   md_usual_pair *out);

#endif
