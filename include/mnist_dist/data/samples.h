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

/* Features that stay in their file, and what is known of them. */
typedef struct md_streamed md_streamed;

/* Owns its arrays. What a sample is to be answered with is either a class or some numbers. */
typedef struct md_samples {
    md_source_shape shape;
    md_element element;
    size_t targets;        /* numbers of each sample; 0: it has a label */
    int integers;          /* floats of a file that may have meant whole numbers */
    md_scale scale;        /* how the model is to see the features */
    void *features[2];     /* by split: [n][rows * columns] of the element */
    int32_t *labels[2];    /* [n], from 0; NULL: none */
    float *values[2];      /* [n][targets]; NULL: none */
    md_streamed *streamed; /* then there are no features here; NULL: they are */
} md_samples;

size_t md_samples_features(const md_source_shape *shape); /* rows * columns */

/* Not zeroed; free(). For what is written once and freed soon. */
md_status md_samples_room(void **out, size_t count, size_t size, md_error *err);

/* How what was read becomes what a model is given. */
typedef struct md_settling {
    md_scaling scaling;
    const md_scale *fixed; /* a model's own, whatever `scaling` says; NULL: none */
    int as_is;             /* auto standardizes nothing: the model was made elsewhere */
    size_t held_out;       /* samples at the end of the training split that are not trained on */
    int transpose;         /* rows of images are columns */
} md_settling;

/* Chooses the scale: auto takes bytes as v / 255, floats in [0, 1] as they are, others standardized
 * by mean and deviation of the samples to be trained on; with as_is, bytes and images of whole
 * numbers from 0 to 255 as v / 255, others as they are. The sums are made in double, sample after
 * sample, so that all who read the same get the same bits. A feature that is always the same has
 * the deviation 1; one that varies by less than 1e-7 is told of (md_warn). Then floats that are to
 * be seen as v / 255 and are bytes after all become bytes, as do, with auto, whole numbers from 0
 * to 255 that reach 255; and rows of a square number of bytes, from 8 x 8 on, become images.
 *
 * MD_BAD_DATA when *fixed has another number of features, or was made for bytes and these are
 * fractions of 1, or the other way round; images in another range than *fixed has are told of.
 *
 * Streamed features are read through once, and once more where they are standardized; MD_BAD_DATA
 * also for what is no feature then. The outcome has the same bits. */
md_status md_samples_settle(md_samples *samples, const md_settling *settling, md_error *err);

void md_samples_clear(md_samples *samples);

#endif
