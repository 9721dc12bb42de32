/* The part of evaluation that is about numbers; internal to train. */
#ifndef MNIST_DIST_TRAIN_EVALUATE_NUMBERS_H
#define MNIST_DIST_TRAIN_EVALUATE_NUMBERS_H

#include "mnist_dist/train/evaluate.h"

/* Collective. Fills loss, mae, r2 and, where there is room for them, the scores. */
md_status md_evaluate_numbers(md_comm *comm, const md_inference *inference, md_image_range range,
                              md_evaluation *out, md_error *err);

/* Local. MD_FAILED, saying that in so many blocks a loss is no number that could be added. */
md_status md_evaluate_fail_bad(int64_t blocks, md_error *err);

#endif
