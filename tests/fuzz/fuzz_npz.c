/* An archive of two NumPy arrays, X and y, whose headers and numbers are the input: refused with a
 * message, or read in full. The input is the size of y's member, that member, and X's. (Mutated zip
 * archives as such would test libzip, not this program.) */
#include <math.h>
#include <stdlib.h>
#include <zip.h>

#include "fixtures.h"
#include "fuzz_file.h"

static md_fuzz_file archive;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    archive = md_fuzz_create();
    return 0;
}

static void add(zip_t *zip, const char *name, const uint8_t *data, size_t size)
{
    zip_source_t *source = zip_source_buffer(zip, data, size, 0);
    md_fuzz_require(source && zip_file_add(zip, name, source, 0) >= 0);
    md_fuzz_require(zip_set_file_compression(zip, (zip_uint64_t)zip_get_num_entries(zip, 0) - 1,
                                             ZIP_CM_STORE, 0) == 0);
}

static void make_archive(const uint8_t *y, size_t y_size, const uint8_t *x, size_t x_size)
{
    zip_error_t why;
    zip_source_t *whole = zip_source_buffer_create(NULL, 0, 0, &why);
    zip_source_keep(whole);
    zip_t *zip = zip_open_from_source(whole, ZIP_TRUNCATE, &why);
    md_fuzz_require(zip != NULL);
    add(zip, "y.npy", y, y_size);
    add(zip, "X.npy", x, x_size);
    md_fuzz_require(zip_close(zip) == 0 && zip_source_open(whole) == 0);
    zip_source_seek(whole, 0, SEEK_END);
    const zip_int64_t size = zip_source_tell(whole);
    uint8_t *bytes = malloc((size_t)size);
    md_fuzz_require(bytes && zip_source_seek(whole, 0, SEEK_SET) == 0 &&
                    zip_source_read(whole, bytes, (zip_uint64_t)size) == size);
    md_fuzz_fill(&archive, bytes, (size_t)size);
    free(bytes);
    zip_source_close(whole);
    zip_source_free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const size_t y_size = data[0] < size ? data[0] : size - 1;
    make_archive(data + 1, y_size, data + 1 + y_size, size - 1 - y_size);
    md_fixture_data loaded;
    md_error err = {0};
    md_status status = md_fixture_load(archive.path, &loaded, &err);
    md_fuzz_require_outcome(status, &err, MD_BAD_DATA);
    const md_samples *s = &loaded.samples;
    const size_t count = s->shape.images[0] * s->shape.rows * s->shape.columns;
    for (size_t i = 0; !status && s->element == MD_ELEMENT_F32 && i < count; i++)
        md_fuzz_require(isfinite(((const float *)s->features[0])[i]));
    for (size_t i = 0; !status && i < s->shape.images[0]; i++)
        md_fuzz_require(s->labels[0][i] >= 0);
    md_fixture_free(&loaded);
    return 0;
}
