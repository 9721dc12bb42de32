#include "mnist_dist/hdf5/seal.h"

#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/beat.h"
#include "mnist_dist/base/digest.h"

enum { WORD = sizeof MD_SEAL_WORD - 1, SEAL = WORD + MD_DIGEST_TEXT - 1 };

static void make(const void *data, size_t size, char out[SEAL + 1])
{
    memcpy(out, MD_SEAL_WORD, WORD);
    md_digest_text(md_digest_bytes(data, size), out + WORD);
}

md_status md_seal_append(md_bytes *bytes, md_error *err)
{
    char seal[SEAL + 1];
    make(bytes->data, bytes->size, seal);
    md_beat();
    unsigned char *longer = realloc(bytes->data, bytes->size + SEAL);
    if (!longer)
        return md_fail_memory(err, "a checkpoint's bytes", bytes->size + SEAL);
    memcpy(longer + bytes->size, seal, SEAL);
    bytes->data = longer;
    bytes->size += SEAL;
    return MD_OK;
}

int md_seal_check(const md_bytes *bytes, size_t *content)
{
    *content = bytes->size;
    if (bytes->size < SEAL || memcmp(bytes->data + bytes->size - SEAL, MD_SEAL_WORD, WORD) != 0)
        return 1;
    char seal[SEAL + 1];
    *content = bytes->size - SEAL;
    make(bytes->data, *content, seal);
    return memcmp(bytes->data + *content, seal, SEAL) == 0;
}
