#include "mnist_dist/checkpoint/metric.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const md_metric accuracy = {"accuracy",
                                   "val_accuracy",
                                   "acc",
                                   0,
                                   1,
                                   offsetof(md_epoch_row, accuracy),
                                   offsetof(md_epoch_row, val_accuracy)};
/* Of any size. */
static const md_metric mae = {
    "mae", "val_mae", "mae", 5, 0, offsetof(md_epoch_row, mae), offsetof(md_epoch_row, val_mae)};

const md_metric *md_metric_of(const md_model_spec *spec)
{
    return md_model_spec_answer(spec) == MD_ANSWER_NUMBERS ? &mae : &accuracy;
}

static double value_at(const md_epoch_row *row, size_t offset)
{
    double value;
    memcpy(&value, (const char *)row + offset, sizeof value);
    return value;
}

double md_metric_trained(const md_metric *metric, const md_epoch_row *row)
{
    return value_at(row, metric->offset);
}

double md_metric_validated(const md_metric *metric, const md_epoch_row *row)
{
    return value_at(row, metric->val_offset);
}

const char *md_metric_text(const md_metric *metric, double value, char out[MD_METRIC_TEXT])
{
    if (metric->significant)
        snprintf(out, MD_METRIC_TEXT, "%.*g", metric->significant, value);
    else
        snprintf(out, MD_METRIC_TEXT, "%.4f", value);
    return out;
}

int md_metric_improves(const md_metric *metric, double value, double best)
{
    return isfinite(value) && !(metric->rises ? value <= best : value >= best);
}
