/* An array of numbers as files hold them, and what samples are made of it. Local. */
#ifndef MNIST_DIST_DATA_ARRAY_H
#define MNIST_DIST_DATA_ARRAY_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/data/samples.h"

/* The types of numbers there are, with their types in C and names as in NumPy. */
#define MD_NUMBERS(X)                                                                              \
    X(U8, uint8_t, "u1")                                                                           \
    X(I8, int8_t, "i1")                                                                            \
    X(U16, uint16_t, "u2")                                                                         \
    X(I16, int16_t, "i2")                                                                          \
    X(U32, uint32_t, "u4")                                                                         \
    X(I32, int32_t, "i4")                                                                          \
    X(U64, uint64_t, "u8")                                                                         \
    X(I64, int64_t, "i8")                                                                          \
    X(F32, float, "f4")                                                                            \
    X(F64, double, "f8")

typedef enum md_number {
#define MD_ROW(NAME, type, name) MD_NUMBER_##NAME,
    MD_NUMBERS(MD_ROW)
#undef MD_ROW
        MD_NUMBER_COUNT
} md_number;

size_t md_number_size(md_number type);

enum { MD_ARRAY_RANK = 4, MD_ARRAY_NAME = 4200, MD_ARRAY_TEXT = 128 };

typedef struct md_array {
    md_number type;
    int rank; /* 0: there is no array */
    size_t extent[MD_ARRAY_RANK];
    int place;                /* the kind's own number of it */
    int columned;             /* labels may be QMNIST's eight columns, of which the first is it */
    size_t first;             /* number of its first sample in what is told of it */
    char name[MD_ARRAY_NAME]; /* for messages: the file's, and its own in the file */
} md_array;

/* "i8 [600, 10]" */
void md_array_describe(const md_array *array, char out[MD_ARRAY_TEXT]);

/* Elements of a sample, all but the first extent; 1 for [n]. No array that is read is larger than
 * memory can be. */
size_t md_array_width(const md_array *array);

/* Rows and columns of a sample: [n, f] is 1 x f, [n, r, c] r x c, also with a channel axis of 1 in
 * front or behind. MD_BAD_DATA saying what was found. */
md_status md_array_image(const md_array *array, size_t *rows, size_t *columns, md_error *err);

/* From one byte order to the other, in place. */
void md_array_swap(md_number type, void *numbers, size_t count);

/* Turns samples[count][rows][columns] of elements of `size` bytes into [count][columns][rows], in
 * place; `room` for one sample. */
void md_array_transpose(void *samples, size_t count, size_t rows, size_t columns, size_t size,
                        void *room);

/* As floats. MD_BAD_DATA naming the sample and the place of one that is not finite. */
md_status md_array_floats(const md_array *array, const void *numbers, float *out, md_error *err);

/* labels[n]: of [n] or [n, 1] whole numbers from 0; of [n, k] with one 1 in each row, which. Of
 * QMNIST's columns, where there may be some, the first. */
md_status md_array_labels(const md_array *array, const void *numbers, int32_t *labels,
                          md_error *err);

#endif
