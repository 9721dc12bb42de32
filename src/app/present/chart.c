#include "chart.h"

#include <math.h>
#include <string.h>

enum { VALUE_TICKS = 5, EPOCH_TICKS = 10 };

const md_chart_kind md_chart_accuracy = {"Accuracy",
                                         {{"training", offsetof(md_epoch_row, accuracy)},
                                          {"validation", offsetof(md_epoch_row, val_accuracy)}},
                                         MD_HIGHEST_BEST};
const md_chart_kind md_chart_mae = {
    "Mean absolute error",
    {{"training", offsetof(md_epoch_row, mae)}, {"validation", offsetof(md_epoch_row, val_mae)}},
    MD_LOWEST_BEST};
const md_chart_kind md_chart_loss = {
    "Loss",
    {{"training", offsetof(md_epoch_row, loss)}, {"validation", offsetof(md_epoch_row, val_loss)}},
    MD_LOWEST_BEST};

const md_chart_kind *md_chart_of_metric(const md_model_spec *spec)
{
    return md_model_spec_answer(spec) == MD_ANSWER_NUMBERS ? &md_chart_mae : &md_chart_accuracy;
}

double md_chart_value(const md_chart *chart, int series, size_t point)
{
    double value;
    memcpy(&value, (const char *)&chart->rows[point] + chart->kind->series[series].column,
           sizeof value);
    return isfinite(value) ? value : (double)NAN;
}

double md_axis_tick(const md_axis *axis, int i)
{
    return axis->first + i * axis->step;
}

const char *md_axis_text(const md_axis *axis, int i, char out[MD_AXIS_TEXT])
{
    const double tick = md_axis_tick(axis, i), largest = fmax(fabs(axis->low), fabs(axis->high));
    if (largest >= 1e6 || axis->decimals > 5)
        snprintf(out, MD_AXIS_TEXT, "%.3g", fabs(tick) < axis->step / 2 ? 0.0 : tick);
    else
        snprintf(out, MD_AXIS_TEXT, "%.*f", axis->decimals, tick);
    return out;
}

double md_axis_share(const md_axis *axis, double value)
{
    return axis->high > axis->low ? (value - axis->low) / (axis->high - axis->low) : 0.5;
}

/* 1, 2 or 5 times a power of ten, so that about `wanted` of them make up the span. */
static double round_step(double span, int wanted)
{
    double raw = span / wanted, power = pow(10, floor(log10(raw))), digit = raw / power;
    return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
}

static md_axis epoch_axis(double first, double last)
{
    md_axis a = {.low = first, .high = last, .step = 1};
    if (last > first)
        a.step = fmax(1, round_step(last - first, EPOCH_TICKS));
    a.first = a.step * ceil(first / a.step);
    a.ticks = (int)((last - a.first) / a.step) + 1;
    return a;
}

/* Widened to whole steps; where there is only one value, or none, to some room around it. */
md_axis md_axis_make(double low, double high)
{
    if (!(high > low)) {
        double middle = isfinite(low) ? low : 0, room = middle != 0 ? fabs(middle) / 20 : 0.05;
        low = middle - room;
        high = middle + room;
    }
    md_axis a = {.step = round_step(high - low, VALUE_TICKS)};
    a.first = a.low = a.step * floor(low / a.step);
    a.high = a.step * ceil(high / a.step);
    a.ticks = (int)lround((a.high - a.low) / a.step) + 1;
    a.decimals = (int)fmax(0, -floor(log10(a.step) + 1e-9));
    return a;
}

static int has_numbers(const md_chart *chart, int series)
{
    for (size_t i = 0; i < chart->count; i++)
        if (!isnan(md_chart_value(chart, series, i)))
            return 1;
    return 0;
}

static void find_values(md_chart *chart)
{
    double low = INFINITY, high = -INFINITY;
    for (int s = 0; s < chart->series; s++)
        for (size_t i = 0; i < chart->count; i++) { /* fmin and fmax pass over NaN */
            low = fmin(low, md_chart_value(chart, s, i));
            high = fmax(high, md_chart_value(chart, s, i));
        }
    chart->values = md_axis_make(low, high);
}

static void find_best(md_chart *chart)
{
    const int highest = chart->kind->best == MD_HIGHEST_BEST;
    chart->best_value = NAN;
    for (size_t i = 0; chart->kind->best != MD_NONE_BEST && i < chart->count; i++) {
        double value = md_chart_value(chart, chart->series - 1, i);
        if (isnan(value))
            continue;
        if (!chart->best || (highest ? value > chart->best_value : value < chart->best_value)) {
            chart->best = &chart->rows[i];
            chart->best_value = value;
        }
    }
}

void md_chart_make(const md_checkpoint *c, const md_chart_kind *kind, md_chart *out)
{
    *out = (md_chart){.kind = kind,
                      .metric = md_metric_of(&c->model),
                      .rows = c->history,
                      .count = c->history_count};
    while (out->series < MD_CHART_SERIES && kind->series[out->series].name)
        out->series++;
    while (out->series > 1 && !has_numbers(out, out->series - 1))
        out->series--;
    out->epochs = epoch_axis((double)out->rows[0].epoch, (double)out->rows[out->count - 1].epoch);
    find_values(out);
    find_best(out);
}
