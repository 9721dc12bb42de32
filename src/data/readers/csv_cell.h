/* What a cell of a CSV file says, told from its text alone. Local. */
#ifndef MNIST_DIST_DATA_CSV_CELL_H
#define MNIST_DIST_DATA_CSV_CELL_H

typedef enum md_csv_cell {
    MD_CSV_WORD,
    MD_CSV_NUMBER,
    MD_CSV_ENDLESS,     /* nan, inf */
    MD_CSV_MISSING,     /* empty, or what stands for a value that is not known: "?", "NA" */
    MD_CSV_NEAR_NUMBER, /* a number to people: "10%", "$5.00", "1,100.5", "4.1D+00" */
} md_csv_cell;

/* *out is set for MD_CSV_NUMBER. With a decimal comma "5,1" is 5.1, too. */
md_csv_cell md_csv_cell_read(const char *text, int decimal_comma, double *out);

#endif
