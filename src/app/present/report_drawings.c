/* The report's images and bars, as SVG. */
#include "report.h"

enum { SHADES = 8 };

static int shade_of(uint8_t ink)
{
    return (ink * SHADES + 127) / 255;
}

/* Each shade is one path of horizontal runs. */
void md_report_image(const uint8_t *pixels, size_t rows, size_t columns, FILE *out)
{
    fprintf(out,
            "<svg viewBox=\"-1 -1 %zu %zu\" shape-rendering=\"crispEdges\" aria-hidden=\"true\">",
            columns + 2, rows + 2);
    for (int shade = 1; shade <= SHADES; shade++) {
        fprintf(out, "<path fill-opacity=\"%.3g\" d=\"", (double)shade / (double)SHADES);
        for (size_t r = 0; r < rows; r++)
            for (size_t c = 0, run; c < columns; c += run ? run : 1) {
                for (run = 0; c + run < columns; run++)
                    if (shade_of(pixels[r * columns + c + run]) != shade)
                        break;
                if (run)
                    fprintf(out, "M%zu %zuh%zuv1h-%zuz", c, r, run, run);
            }
        fprintf(out, "\"/>");
    }
    fprintf(out, "</svg>");
}

void md_report_bar(const md_ledger_row *row, double longest, FILE *out)
{
    const double parts[] = {row->compute_s, row->wait_s, row->io_s};
    static const char *const names[] = {"compute", "wait", "save"};
    double begin = 0;
    fprintf(out, "<svg aria-hidden=\"true\">");
    for (size_t i = 0; longest > 0 && i < sizeof parts / sizeof *parts; i++) {
        double width = 100 * parts[i] / longest;
        fprintf(out,
                "<rect class=\"b-%s\" x=\"%.2f%%\" width=\"%.2f%%\" height=\"14\"><title>%s %.3f s"
                "</title></rect>",
                names[i], begin, width, names[i], parts[i]);
        begin += width;
    }
    fprintf(out, "</svg>");
}
