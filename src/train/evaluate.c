#include "mnist_dist/train/evaluate.h"

#include <math.h>
#include <stdlib.h>

#include "mnist_dist/base/fixed.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/comm/agree.h"

typedef struct evaluator {
    md_model *model;
    md_batcher *batcher;
    const float *parameters;
    md_image_range range;
    size_t classes;
    int64_t *confusion; /* NULL: not counted */
} evaluator;

static size_t largest(const float *values, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (values[i] > values[best])
            best = i;
    return best;
}

static void count_confusion(const evaluator *e, const md_batch *batch, const float *logits)
{
    for (size_t i = 0; i < batch->samples; i++) {
        size_t predicted = largest(logits + i * e->classes, e->classes);
        e->confusion[batch->labels[i] * e->classes + predicted]++;
    }
}

static void evaluate_block(const evaluator *e, size_t begin, size_t n, md_evaluation_sums *total)
{
    const md_pass pass = {.mode = MD_INFER};
    const md_batch *batch = md_batcher_range(e->batcher, e->range.split, begin, n);
    const float *logits = md_model_forward(e->model, e->parameters, batch, &pass);
    if (e->confusion)
        count_confusion(e, batch, logits);
    size_t correct;
    const float *loss = md_model_loss(e->model, batch, &correct);
    int64_t loss_q32 = 0;
    if (!md_fixed_sum(loss, n, (int64_t)e->range.count, &loss_q32))
        total->bad++;
    total->loss_q32 += loss_q32;
    total->correct += (int64_t)correct;
}

static md_evaluation_sums evaluate_part(const evaluator *e, size_t rank, size_t ranks)
{
    md_evaluation_sums total = {0};
    const size_t stride = ranks * MD_EVALUATION_BLOCK;
    for (size_t done = rank * MD_EVALUATION_BLOCK; done < e->range.count; done += stride) {
        size_t left = e->range.count - done;
        evaluate_block(e, e->range.begin + done,
                       left < MD_EVALUATION_BLOCK ? left : MD_EVALUATION_BLOCK, &total);
    }
    return total;
}

static size_t classes_of(const md_model *model)
{
    const md_layout *layout = md_model_layout(model);
    return layout->tensors[layout->tensor_count - 1].count;
}

md_evaluation_sums md_evaluate_part(const md_comm *comm, md_model *model, md_batcher *batcher,
                                    const float *parameters, md_image_range range)
{
    const evaluator e = {model, batcher, parameters, range, .classes = classes_of(model)};
    return evaluate_part(&e, (size_t)md_comm_rank(comm), (size_t)md_comm_size(comm));
}

md_status md_evaluate_reduce(md_comm *comm, md_evaluation_sums sums, md_image_range range,
                             md_evaluation *out, md_error *err)
{
    *out = (md_evaluation){0};
    /* int64, so that no order of additions can show */
    md_status status =
        MD_MPI(MPI_Allreduce(MPI_IN_PLACE, &sums, (int)(sizeof sums / sizeof(int64_t)), MPI_INT64_T,
                             MPI_SUM, md_comm_world(comm)),
               err);
    if (!status && sums.bad)
        status =
            md_fail(err, MD_FAILED,
                    "evaluation: the loss is not finite, or too large to sum, in %lld blocks of %d "
                    "images; the weights hold NaN or have grown out of bounds: train with a lower "
                    "optimizer.learning_rate, or set optimizer.clip_norm",
                    (long long)sums.bad, MD_EVALUATION_BLOCK);
    if (status)
        return status;
    const double images = (double)range.count;
    out->images = (int64_t)range.count;
    out->correct = sums.correct;
    out->loss = range.count ? md_fixed_value(sums.loss_q32) / images : NAN;
    out->accuracy = range.count ? (double)sums.correct / images : NAN;
    return MD_OK;
}

static md_status add_up(md_comm *comm, const evaluator *e, md_evaluation *out, md_error *err)
{
    const md_evaluation_sums sums =
        evaluate_part(e, (size_t)md_comm_rank(comm), (size_t)md_comm_size(comm));
    md_status status = md_evaluate_reduce(comm, sums, e->range, out, err);
    if (!status && e->confusion)
        status = MD_MPI(MPI_Allreduce(MPI_IN_PLACE, e->confusion, (int)(e->classes * e->classes),
                                      MPI_INT64_T, MPI_SUM, md_comm_world(comm)),
                        err);
    out->classes = (int)e->classes;
    out->confusion = e->confusion;
    return status;
}

md_status md_evaluate(md_comm *comm, md_model *model, md_batcher *batcher, const float *parameters,
                      md_image_range range, int with_confusion, md_evaluation *out, md_error *err)
{
    evaluator e = {model, batcher, parameters, range, .classes = classes_of(model)};
    *out = (md_evaluation){0};
    md_status status = MD_OK;
    if (with_confusion) {
        status = md_allocate((void **)&e.confusion, e.classes * e.classes, sizeof *e.confusion,
                             "the confusion matrix", err);
        status = md_agree(comm, status, err);
    }
    if (!status)
        status = add_up(comm, &e, out, err);
    if (status) {
        free(e.confusion);
        *out = (md_evaluation){0};
    }
    return status;
}

void md_evaluation_clear(md_evaluation *evaluation)
{
    free(evaluation->confusion);
    *evaluation = (md_evaluation){0};
}
