/* What a model is given of a sample: bytes or floats, and how they become what it sees. Plain data:
 * data/ holds it beside the samples, checkpoint/ keeps it, convert/ translates it. Local. */
#ifndef MNIST_DIST_MODEL_FEATURES_H
#define MNIST_DIST_MODEL_FEATURES_H

#include <stddef.h>

#include "mnist_dist/base/error.h"

/* How features lie in memory and in files: as a picture's bytes, or as float32. */
typedef enum md_element { MD_ELEMENT_U8, MD_ELEMENT_F32 } md_element;

size_t md_element_size(md_element element);

/* What the model sees of a value v. */
typedef enum md_scale_kind {
    MD_SCALE_UNIT,       /* v / 255, as the notebook */
    MD_SCALE_NONE,       /* v */
    MD_SCALE_STANDARDIZE /* (v - mean) / deviation, of each feature its own */
} md_scale_kind;

/* What data.scale may ask for: the only list. */
#define MD_SCALINGS(X) X(AUTO, auto) X(NONE, none) X(UNIT, unit) X(STANDARDIZE, standardize)

typedef enum md_scaling {
#define MD_ROW(NAME, name) MD_SCALING_##NAME,
    MD_SCALINGS(MD_ROW)
#undef MD_ROW
        MD_SCALING_COUNT
} md_scaling;

/* The words, by md_scaling; NULL at the end. And that of a scale that is. */
extern const char *const md_scaling_words[];
const char *md_scale_word(md_scale_kind kind);
int md_scale_parse(const char *word, md_scale_kind *out); /* 0: there is none */

typedef struct md_scale {
    md_scale_kind kind;
    size_t features;        /* 0 unless standardizing, */
    float *mean, *variance; /* then [features]; variances are above 0 */
    float least, most;      /* of all that was trained on, before scaling; equal: not kept */
    /* Joined by newlines; NULL: not known. */
    char *feature_names, *class_names;
} md_scale;

/* What a standardized value is multiplied by: 1 / sqrt(variance), rounded once. */
float md_scale_inverse(float variance);

/* What features lay between when the model was trained: what is kept, else of MD_SCALE_UNIT 0 and
 * 255; 0: not known. */
int md_scale_range(const md_scale *scale, float *least, float *most);

/* It is / 255 for want of other words: a range was not kept. */
int md_scale_is_assumed(const md_scale *scale);

/* Rows and columns of the image that a row of so many features may have been before it was made
 * flat: of a square number from 8 x 8 on. Else 0. */
size_t md_features_side(size_t features);

/* Owns its arrays. MD_FAILED when out of memory; *out is then empty. */
md_status md_scale_copy(const md_scale *scale, md_scale *out, md_error *err);
/* Gives it copies of names; it must have none. */
md_status md_scale_name(md_scale *scale, const char *feature_names, const char *class_names,
                        md_error *err);
/* A class' name, or its number where it has none; returns out. */
enum { MD_CLASS_NAME = 64 };
const char *md_scale_class(const md_scale *scale, size_t number, char out[MD_CLASS_NAME]);
void md_scale_clear(md_scale *scale);

#endif
