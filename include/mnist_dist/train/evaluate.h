/* Loss and accuracy over a set of images, the same at any rank count: blocks for inference in file
 * order, dealt whole to ranks; each sample's loss rounded to int64 at 2^-32 and summed
 * exactly. */
#ifndef MNIST_DIST_TRAIN_EVALUATE_H
#define MNIST_DIST_TRAIN_EVALUATE_H

#include "mnist_dist/comm/comm.h"
#include "mnist_dist/train/infer.h"

/* Which class was taken for which, and how often. */
typedef struct md_confusion {
    size_t classes;
    int64_t *counts; /* [actual][predicted] */
} md_confusion;

/* Local. Of zeros. free() the counts. */
md_status md_confusion_create(size_t classes, md_confusion *out, md_error *err);
void md_confusion_count(md_confusion *confusion, size_t actual, size_t predicted);

typedef struct md_evaluation {
    int64_t images, correct;
    double loss, accuracy;  /* means; NaN without images */
    md_confusion confusion; /* its counts are NULL unless asked for */
} md_evaluation;

/* Collective. Parameters and images identical on all ranks. MD_FAILED, agreed, when a loss is not
 * finite or too large to sum. Free with md_evaluation_clear; nothing to free on error. */
md_status md_evaluate(md_comm *comm, const md_inference *inference, md_image_range range,
                      int with_confusion, md_evaluation *out, md_error *err);
void md_evaluation_clear(md_evaluation *evaluation);

#endif
