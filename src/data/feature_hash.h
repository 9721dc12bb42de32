/* SHA-256 of a split's features, some at a time: a line of data/provenance.h. Local. */
#ifndef MNIST_DIST_DATA_FEATURE_HASH_H
#define MNIST_DIST_DATA_FEATURE_HASH_H

#include "mnist_dist/data/provenance.h"

typedef struct md_feature_hash {
    void *context; /* of libcrypto; NULL: none was begun */
    md_element element;
    char name[64];
    int good;
} md_feature_hash;

/* n samples of rows * columns elements. */
md_status md_feature_hash_begin(md_feature_hash *hash, md_split split, md_element element, size_t n,
                                const md_source_shape *shape, md_error *err);
void md_feature_hash_add(md_feature_hash *hash, const void *elements, size_t count);
/* Frees what there is; the line is empty where nothing was begun. */
md_status md_feature_hash_end(md_feature_hash *hash, char line[MD_DATA_SHA256_LINE], md_error *err);

#endif
