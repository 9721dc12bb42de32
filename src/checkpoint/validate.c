#include "validate.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "mnist_dist/base/fixed.h"

static md_status bad(md_error *err, const char *what, double value)
{
    return md_fail(err, MD_BAD_CHECKPOINT, "%s is %g, which cannot be", what, value);
}

static md_status check_optimizer(const md_checkpoint *c, md_error *err)
{
    const double rate = c->optimizer.learning_rate;
    if (!md_optimizer_describe(c->optimizer.kind))
        return md_fail(err, MD_BAD_CHECKPOINT, "there is no optimizer number %d",
                       (int)c->optimizer.kind);
    if (!(rate >= 0.0 && rate < INFINITY))
        return bad(err, "/optimizer@learning_rate", rate);
    double *value;
    const md_key *key;
    for (int i = 0; (key = md_optimizer_hyper(&c->optimizer, i, &value)) != NULL; i++)
        if (!(*value >= 0.0 && *value < key->high)) {
            char name[64];
            snprintf(name, sizeof name, "/optimizer@%s", key->name);
            return bad(err, name, *value);
        }
    return MD_OK;
}

/* Counts that a comparison with `most` bounds from above. */
static md_status check_counts(const md_checkpoint *c, md_error *err)
{
    int64_t most_right = INT64_MAX; /* or, of numbers, a piece of the errors' sum */
    if (md_model_spec_answer(&c->model) == MD_ANSWER_CLASS)
        most_right = c->at.samples;
    const struct {
        const char *name;
        int64_t value, most;
    } rows[] = {{"/optimizer/iterations", c->at.iterations, INT64_MAX},
                {"/progress@epoch", c->at.epoch, INT64_MAX},
                {"/progress@step", c->at.step, INT64_MAX},
                {"/progress@step_in_epoch", c->at.step_in_epoch, c->at.step},
                {"/progress@best_epoch", c->best_epoch, c->at.epoch},
                {"/progress@samples", c->at.samples, INT64_MAX},
                {"/progress@correct", c->at.metric.piece[MD_FIXED_ONE], most_right},
                {"/progress@complete", c->complete, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].value < 0 || rows[i].value > rows[i].most)
            return md_fail(err, MD_BAD_CHECKPOINT, "%s is %" PRId64 ", which cannot be",
                           rows[i].name, rows[i].value);
    return MD_OK;
}

static md_status check_progress(const md_checkpoint *c, md_error *err)
{
    const int numbers = md_model_spec_answer(&c->model) == MD_ANSWER_NUMBERS;
    for (int i = 0; i < MD_FIXED_PIECES; i++) {
        const int64_t loss = c->at.loss.piece[i], error = c->at.metric.piece[i];
        if (loss > MD_FIXED_MOST || loss < -MD_FIXED_MOST)
            return bad(err, "/progress@loss_q32", (double)loss);
        if (error > MD_FIXED_MOST || error < -MD_FIXED_MOST)
            return bad(err, "/progress@error_q32", (double)error);
    }
    int has_best = c->best_epoch > 0;
    int possible = c->best >= 0.0 && c->best <= (numbers ? DBL_MAX : 1.0);
    if (has_best ? !possible : !isnan(c->best))
        return bad(err, numbers ? "/progress@best_val_mae" : "/progress@best_val_accuracy",
                   c->best);
    return MD_OK;
}

/* Rows are in the order in which they came about, none beyond the checkpoint itself. */
static md_status check_rows(const md_checkpoint *c, md_error *err)
{
    for (size_t i = 0; i < c->history_count; i++) {
        const md_epoch_row *row = &c->history[i], *last = i > 0 ? row - 1 : NULL;
        if (row->epoch < 1 || row->epoch > c->at.epoch || row->step < 0 || row->step > c->at.step ||
            (last && (row->epoch <= last->epoch || row->step < last->step)))
            return md_fail(err, MD_BAD_CHECKPOINT, "/history: row %zu is out of order", i);
    }
    for (size_t i = 0; i < c->chain_count; i++) {
        const md_chain_row *row = &c->chain[i];
        if (row->step < 0 || row->step > c->at.step || (i > 0 && row->step < row[-1].step))
            return md_fail(err, MD_BAD_CHECKPOINT, "/chain: row %zu is out of order", i);
    }
    for (size_t i = 0; i < c->ledger_count; i++) {
        const md_ledger_row *row = &c->ledger[i];
        if (row->epoch < 1 || row->rank < 0 || row->rank >= row->ranks ||
            (i > 0 && row->epoch < row[-1].epoch))
            return md_fail(err, MD_BAD_CHECKPOINT, "/ledger: row %zu is out of order", i);
    }
    return MD_OK;
}

static md_status check_golden(const md_checkpoint *c, md_error *err)
{
    int classes = md_model_spec_classes(&c->model);
    for (size_t i = 0; c->golden.labels && i < c->golden.count; i++)
        if (c->golden.labels[i] < 0 || c->golden.labels[i] >= classes)
            return md_fail(err, MD_BAD_CHECKPOINT, "/golden/labels: %d is not one of %d classes",
                           c->golden.labels[i], classes);
    return MD_OK;
}

static md_status check_scale(const md_checkpoint *c, md_error *err)
{
    const md_scale *scale = &c->scale;
    const size_t features = scale->kind == MD_SCALE_STANDARDIZE ? scale->features : 0;
    for (size_t i = 0; i < features; i++)
        if (!isfinite(scale->mean[i]) || !(scale->variance[i] > 0.0f) ||
            !isfinite(scale->variance[i]))
            return md_fail(err, MD_BAD_CHECKPOINT,
                           "/data: feature %zu has mean %g and variance %g, which cannot be", i,
                           (double)scale->mean[i], (double)scale->variance[i]);
    if (!isfinite(scale->least) || !isfinite(scale->most) || scale->least > scale->most)
        return md_fail(err, MD_BAD_CHECKPOINT, "/data: features from %g to %g cannot be",
                       (double)scale->least, (double)scale->most);
    return MD_OK;
}

md_status md_checkpoint_check_sense(const md_checkpoint *c, md_error *err)
{
    md_status status = check_optimizer(c, err);
    if (!status)
        status = check_counts(c, err);
    if (!status)
        status = check_progress(c, err);
    if (!status)
        status = check_rows(c, err);
    if (!status)
        status = check_golden(c, err);
    return status ? status : check_scale(c, err);
}
