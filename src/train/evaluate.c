#include "mnist_dist/train/evaluate.h"

#include <math.h>
#include <stdlib.h>

#include "evaluate_numbers.h"
#include "mnist_dist/base/fixed.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/comm/agree.h"

typedef struct evaluator {
    const md_inference *inference;
    const md_model_spec *spec;
    md_image_range range;
    size_t outputs;
    md_confusion confusion; /* counts NULL: not counted */
    int64_t *right;         /* [outputs]: of labels; NULL: not counted */
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
    md_fixed loss;
    int64_t correct;
    int64_t bad; /* blocks with a loss that is not finite or too large */
} sums;

static void judge_class(evaluator *e, const float *logits, int32_t label, sums *total)
{
    const size_t actual = (size_t)label, predicted = md_infer_class(e->spec, logits);
    total->correct += predicted == actual;
    if (e->confusion.counts)
        md_confusion_count(&e->confusion, actual, predicted);
}

static void judge_labels(evaluator *e, const float *logits, const float *targets, sums *total)
{
    for (size_t k = 0; k < e->outputs; k++) {
        const int right = (logits[k] > 0.0f) == (targets[k] > 0.5f);
        total->correct += right;
        if (e->right)
            e->right[k] += right;
    }
}

static void evaluate_block(evaluator *e, md_image_range images, sums *total)
{
    const md_inferred block = md_infer_block(e->inference, images);
    if (!md_fixed_add_nats(&total->loss, block.loss, images.count, (int64_t)e->range.count))
        total->bad++;
    for (size_t i = 0; i < images.count; i++) {
        const float *logits = block.logits + i * e->outputs;
        if (block.labels)
            judge_class(e, logits, block.labels[i], total);
        else
            judge_labels(e, logits, block.targets + i * e->outputs, total);
    }
}

static sums evaluate_part(const md_comm *comm, evaluator *e)
{
    const md_range own = md_infer_share(e->range, md_comm_rank(comm), md_comm_size(comm));
    sums total = {0};
    for (size_t k = own.begin; k < own.begin + own.count; k++)
        evaluate_block(e, md_infer_cut(e->range, k), &total);
    return total;
}

/* Of all ranks, into *out. int64, so that no order of additions can show. */
static md_status reduce(md_comm *comm, sums *total, const evaluator *e, md_evaluation *out,
                        md_error *err)
{
    int64_t values[] = {total->loss.piece[MD_FIXED_Q32], total->correct, total->bad};
    md_status status = md_comm_sum(comm, values, sizeof values / sizeof *values, err);
    if (!status && values[2])
        status = md_evaluate_fail_bad(values[2], err);
    if (status)
        return status;
    const md_fixed loss = {.piece[MD_FIXED_Q32] = values[0]};
    const double images = (double)e->range.count;
    const int each = md_model_spec_answer(e->spec) == MD_ANSWER_LABELS;
    out->correct = values[1];
    out->loss = e->range.count ? md_fixed_value(&loss) / images : NAN;
    out->accuracy =
        e->range.count ? (double)values[1] / (each ? images * (double)e->outputs : images) : NAN;
    return MD_OK;
}

md_status md_evaluate_fail_bad(int64_t blocks, md_error *err)
{
    return md_fail(err, MD_FAILED,
                   "evaluation: the loss is not finite, or too large to sum, in %lld blocks of %d "
                   "images; the weights hold NaN or have grown out of bounds: train with a lower "
                   "optimizer.learning_rate, or set optimizer.clip_norm",
                   (long long)blocks, MD_INFERENCE_BLOCK);
}

/* Brings what was counted in detail together, into *out. */
static md_status reduce_detail(md_comm *comm, const evaluator *e, md_evaluation *out, md_error *err)
{
    const size_t classes = e->confusion.classes;
    md_status status = MD_OK;
    if (e->confusion.counts)
        status = md_comm_sum(comm, e->confusion.counts, classes * classes, err);
    if (!status && e->right)
        status = md_comm_sum(comm, e->right, e->outputs, err);
    for (size_t k = 0; !status && e->right && k < e->outputs; k++)
        out->scores[k] = (md_output_score){e->right[k], NAN, NAN};
    return status;
}

static md_status count_answers(md_comm *comm, evaluator *e, md_evaluation *out, md_error *err)
{
    sums total = evaluate_part(comm, e);
    md_status status = reduce(comm, &total, e, out, err);
    return status ? status : reduce_detail(comm, e, out, err);
}

/* Local. Room for what is counted in detail. */
static md_status prepare(evaluator *e, md_evaluation *out, md_error *err)
{
    md_status status;
    const size_t classes = (size_t)md_model_spec_classes(e->spec);
    if (classes > 0) {
        status = md_confusion_create(classes, &e->confusion, err);
        out->confusion = e->confusion;
        return status;
    }
    status = md_allocate((void **)&out->scores, e->outputs, sizeof *out->scores, "the scores", err);
    if (!status && md_model_spec_answer(e->spec) == MD_ANSWER_LABELS)
        status = md_allocate((void **)&e->right, e->outputs, sizeof *e->right, "counts", err);
    return status;
}

md_status md_evaluate(md_comm *comm, const md_inference *inference, md_image_range range,
                      int in_detail, md_evaluation *out, md_error *err)
{
    const md_model_spec *spec = md_model_get_spec(inference->model);
    evaluator e = {.inference = inference,
                   .spec = spec,
                   .range = range,
                   .outputs = (size_t)md_model_spec_outputs(spec)};
    *out = (md_evaluation){.images = (int64_t)range.count,
                           .outputs = e.outputs,
                           .accuracy = NAN,
                           .mae = NAN,
                           .r2 = NAN};
    md_status status = MD_OK;
    if (in_detail)
        status = md_agree(comm, prepare(&e, out, err), err);
    if (!status && md_model_spec_answer(spec) == MD_ANSWER_NUMBERS)
        status = md_evaluate_numbers(comm, inference, range, out, err);
    else if (!status)
        status = count_answers(comm, &e, out, err);
    if (!status)
        status = md_agree(comm, md_infer_check(inference, err), err);
    free(e.right);
    if (status)
        md_evaluation_clear(out);
    return status;
}

void md_evaluation_clear(md_evaluation *evaluation)
{
    free(evaluation->confusion.counts);
    free(evaluation->scores);
    *evaluation = (md_evaluation){0};
}
