/* What a model that answers with numbers said, against what was true. */
#include "picture_kind.h"
#include "present/scatter.h"

static md_status draw(const md_picture_subject *subject, md_scatter_kind kind, const char *path,
                      md_error *err)
{
    const md_predictions *p = subject->predictions;
    char title[128];
    snprintf(title, sizeof title, "%zu test rows", p->count);
    return path ? md_scatters_draw(p, kind, title, path, err)
                : md_scatters_print(p, kind, stdout, err);
}

static md_status draw_predicted(const md_picture_subject *subject, const char *path, md_error *err)
{
    return draw(subject, MD_SCATTER_PREDICTED, path, err);
}

static md_status draw_residuals(const md_picture_subject *subject, const char *path, md_error *err)
{
    return draw(subject, MD_SCATTER_RESIDUALS, path, err);
}

const md_picture_kind md_picture_predicted = {.help = "numbers against the actual ones",
                                              .needs_data = 1,
                                              .has_text = 1,
                                              .answers = MD_PICTURE_NUMBERS,
                                              .draw = draw_predicted};
const md_picture_kind md_picture_residuals = {.help = "by how much numbers are off",
                                              .needs_data = 1,
                                              .has_text = 1,
                                              .answers = MD_PICTURE_NUMBERS,
                                              .draw = draw_residuals};
