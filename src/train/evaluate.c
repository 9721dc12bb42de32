#include "mnist_dist/train/evaluate.h"

#include <math.h>
#include <stdlib.h>

#include "mnist_dist/base/fixed.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/comm/agree.h"

typedef struct evaluator {
    const md_inference *inference;
    md_image_range range;
    md_confusion confusion; /* counts NULL: not counted */
} evaluator;

md_status md_confusion_create(size_t classes, md_confusion *out, md_error *err)
{
    *out = (md_confusion){classes, NULL};
    return md_allocate((void **)&out->counts, classes * classes, sizeof *out->counts,
                       "the confusion matrix", err);
}

void md_confusion_count(md_confusion *confusion, size_t actual, size_t predicted)
{
    confusion->counts[actual * confusion->classes + predicted]++;
}

typedef struct sums {
    int64_t loss_q32, correct;
    int64_t bad; /* blocks with a loss that is not finite or too large */
} sums;

static void evaluate_block(evaluator *e, md_image_range images, sums *total)
{
    const md_inferred block = md_infer_block(e->inference, images);
    const size_t classes = e->confusion.classes;
    int64_t loss_q32 = 0;
    if (!md_fixed_sum(block.loss, images.count, (int64_t)e->range.count, &loss_q32))
        total->bad++;
    total->loss_q32 += loss_q32;
    for (size_t i = 0; i < images.count; i++) {
        const size_t actual = (size_t)block.labels[i];
        const size_t predicted = md_infer_class(block.logits + i * classes, classes);
        total->correct += predicted == actual;
        if (e->confusion.counts)
            md_confusion_count(&e->confusion, actual, predicted);
    }
}

static sums evaluate_part(const md_comm *comm, evaluator *e)
{
    const size_t ranks = (size_t)md_comm_size(comm);
    sums total = {0};
    md_image_range part;
    for (size_t k = (size_t)md_comm_rank(comm); (part = md_infer_cut(e->range, k)).count > 0;
         k += ranks)
        evaluate_block(e, part, &total);
    return total;
}

/* Of all ranks, into *out. int64, so that no order of additions can show. */
static md_status reduce(md_comm *comm, sums *total, md_image_range range, md_evaluation *out,
                        md_error *err)
{
    int64_t values[] = {total->loss_q32, total->correct, total->bad};
    md_status status = md_comm_sum(comm, values, sizeof values / sizeof *values, err);
    if (!status && values[2])
        status =
            md_fail(err, MD_FAILED,
                    "evaluation: the loss is not finite, or too large to sum, in %lld blocks of %d "
                    "images; the weights hold NaN or have grown out of bounds: train with a lower "
                    "optimizer.learning_rate, or set optimizer.clip_norm",
                    (long long)values[2], MD_INFERENCE_BLOCK);
    if (status)
        return status;
    const double images = (double)range.count;
    out->images = (int64_t)range.count;
    out->correct = values[1];
    out->loss = range.count ? md_fixed_value(values[0]) / images : NAN;
    out->accuracy = range.count ? (double)values[1] / images : NAN;
    return MD_OK;
}

static md_status add_up(md_comm *comm, evaluator *e, md_evaluation *out, md_error *err)
{
    sums total = evaluate_part(comm, e);
    md_status status = reduce(comm, &total, e->range, out, err);
    if (!status && e->confusion.counts)
        status = md_comm_sum(comm, e->confusion.counts, e->confusion.classes * e->confusion.classes,
                             err);
    out->confusion = e->confusion;
    return status;
}

md_status md_evaluate(md_comm *comm, const md_inference *inference, md_image_range range,
                      int with_confusion, md_evaluation *out, md_error *err)
{
    evaluator e = {inference, range, {md_model_classes(inference->model), NULL}};
    *out = (md_evaluation){0};
    md_status status = MD_OK;
    if (with_confusion) {
        status = md_confusion_create(e.confusion.classes, &e.confusion, err);
        status = md_agree(comm, status, err);
    }
    if (!status)
        status = add_up(comm, &e, out, err);
    if (status) {
        free(e.confusion.counts);
        *out = (md_evaluation){0};
    }
    return status;
}

void md_evaluation_clear(md_evaluation *evaluation)
{
    free(evaluation->confusion.counts);
    *evaluation = (md_evaluation){0};
}
