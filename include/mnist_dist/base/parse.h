/* Strict text to number: the whole string must be the number, in range, with no blanks around it.
 * Local. Each returns 1 and sets *out, or returns 0 and leaves *out alone. */
#ifndef MNIST_DIST_BASE_PARSE_H
#define MNIST_DIST_BASE_PARSE_H

#include <stdint.h>

int md_parse_i64(const char *text, int64_t low, int64_t high, int64_t *out); /* decimal */
int md_parse_u64(const char *text, uint64_t *out);                           /* decimal */
int md_parse_f64(const char *text, double *out); /* decimal or 1e-3; finite only */
int md_parse_bool(const char *text, int *out);   /* true or false, as in YAML 1.2 */

#endif
