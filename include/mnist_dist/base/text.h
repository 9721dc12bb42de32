/* Text from elsewhere: names in untrusted files, words that were typed, values of a configuration.
 * It ends in messages, and messages on terminals. Local. */
#ifndef MNIST_DIST_BASE_TEXT_H
#define MNIST_DIST_BASE_TEXT_H

#include <stdint.h>

/* The code point at *text, stepping over it; -1, staying there, when it is not UTF-8 (RFC 3629). */
int32_t md_text_next_code_point(const char **text);

int md_text_is_ascii(const char *text);

/* Replaces control characters and what is not UTF-8 by '?'. */
void md_text_make_printable(char *text);

/* The text made printable and cut to a length fit for a message. */
enum { MD_SNIPPET_SIZE = 64 };
void md_text_snippet(const char *text, char out[MD_SNIPPET_SIZE]);

/* A word of a command line as a POSIX shell takes it back: the text itself where nothing in it is
 * special, or what would not fit `out`; else `out`, in single quotes. */
enum { MD_QUOTED_SIZE = 4 * 1024 + 3 };
const char *md_text_quote(const char *text, char out[MD_QUOTED_SIZE]);

#endif
