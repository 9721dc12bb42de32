/* Loss and metrics over a set of images, the same at any rank count: blocks for inference in file
 * order, dealt whole to ranks. Of classes and labels, each sample's loss is rounded to int64 at
 * 2^-32 and summed exactly; of numbers, whose size is the data's, each block's sums are taken in
 * double in file order, and put together block by block. */
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

/* Of one output. */
typedef struct md_output_score {
    int64_t correct; /* labels */
    double mae, r2;  /* numbers */
} md_output_score;

typedef struct md_evaluation {
    int64_t images, correct; /* of labels that can be true together: right ones of all samples */
    double loss;             /* means, here and below; NaN without images, or where there is none */
    double accuracy; /* of classes; of labels, over all of them as in Keras' BinaryAccuracy */
    /* Of numbers, means over the outputs: mean absolute error, and md_evaluate_r2. */
    double mae, r2;
    size_t outputs;
    /* What was asked for in detail: of classes, else NULL, */
    md_confusion confusion;
    md_output_score *scores; /* and of labels and numbers, [outputs], else NULL */
} md_evaluation;

/* The coefficient of determination of one output as in Keras' R2Score: 1 - (sum of squared errors)
 * / (sum of the targets' squared distances from their mean). Where all targets are equal and the
 * answers are not they, 0 as there; where they are, 1 as in scikit-learn (Keras gives NaN). Local.
 */
double md_evaluate_r2(double errors, double distances);

/* Collective. Parameters and images identical on all ranks. MD_FAILED, agreed, when a loss is not
 * finite or too large to sum, MD_BAD_DATA when streamed images cannot be read. Free with
 * md_evaluation_clear; nothing to free on error. */
md_status md_evaluate(md_comm *comm, const md_inference *inference, md_image_range range,
                      int in_detail, md_evaluation *out, md_error *err);
void md_evaluation_clear(md_evaluation *evaluation);

#endif
