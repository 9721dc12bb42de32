/* One run as one web page. Local. */
#ifndef MNIST_DIST_APP_REPORT_H
#define MNIST_DIST_APP_REPORT_H

#include <stdio.h>

#include "answers.h"
#include "ledger.h"

/* All that the page shows; borrowed. */
typedef struct md_report {
    const char *name; /* of the checkpoint's file */
    const md_checkpoint *checkpoint;
    md_config config;
    md_ledger ledger;
    char absent[MD_ERROR_TEXT]; /* why there are no answers to the test set; else empty */
    md_predictions predictions;
    md_answers answers;
} md_report;

/* A whole page; the same one for the same file and data. */
void md_report_print(const md_report *report, FILE *out);

/* Its parts that are drawn rather than written: an image, 255 being ink; one rank's seconds as a
 * bar on a scale of `longest`. */
void md_report_image(const uint8_t *pixels, size_t rows, size_t columns, FILE *out);
void md_report_bar(const md_ledger_row *row, double longest, FILE *out);

/* What a page without test data is without. */
const char *md_report_lacks(const md_report *report);

/* Tables of the test set's answers: confusions, and the mistakes the model was surest of. */
void md_report_answers(const md_report *report, FILE *out);

#endif
