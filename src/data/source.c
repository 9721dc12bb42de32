#include "mnist_dist/data/source.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "source_internal.h"

const md_file_kind md_data_file = {.what = "a file", .quote = "", .status = MD_BAD_DATA};

extern const md_source_ops md_source_idx, md_source_hdf5, md_source_synthetic;

/* All there are. The first that recognises what the user gave opens it. Any path may be a folder,
 * so that IDX recognises everything, comes last and says what else could have been given. */
static const md_source_ops *const kinds[] = {&md_source_synthetic, &md_source_hdf5, &md_source_idx};

enum { KINDS = sizeof kinds / sizeof *kinds };

const char *md_source_form(size_t i)
{
    return i < KINDS ? kinds[i]->form : NULL;
}

const char *md_source_instead(void)
{
    const char *folder = getenv("MNIST_DIR");
    return folder && folder[0] ? folder : "synthetic";
}

void md_source_forms(char out[MD_VALUE_SIZE])
{
    const char *forms[KINDS + 1] = {NULL};
    for (size_t i = 0; i < KINDS; i++)
        forms[i] = kinds[i]->form;
    md_key_list(forms, out);
}

static const md_source_ops *choose(const char *where)
{
    size_t i = 0;
    while (!kinds[i]->recognises(where))
        i++;
    return kinds[i];
}

/* What the rest of the program relies on: sample numbers are 32 bits wide, and an image's pixels
 * can be counted in an int. */
static md_status check_shape(const md_source_shape *shape, const char *where, md_error *err)
{
    size_t pixels;
    if (shape->images[MD_SPLIT_TRAIN] == 0)
        return md_fail(err, MD_BAD_DATA, "%s: there are no training images; give another data set",
                       where);
    if (shape->rows == 0 || shape->columns == 0 ||
        __builtin_mul_overflow(shape->rows, shape->columns, &pixels) || pixels > INT_MAX)
        return md_fail(err, MD_BAD_DATA,
                       "%s: images of %zu x %zu pixels cannot be used; give 1 to 2147483647 pixels "
                       "an image",
                       where, shape->rows, shape->columns);
    for (int split = 0; split < 2; split++)
        if (shape->images[split] > UINT32_MAX)
            return md_fail(err, MD_BAD_DATA, "%s: %zu images are more than the 4294967295 possible",
                           where, shape->images[split]);
    return MD_OK;
}

md_status md_source_open(const char *where, md_source **out, md_error *err)
{
    *out = NULL;
    if (strlen(where) >= PATH_MAX)
        return md_fail(err, MD_BAD_DATA,
                       "data.source: a path longer than %d bytes cannot be used: %.60s...",
                       PATH_MAX - 1, where);
    md_source *source = calloc(1, sizeof *source);
    if (!source)
        return md_fail_memory(err, "a data source", sizeof *source);
    source->ops = choose(where);
    md_status status = source->ops->open(source, where, err);
    if (status) {
        free(source);
        return status;
    }
    status = check_shape(&source->shape, where, err);
    if (status)
        md_source_close(&source);
    *out = source;
    return status;
}

void md_source_close(md_source **source)
{
    if (!*source)
        return;
    (*source)->ops->close(*source);
    free(*source);
    *source = NULL;
}

const md_source_shape *md_source_get_shape(const md_source *source)
{
    return &source->shape;
}

md_status md_source_read(md_source *source, md_split split, md_samples *out, md_error *err)
{
    out->shape.rows = source->shape.rows;
    out->shape.columns = source->shape.columns;
    out->shape.images[split] = source->shape.images[split];
    if (source->shape.images[split] == 0)
        return MD_OK;
    md_status status = md_samples_allocate(out, split, err);
    return status ? status : source->ops->read(source, split, out, err);
}
