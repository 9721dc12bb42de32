/* @state_xxh3 of io/schema.h. */
#ifndef MD_IO_STATE_DIGEST_H
#define MD_IO_STATE_DIGEST_H

#include "h5.h"

enum { MD_DIGEST_TEXT = 17 };

/* Reads the whole of a file of ours, checking it as md_h5_walk does and every type besides. */
md_status md_state_digest(md_h5 *f, uint64_t *out);

/* A digest as in the file, "%016x". */
void md_digest_text(uint64_t digest, char out[MD_DIGEST_TEXT]);

#endif
