#include <limits.h>

#include "picture_kind.h"

/* One or two charts of the history. */
static md_status draw_charts(const md_picture_subject *subject, const md_chart_kind *const *kinds,
                             size_t count, const char *path, md_error *err)
{
    md_chart charts[2];
    char title[PATH_MAX + 64];
    if (subject->checkpoint->history_count == 0)
        return md_fail(err, MD_FAILED, "%s: no epoch is finished yet, so there is nothing to plot",
                       subject->name);
    for (size_t i = 0; i < count; i++)
        md_chart_make(subject->checkpoint, kinds[i], &charts[i]);
    if (!path)
        return md_charts_print(charts, count, stdout, err);
    snprintf(title, sizeof title, "Training and validation of %s", subject->name);
    return md_charts_draw(charts, count, title, path, err);
}

static md_status draw_both(const md_picture_subject *subject, const char *path, md_error *err)
{
    const md_chart_kind *const both[] = {md_chart_of_metric(&subject->checkpoint->model),
                                         &md_chart_loss};
    return draw_charts(subject, both, 2, path, err);
}

static md_status draw_metric(const md_picture_subject *subject, const char *path, md_error *err)
{
    const md_chart_kind *const metric = md_chart_of_metric(&subject->checkpoint->model);
    return draw_charts(subject, &metric, 1, path, err);
}

static md_status draw_loss(const md_picture_subject *subject, const char *path, md_error *err)
{
    const md_chart_kind *const loss = &md_chart_loss;
    return draw_charts(subject, &loss, 1, path, err);
}

const md_picture_kind md_picture_curves = {
    .help = "accuracy, or mae, and loss; the default", .has_text = 1, .draw = draw_both};
const md_picture_kind md_picture_accuracy = {
    .has_text = 1, .answers = MD_PICTURE_CLASSES | MD_PICTURE_LABELS, .draw = draw_metric};
const md_picture_kind md_picture_mae = {.help = "mean absolute error",
                                        .has_text = 1,
                                        .answers = MD_PICTURE_NUMBERS,
                                        .draw = draw_metric};
const md_picture_kind md_picture_loss = {.has_text = 1, .draw = draw_loss};
