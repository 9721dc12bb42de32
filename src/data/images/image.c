#include "mnist_dist/data/image.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "picture.h"
#include "source_internal.h"

enum { MAX_PIXELS = 64 * 1000 * 1000 };

md_status md_picture_allocate(const md_picture_file *file, const md_picture_claim *claim,
                              md_picture *out, md_error *err)
{
    uint64_t pixels;
    if (__builtin_mul_overflow(claim->width, claim->height, &pixels) || pixels > MAX_PIXELS)
        return md_fail(err, MD_BAD_DATA,
                       "%s: is %" PRIu64 " x %" PRIu64 " pixels, more than 64 megapixels; make it "
                       "smaller",
                       file->path, claim->width, claim->height);
    if (pixels == 0 || pixels > claim->most)
        return md_fail(err, MD_BAD_DATA,
                       "%s: claims %" PRIu64 " x %" PRIu64 " pixels, which %" PRIu64
                       " bytes cannot hold; save it again",
                       file->path, claim->width, claim->height, file->size);
    size_t bytes = pixels * claim->bytes_per_pixel;
    *out = (md_picture){.width = claim->width, .height = claim->height, .grey = malloc(bytes)};
    return out->grey ? MD_OK : md_fail_memory(err, "a picture", bytes);
}

static md_status read_picture(const md_picture_file *file, md_picture *out, md_error *err)
{
    int first = getc(file->stream);
    rewind(file->stream);
    if (first == 0x89)
        return md_picture_read_png(file, out, err);
    if (first == 'P')
        return md_picture_read_pgm(file, out, err);
    return md_fail(err, MD_BAD_DATA, "%s: is neither PNG nor PGM; convert it to one of them",
                   file->path);
}

md_status md_image_read(const char *path, size_t rows, size_t columns, uint8_t *out, md_error *err)
{
    md_picture_file file = {.path = path};
    md_picture picture = {0};
    int fd;
    md_status status = md_file_open(path, &md_data_file, &fd, &file.size, NULL, err);
    if (status)
        return status;
    file.stream = fdopen(fd, "rb");
    if (!file.stream) {
        close(fd);
        return md_fail_memory(err, "reading a picture", BUFSIZ);
    }
    status = read_picture(&file, &picture, err);
    if (status == MD_OK)
        status = md_picture_fit(&picture, path, rows, columns, out, err);
    free(picture.grey);
    fclose(file.stream);
    return status;
}
