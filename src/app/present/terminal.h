/* What the reader at the other end of a stream can show. Local. */
#ifndef MNIST_DIST_APP_TERMINAL_H
#define MNIST_DIST_APP_TERMINAL_H

#include <stdio.h>

typedef struct md_terminal {
    int interactive; /* a terminal, not a file or a pipe */
    int colour;      /* a terminal that takes ANSI colours, and NO_COLOR is not set */
    int utf8;        /* the locale's characters are UTF-8 */
    int columns;     /* 80 when unknown */
    int rows;        /* 24 when unknown */
} md_terminal;

/* mpirun stands between the program and the terminal: it gives rank 0 a pseudo-terminal for stdout
 * and a pipe for stderr whatever its own are, so its own are looked at. */
md_terminal md_terminal_detect(FILE *stream);

enum { MD_TEXT_COLUMNS = 80 };

typedef enum md_colour {
    MD_PLAIN,
    MD_BLUE,
    MD_ORANGE,
    MD_RED,
    MD_GREEN,
    MD_DIM,
    MD_BOLD
} md_colour;

/* The terminal's width, but no more than MD_TEXT_COLUMNS. */
int md_terminal_text_columns(const md_terminal *terminal);

/* Switches to a colour, or with MD_PLAIN back; nothing where colour is not wanted. */
void md_terminal_colour(const md_terminal *terminal, FILE *out, md_colour colour);

/* A bar of `share` (0 to 1) of `width` cells, in eighths of a cell or # signs. With `track` the
 * rest of its cells are shown too. */
void md_terminal_bar(const md_terminal *terminal, FILE *out, double share, int width, int track);

#endif
