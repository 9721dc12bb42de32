/* A web page that stands alone: it loads nothing, runs nothing, and follows the reader's light or
 * dark scheme. Local. */
#ifndef MNIST_DIST_APP_HTML_H
#define MNIST_DIST_APP_HTML_H

#include <stdio.h>

/* Everything up to <main>, and what closes it. */
void md_html_begin(FILE *out, const char *title);
void md_html_end(FILE *out);

/* Text from outside, in an element or a quoted attribute: markup becomes plain characters, and what
 * is no character (control codes, bytes that are not UTF-8) a replacement sign. */
void md_html_text(FILE *out, const char *text);

#endif
