/* One line a measurement, for people or, with --csv, for machines. Local. */
#ifndef MNIST_DIST_BENCH_RESULTS_H
#define MNIST_DIST_BENCH_RESULTS_H

#include "measure.h"

typedef struct md_row {
    const char *section; /* "kernels" */
    const char *name;    /* what was measured; no commas */
    size_t batch;        /* samples a call; 0 = no such thing */
    md_timing timing;
    double rate; /* at the median, in `unit`; 0 = none */
    const char *unit;
    double least; /* seconds that it takes at least; 0 = not known */
} md_row;

/* Starts a table of rows; `csv` for the machine's form, where titles and notes are left out. */
void md_report_title(int csv, const char *title);
void md_report_row(int csv, const md_row *row);

/* A sentence below the rows. */
void md_report_note(int csv, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The first line of the machine's form. */
void md_report_csv_header(void);

#endif
