/* What a data set is understood to be, before anything is trained on it. Local. */
#ifndef MNIST_DIST_APP_DATA_SUMMARY_H
#define MNIST_DIST_APP_DATA_SUMMARY_H

#include <stdio.h>

#include "mnist_dist/config/config.h"

/* Reads the configuration's data and prints parts, shapes, types, answers, scale and size, in lines
 * of at most 80 columns. MD_BAD_DATA with what was found where it is refused. */
md_status md_data_summarize(const md_config *config, FILE *out, md_error *err);

#endif
