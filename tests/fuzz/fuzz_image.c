/* Any bytes as a picture: refused with a message, or made into a frame. */
#include <string.h>
#include <zlib.h>

#include "fuzz_file.h"
#include "mnist_dist/data/image.h"

static md_fuzz_file picture;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    picture = md_fuzz_create();
    return 0;
}

static uint32_t load_be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Makes the checksums of a PNG's chunks right, or libpng would look no further. */
static void repair_png(uint8_t *data, size_t size)
{
    for (size_t at = 8; at + 12 <= size;) {
        size_t length = load_be32(data + at);
        if (length > size - at - 12)
            return;
        uint32_t sum = (uint32_t)crc32(0, data + at + 4, (uInt)(length + 4));
        for (int i = 0; i < 4; i++)
            data[at + 8 + length + (size_t)i] = (uint8_t)(sum >> (24 - 8 * i));
        at += 12 + length;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    size = LLVMFuzzerMutate(data, size, max_size);
    /* One in eight stays as it is, for the checks of the checksums themselves. */
    if (size > 8 && data[0] == 0x89 && seed % 8)
        repair_png(data, size);
    return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t frame[28 * 28];
    md_error err = {0};
    md_fuzz_fill(&picture, data, size);
    md_status status = md_image_read(picture.path, MD_IMAGE_FITTED, 28, 28, frame, &err);
    md_fuzz_require_outcome(status, &err, MD_BAD_DATA);
    return 0;
}
