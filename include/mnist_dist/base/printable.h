/* Names from untrusted files end in messages, and messages on terminals. */
#ifndef MNIST_DIST_BASE_PRINTABLE_H
#define MNIST_DIST_BASE_PRINTABLE_H

/* Replaces control characters by '?'. */
void md_make_printable(char *text);

#endif
