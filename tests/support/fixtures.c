#include "fixtures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

static void require(int condition, const char *what)
{
    if (condition)
        return;
    perror(what);
    exit(1);
}

static void *allocate(size_t size)
{
    void *memory = malloc(size ? size : 1);
    require(memory != NULL, "malloc");
    return memory;
}

void md_fixture_write(const char *folder, const char *name, const void *bytes, size_t size)
{
    char path[TEST_PATH];
    /* A new file: ext4 writes one that was truncated to disk at once, and tests write thousands. */
    remove(test_path(folder, name, path));
    FILE *file = fopen(path, "wb");
    require(file && fwrite(bytes, 1, size, file) == size, path);
    require(fclose(file) == 0, path);
}

void md_fixture_write_gzip(const char *folder, const char *name, const void *bytes, size_t size)
{
    char path[TEST_PATH];
    gzFile file = gzopen(test_path(folder, name, path), "wb");
    require(file && (size == 0 || gzwrite(file, bytes, (unsigned)size) == (int)size), path);
    require(gzclose(file) == Z_OK, path);
}

uint8_t *md_fixture_read(const char *folder, const char *name, size_t *size)
{
    char path[TEST_PATH];
    struct stat info;
    FILE *file = fopen(test_path(folder, name, path), "rb");
    require(file && fstat(fileno(file), &info) == 0, path);
    *size = (size_t)info.st_size;
    uint8_t *bytes = allocate(*size);
    require(fread(bytes, 1, *size, file) == *size, path);
    fclose(file);
    return bytes;
}

uint8_t md_fixture_pixel(md_split split, size_t image, size_t pixel)
{
    uint32_t mixed = (uint32_t)(image * 2654435761u + pixel * 40503u + (unsigned)split * 97u);
    mixed = (mixed ^ mixed >> 15) * 0x2c1b3c6du;
    mixed ^= mixed >> 13;
    return mixed % 5 ? 0 : (uint8_t)(mixed >> 24);
}

uint8_t md_fixture_label(md_split split, size_t image)
{
    return (uint8_t)((image * 7 + (unsigned)split) % 10);
}

static void put_be32(uint8_t *at, size_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

uint8_t *md_fixture_idx_images(const md_source_shape *shape, md_split split, size_t *size)
{
    size_t n = shape->images[split], pixels = shape->rows * shape->columns;
    *size = 16 + n * pixels;
    uint8_t *bytes = allocate(*size);
    put_be32(bytes, 0x803);
    put_be32(bytes + 4, n);
    put_be32(bytes + 8, shape->rows);
    put_be32(bytes + 12, shape->columns);
    for (size_t i = 0; i < n * pixels; i++)
        bytes[16 + i] = md_fixture_pixel(split, i / pixels, i % pixels);
    return bytes;
}

uint8_t *md_fixture_idx_labels(const md_source_shape *shape, md_split split, size_t *size)
{
    size_t n = shape->images[split];
    *size = 8 + n;
    uint8_t *bytes = allocate(*size);
    put_be32(bytes, 0x801);
    put_be32(bytes + 4, n);
    for (size_t i = 0; i < n; i++)
        bytes[8 + i] = md_fixture_label(split, i);
    return bytes;
}

static void write_idx(const char *folder, const char *name, uint8_t *bytes, size_t size, int gzip)
{
    char with_gz[TEST_PATH];
    snprintf(with_gz, sizeof with_gz, "%s.gz", name);
    if (gzip)
        md_fixture_write_gzip(folder, with_gz, bytes, size);
    else
        md_fixture_write(folder, name, bytes, size);
    free(bytes);
}

void md_fixture_idx_set(const char *folder, const md_source_shape *shape, int gzip)
{
    const char *const images[] = {"train-images-idx3-ubyte", "t10k-images-idx3-ubyte"};
    const char *const labels[] = {"train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"};
    for (int i = 0; i < 2 && (i == 0 || shape->images[i] > 0); i++) {
        size_t size;
        uint8_t *bytes = md_fixture_idx_images(shape, (md_split)i, &size);
        write_idx(folder, images[i], bytes, size, gzip);
        bytes = md_fixture_idx_labels(shape, (md_split)i, &size);
        write_idx(folder, labels[i], bytes, size, gzip);
    }
}

md_status md_fixture_load(const char *where, md_fixture_data *out, md_error *err)
{
    *out = (md_fixture_data){0};
    md_source *source;
    md_status status = md_source_open(&(md_source_wishes){.where = where}, &source, err);
    if (status)
        return status;
    for (int i = 0; i < 2 && status == MD_OK; i++) {
        status = md_source_read(source, (md_split)i, &out->samples, err);
        out->images[i] = out->samples.features[i];
        out->labels[i] = out->samples.labels[i];
    }
    out->shape = out->samples.shape;
    md_source_close(&source);
    return status;
}

void md_fixture_free(md_fixture_data *data)
{
    md_samples_clear(&data->samples);
    *data = (md_fixture_data){0};
}
