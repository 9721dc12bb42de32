/* A CSV file, plain or gzip, and the columns to be learned: refused with a message, or as many
 * finite features and classes as there are rows. The input's first byte says which columns. */
#include <math.h>

#include "fixtures.h"
#include "fuzz_file.h"

static md_fuzz_file table;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    table = md_fuzz_create();
    return 0;
}

static void check(const md_samples *s)
{
    const float *x = s->features[MD_SPLIT_TRAIN];
    const int32_t *labels = s->labels[MD_SPLIT_TRAIN];
    const size_t rows = s->shape.images[MD_SPLIT_TRAIN];
    md_fuzz_require(rows > 0 && s->shape.rows == 1 && (labels || s->targets > 0));
    for (size_t i = 0; i < rows * s->shape.columns; i++)
        md_fuzz_require(isfinite(x[i]));
    for (size_t i = 0; i < rows; i++)
        md_fuzz_require(!labels || labels[i] >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const targets[] = {"", "1", "2", "kind", "[1, 3]", "[a, b]"};
    enum { TARGETS = sizeof targets / sizeof *targets };
    if (size == 0)
        return 0;
    const md_source_wishes wishes = {
        .where = table.path, .target = targets[data[0] % TARGETS], .numbers = data[0] >> 7};
    md_error err = {0};
    md_source *source;
    md_samples samples = {0};
    md_fuzz_fill(&table, data + 1, size - 1);
    md_status status = md_source_open(&wishes, &source, &err);
    if (!status)
        status = md_source_read(source, MD_SPLIT_TRAIN, &samples, &err);
    md_fuzz_require_outcome(status, &err, MD_BAD_DATA);
    if (!status)
        check(&samples);
    md_samples_clear(&samples);
    md_source_close(&source);
    return 0;
}
