/* Names from untrusted files end in messages, and messages on terminals. */
#ifndef MD_IO_PRINTABLE_H
#define MD_IO_PRINTABLE_H

/* Replaces control characters by '?'. */
void md_make_printable(char *text);

#endif
