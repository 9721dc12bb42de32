/* Fast digests: XXH3-64, seed 0 (https://github.com/Cyan4973/xxHash). Local. */
#ifndef MNIST_DIST_BASE_DIGEST_H
#define MNIST_DIST_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

uint64_t md_digest_bytes(const void *data, size_t size);

/* Digest of float32 values as stored in a file: little-endian. */
uint64_t md_digest_floats(const float *values, size_t count);

/* A digest as text, 16 hex digits. */
enum { MD_DIGEST_TEXT = 17 };
void md_digest_text(uint64_t digest, char out[MD_DIGEST_TEXT]);

/* Piecewise digest: equal to md_digest_bytes of the pieces joined. NULL when out of memory. */
typedef struct md_digest md_digest;
md_digest *md_digest_create(void);
void md_digest_update(md_digest *digest, const void *data, size_t size);
uint64_t md_digest_value(const md_digest *digest);
void md_digest_destroy(md_digest **digest); /* NULL is fine; clears *digest */

#endif
