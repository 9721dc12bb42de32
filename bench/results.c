#include "results.h"

#include <stdarg.h>
#include <stdio.h>

static const double micro = 1e6;

void md_report_title(int csv, const char *title)
{
    if (csv)
        return;
    printf("\n%s\n", title);
    printf("%-38s %5s %10s %10s %10s %9s  %s\n", "", "batch", "median us", "min us", "spread us",
           "us/sample", "rate");
}

void md_report_csv_header(void)
{
    printf("section,name,batch,median_us,min_us,lower_quartile_us,upper_quartile_us,runs,rate,"
           "unit,least_us\n");
}

static void print_csv(const md_row *row)
{
    const md_timing *t = &row->timing;
    printf("%s,%s,%zu,%.3f,%.3f,%.3f,%.3f,%zu,%.3f,%s,%.3f\n", row->section, row->name, row->batch,
           t->median * micro, t->min * micro, t->lower_quartile * micro, t->upper_quartile * micro,
           t->runs, row->rate, row->unit ? row->unit : "", row->least * micro);
}

void md_report_row(int csv, const md_row *row)
{
    if (csv) {
        print_csv(row);
        return;
    }
    const md_timing *t = &row->timing;
    char batch[24] = "-", each[24] = "-";
    if (row->batch) {
        snprintf(batch, sizeof batch, "%zu", row->batch);
        snprintf(each, sizeof each, "%.3f", t->median * micro / (double)row->batch);
    }
    printf("%-38s %5s %10.2f %10.2f %10.2f %9s", row->name, batch, t->median * micro,
           t->min * micro, (t->upper_quartile - t->lower_quartile) * micro, each);
    if (row->rate > 0.0)
        printf("  %.1f %s", row->rate, row->unit);
    if (row->least > 0.0)
        printf("  %.2f us at least", row->least * micro);
    printf("\n");
}

void md_report_note(int csv, const char *format, ...)
{
    if (csv)
        return;
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}
