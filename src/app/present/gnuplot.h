/* Pictures through the gnuplot program: a script goes in, a file comes out whole or not at all.
 * Local. */
#ifndef MNIST_DIST_APP_GNUPLOT_H
#define MNIST_DIST_APP_GNUPLOT_H

#include <argp.h>
#include <stdio.h>

#include "mnist_dist/base/error.h"

typedef struct md_gnuplot md_gnuplot;

/* For parsers of options: 0, or EINVAL with a text when no picture can have this name. */
error_t md_option_picture(const char *path, const char **out, md_error *err);

/* For a picture at path, whose ending (.png, .svg, .pdf) decides the format: else MD_USAGE. Sizes
 * are in pixels of a screen. *out is NULL on error. */
md_status md_gnuplot_open(const char *path, int width, int height, md_gnuplot **out, md_error *err);

/* The script, to be written to; data go inline as blocks ($name << END). */
FILE *md_gnuplot_script(md_gnuplot *plot);

/* Text as gnuplot reads it literally, in single quotes: nothing in it can become a command. */
void md_gnuplot_quote(FILE *script, const char *text);

/* Runs gnuplot without a shell and puts the picture in place. MD_FAILED with gnuplot's own words,
 * or with the cure when it is not installed. */
md_status md_gnuplot_finish(md_gnuplot *plot, md_error *err);
void md_gnuplot_close(md_gnuplot **plot); /* NULL is fine; clears *plot */

#endif
