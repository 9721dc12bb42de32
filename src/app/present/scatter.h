/* Points in a plane: what a model that answers with numbers said against what was true, and by how
 * much it was off. As a picture, as text and as SVG. Local. */
#ifndef MNIST_DIST_APP_SCATTER_H
#define MNIST_DIST_APP_SCATTER_H

#include "chart.h"
#include "cli/inputs.h"

typedef enum md_scatter_kind {
    MD_SCATTER_PREDICTED, /* predicted against actual, with the line where they are equal */
    MD_SCATTER_RESIDUALS  /* actual - predicted against predicted, with the line of 0 */
} md_scatter_kind;

/* Of one output. Borrows the predictions, which have targets. */
typedef struct md_scatter {
    md_scatter_kind kind;
    const md_predictions *predictions;
    size_t output;
    md_axis x, y;
} md_scatter;

md_scatter md_scatter_make(const md_predictions *predictions, md_scatter_kind kind, size_t output);

/* "Predicted against actual", of several outputs with "Of price: " or "Target 2: " before it. */
enum { MD_SCATTER_TITLE = 160 };
const char *md_scatter_title(const md_scatter *scatter, char out[MD_SCATTER_TITLE]);

/* Of the first few outputs, MD_SCATTERS at most. */
enum { MD_SCATTERS = 4 };
md_status md_scatters_draw(const md_predictions *predictions, md_scatter_kind kind,
                           const char *title, const char *path, md_error *err);
md_status md_scatters_print(const md_predictions *predictions, md_scatter_kind kind, FILE *out,
                            md_error *err);

/* A figure of the report's page. */
void md_scatter_print_svg(const md_scatter *scatter, FILE *out);

#endif
