#include "history_table.h"

#include <math.h>
#include <string.h>

#include "mnist_dist/checkpoint/fields.h"

enum { CELL = 32, NARROWEST = 7, WIDTH = 78 };

typedef struct column {
    const md_field *field;
    const char *heading;
    int digits, fixed; /* of a double; fixed: behind the point, else significant */
} column;

/* How a column shows that is not to be headed by its own name, with six digits. */
static const struct {
    const char *name, *heading;
    int digits, fixed;
} styles[] = {{"loss", "loss", 4, 1},         {"accuracy", "accuracy", 4, 1},
              {"val_loss", "val_loss", 4, 1}, {"val_accuracy", "val_acc", 4, 1},
              {"mae", "mae", 5, 0},           {"val_mae", "val_mae", 5, 0},
              {"val_r2", "val_r2", 4, 1},     {"learning_rate", "rate", 3, 0},
              {"seconds", "seconds", 2, 1},   {"images_per_second", "images/s", 0, 1}};

/* The column of a field, or 0 where it is not for people. */
static int find_column(const md_field *field, column *out)
{
    *out = (column){field, field->name, 6, 0};
    for (size_t k = 0; k < sizeof styles / sizeof *styles; k++)
        if (strcmp(styles[k].name, field->name) == 0) {
            out->heading = styles[k].heading;
            out->digits = styles[k].digits;
            out->fixed = styles[k].fixed;
        }
    if (strstr(field->name, "loss") && strcmp(field->units, "nat") != 0)
        out->digits = 5, out->fixed = 0; /* in units of the targets */
    return field->type != MD_H5_U64;
}

static void print_cell(const column *c, const md_epoch_row *row, char out[CELL])
{
    const char *at = (const char *)row + c->field->offset;
    int64_t whole;
    double real;
    if (c->field->type == MD_H5_I64) {
        memcpy(&whole, at, sizeof whole);
        snprintf(out, CELL, "%lld", (long long)whole);
        return;
    }
    memcpy(&real, at, sizeof real);
    if (isnan(real))
        snprintf(out, CELL, "-");
    else
        snprintf(out, CELL, c->fixed ? "%.*f" : "%.*g", c->digits, real);
}

/* One line: the headings, where row is NULL. */
static void print_line(const md_table *table, const md_epoch_row *row, FILE *out)
{
    int used = 0;
    column c;
    for (size_t i = 0; i < table->field_count; i++) {
        char cell[CELL];
        if (!find_column(&table->fields[i], &c))
            continue;
        int width = (int)strlen(c.heading) < NARROWEST ? NARROWEST : (int)strlen(c.heading);
        if ((used += 1 + width) > WIDTH)
            break;
        if (row)
            print_cell(&c, row, cell);
        fprintf(out, " %*s", width, row ? cell : c.heading);
    }
}

void md_history_print(const md_checkpoint *c, size_t most, FILE *out)
{
    const md_table *table = md_history_table(&c->model);
    size_t first = c->history_count > most ? c->history_count - most : 0;
    print_line(table, NULL, out);
    fputc('\n', out);
    if (first)
        fprintf(out, "  ... %zu earlier epochs\n", first);
    for (size_t i = first; i < c->history_count; i++) {
        print_line(table, &c->history[i], out);
        fprintf(out, "%s\n", c->history[i].epoch == c->best_epoch ? " *" : "");
    }
}

void md_history_print_html(const md_checkpoint *c, FILE *out)
{
    const md_table *table = md_history_table(&c->model);
    column shown;
    fprintf(out, "<table><thead><tr>");
    for (size_t k = 0; k < table->field_count; k++)
        if (find_column(&table->fields[k], &shown))
            fprintf(out, "<th>%s</th>", shown.heading);
    fprintf(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < c->history_count; i++) {
        fprintf(out, "<tr>");
        for (size_t k = 0; k < table->field_count; k++) {
            char cell[CELL];
            if (!find_column(&table->fields[k], &shown))
                continue;
            print_cell(&shown, &c->history[i], cell);
            fprintf(out, k ? "<td>%s</td>" : "<th scope=\"row\">%s</th>", cell);
        }
        fprintf(out, "</tr>\n");
    }
    fprintf(out, "</tbody></table>");
}
