/* A data set as it was read, in private memory, on its way from a source to a store. Local. */
#ifndef MNIST_DIST_DATA_SAMPLES_H
#define MNIST_DIST_DATA_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/base/error.h"
#include "mnist_dist/model/features.h"

typedef enum md_split { MD_SPLIT_TRAIN, MD_SPLIT_TEST } md_split;

typedef struct md_source_shape {
    size_t rows, columns; /* of each image, in pixels; of a table's row, 1 and its features */
    size_t images[2];     /* by md_split; a split may be empty */
} md_source_shape;

/* Owns its arrays. What a sample is to be answered with is either a class or some numbers. */
typedef struct md_samples {
    md_source_shape shape;
    md_element element;
    size_t targets;     /* numbers of each sample; 0: it has a label */
    md_scale scale;     /* how the model is to see the features */
    void *features[2];  /* by split: [n][rows * columns] of the element */
    int32_t *labels[2]; /* [n], from 0; NULL: none */
    float *values[2];   /* [n][targets]; NULL: none */
} md_samples;

size_t md_samples_features(const md_source_shape *shape); /* rows * columns */

/* Room for one split's features, and for its labels or, where there are targets, its values. Not
 * zeroed. */
md_status md_samples_allocate(md_samples *samples, md_split split, md_error *err);

/* n bytes that lie at the beginning of `labels` become labels in place. */
void md_samples_widen(int32_t *labels, size_t n);

/* Makes numbers of the labels, one a sample, for a model that answers with numbers. */
md_status md_samples_number(md_samples *samples, md_error *err);

void md_samples_clear(md_samples *samples);

#endif
