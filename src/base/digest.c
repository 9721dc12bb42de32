#include "mnist_dist/base/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "digests are defined over little-endian bytes; a big-endian port must swap here");

struct md_digest {
    XXH3_state_t *state;
};

uint64_t md_digest_bytes(const void *data, size_t size)
{
    return XXH3_64bits(data, size);
}

uint64_t md_digest_floats(const float *values, size_t count)
{
    return XXH3_64bits(values, count * sizeof *values);
}

void md_digest_text(uint64_t digest, char out[MD_DIGEST_TEXT])
{
    snprintf(out, MD_DIGEST_TEXT, "%016" PRIx64, digest);
}

md_digest *md_digest_create(void)
{
    md_digest *digest = malloc(sizeof *digest);
    if (!digest)
        return NULL;
    digest->state = XXH3_createState();
    if (!digest->state || XXH3_64bits_reset(digest->state) != XXH_OK)
        md_digest_destroy(&digest);
    return digest;
}

void md_digest_update(md_digest *digest, const void *data, size_t size)
{
    if (size > 0)
        XXH3_64bits_update(digest->state, data, size);
}

uint64_t md_digest_value(const md_digest *digest)
{
    return XXH3_64bits_digest(digest->state);
}

void md_digest_destroy(md_digest **digest)
{
    if (!*digest)
        return;
    XXH3_freeState((*digest)->state);
    free(*digest);
    *digest = NULL;
}
