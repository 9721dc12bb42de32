/* The terminal as a page that is redrawn, until its reader leaves with q or Ctrl-C. Local. */
#ifndef MNIST_DIST_APP_SCREEN_H
#define MNIST_DIST_APP_SCREEN_H

#include <termios.h>

typedef struct md_screen {
    int open, keys;       /* keys: they arrive unechoed and at once */
    struct termios usual; /* what to give back */
} md_screen;

/* Standard output, which must be a terminal, shows an empty page beside what was there. */
void md_screen_open(md_screen *screen);
void md_screen_close(md_screen *screen); /* what was there is back; fine when not open */

/* Each page begins with md_screen_clear and is shown by md_screen_wait, which returns after
 * `seconds`, when the window changes size, or with 1 when the reader wants to leave. */
void md_screen_clear(void);
int md_screen_wait(const md_screen *screen, double seconds);

#endif
