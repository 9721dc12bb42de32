/* The report's drawings, as SVG in units that the reader's window scales. */
#include <math.h>

#include "report.h"

enum { WIDTH = 440, HEIGHT = 260, LEFT = 50, RIGHT = 14, TOP = 10, BOTTOM = 26 };
enum { TICKS = 5, MARKED_EPOCHS = 40, SHADES = 8 };

/* Where values lie in a panel. */
typedef struct scale {
    double first, last, epoch_step; /* epochs */
    double low, high, step;         /* values */
} scale;

/* 1, 2 or 5 times a power of ten, so that about `wanted` of them make up the span. */
static double round_step(double span, int wanted)
{
    double raw = span / wanted, power = pow(10, floor(log10(raw))), digit = raw / power;
    return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
}

static scale find_scale(const md_checkpoint *c, const md_curve *curve)
{
    scale s = {.first = (double)c->history[0].epoch,
               .last = (double)c->history[c->history_count - 1].epoch,
               .low = INFINITY,
               .high = -INFINITY};
    const size_t columns[] = {curve->training, curve->validation};
    for (size_t i = 0; i < c->history_count; i++)
        for (size_t k = 0; k < 2; k++) {
            double value = md_curve_value(&c->history[i], columns[k]);
            if (!isfinite(value))
                continue;
            s.low = fmin(s.low, value);
            s.high = fmax(s.high, value);
        }
    if (!(s.high > s.low)) { /* one value, or none that is a number */
        double middle = isfinite(s.low) ? s.low : 0;
        s.low = middle - 0.05;
        s.high = middle + 0.05;
    }
    s.step = round_step(s.high - s.low, TICKS);
    s.low = s.step * floor(s.low / s.step);
    s.high = s.step * ceil(s.high / s.step);
    s.epoch_step = s.last > s.first ? fmax(1, round_step(s.last - s.first, 2 * TICKS)) : 1;
    return s;
}

static double x_of(const scale *s, double epoch)
{
    double share = s->last > s->first ? (epoch - s->first) / (s->last - s->first) : 0.5;
    return LEFT + 8 + share * (WIDTH - LEFT - RIGHT - 8);
}

static double y_of(const scale *s, double value)
{
    return TOP + (s->high - value) / (s->high - s->low) * (HEIGHT - TOP - BOTTOM);
}

static void draw_axes(const scale *s, FILE *out)
{
    int decimals = (int)fmax(0, -floor(log10(s->step) + 1e-9));
    int lines = (int)lround((s->high - s->low) / s->step);
    for (int i = 0; i <= lines; i++) {
        double value = s->low + i * s->step;
        fprintf(out,
                "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" "
                "text-anchor=\"end\">%.*f</text>\n",
                LEFT, y_of(s, value), WIDTH - RIGHT, LEFT - 6, y_of(s, value) + 4, decimals, value);
    }
    double first = s->epoch_step * ceil(s->first / s->epoch_step);
    int epochs = (int)((s->last - first) / s->epoch_step) + 1;
    for (int i = 0; i < epochs; i++) {
        double epoch = first + i * s->epoch_step;
        fprintf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.0f</text>\n",
                x_of(s, epoch), HEIGHT - 6, epoch);
    }
}

/* A gap where a value is no number. */
static void draw_series(const md_checkpoint *c, const scale *s, size_t column, const char *name,
                        FILE *out)
{
    int drawing = 0;
    fprintf(out, "<path class=\"curve %s\" d=\"", name);
    for (size_t i = 0; i < c->history_count; i++) {
        double value = md_curve_value(&c->history[i], column);
        if (isfinite(value))
            fprintf(out, "%c%.1f %.1f", drawing ? 'L' : 'M', x_of(s, (double)c->history[i].epoch),
                    y_of(s, value));
        drawing = isfinite(value);
    }
    fprintf(out, "\"/>\n");
}

/* A dot for each epoch, which tells its numbers when pointed at. */
static void draw_dots(const md_checkpoint *c, const scale *s, size_t column, const char *name,
                      FILE *out)
{
    for (size_t i = 0; i < c->history_count; i++) {
        double epoch = (double)c->history[i].epoch, value = md_curve_value(&c->history[i], column);
        if (isfinite(value))
            fprintf(out,
                    "<path class=\"dot %s\" d=\"M%.1f %.1fh0\"><title>epoch %.0f: %.4f</title>"
                    "</path>\n",
                    name, x_of(s, epoch), y_of(s, value), epoch, value);
    }
}

static void draw_panel(const md_checkpoint *c, const md_curve *curve, const md_epoch_row *best,
                       size_t best_column, FILE *out)
{
    scale s = find_scale(c, curve);
    double value = md_curve_value(best, best_column);
    fprintf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s over epochs\">\n", WIDTH,
            HEIGHT, curve->title);
    draw_axes(&s, out);
    draw_series(c, &s, curve->training, "train", out);
    draw_series(c, &s, curve->validation, "valid", out);
    if (c->history_count <= MARKED_EPOCHS) {
        draw_dots(c, &s, curve->training, "train", out);
        draw_dots(c, &s, curve->validation, "valid", out);
    }
    if (isfinite(value))
        fprintf(out, "<circle class=\"best\" cx=\"%.1f\" cy=\"%.1f\" r=\"6\"/>\n",
                x_of(&s, (double)best->epoch), y_of(&s, value));
    fprintf(out, "</svg>\n");
}

void md_report_curve(const md_checkpoint *c, const md_curve *curve, FILE *out)
{
    size_t column;
    const md_epoch_row *best = md_curve_best(c, curve, &column);
    fprintf(out, "<figure><h3>%s</h3>\n", curve->title);
    draw_panel(c, curve, best, column, out);
    fprintf(out, "<figcaption class=\"legend\"><span><i class=\"key k-train\"></i>training</span>");
    if (column == curve->validation)
        fprintf(out, "<span><i class=\"key k-valid\"></i>validation</span>");
    if (isfinite(md_curve_value(best, column)))
        fprintf(out, "<span>&#9675; best %.4f in epoch %lld</span>", md_curve_value(best, column),
                (long long)best->epoch);
    fprintf(out, "</figcaption></figure>\n");
}

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
        fprintf(out, "<path fill-opacity=\"%.3g\" d=\"", (double)shade / SHADES);
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
