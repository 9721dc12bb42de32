#include "mnist_dist/data/source.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source_internal.h"
#include "streamed.h"

const md_file_kind md_data_file = {.what = "a file", .quote = "", .status = MD_BAD_DATA};

extern const md_source_ops md_source_idx, md_source_hdf5, md_source_npz, md_source_csv,
    md_source_synthetic;

/* All there are. The first that recognises what the user gave opens it. Any path may be a folder,
 * so that IDX recognises everything, comes last and says what else could have been given. */
static const md_source_ops *const kinds[] = {&md_source_synthetic, &md_source_hdf5, &md_source_npz,
                                             &md_source_csv, &md_source_idx};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

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

int md_source_starts(const char *where, long offset, const char *bytes, size_t count)
{
    enum { MOST = 16 };
    char found[MOST];
    struct stat info;
    if (count > MOST || stat(where, &info) != 0 || !S_ISREG(info.st_mode))
        return 0;
    const int fd = open(where, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    const int same =
        pread(fd, found, count, offset) == (ssize_t)count && memcmp(found, bytes, count) == 0;
    close(fd);
    return same;
}

static const md_source_ops *choose(const char *where)
{
    size_t i = 0;
    while (!kinds[i]->recognises(where))
        i++;
    return kinds[i];
}

int md_source_holds(const char *where)
{
    for (size_t i = 0; i < KINDS; i++)
        if (kinds[i]->recognises(where))
            return kinds[i]->holds(where);
    return 0;
}

/* What the rest of the program relies on: sample numbers are 32 bits wide, and an image's pixels
 * can be counted in an int. */
static md_status check_shape(const md_source *source, const char *where, md_error *err)
{
    const md_source_shape *shape = &source->shape;
    const md_split needed = source->wishes.only ? *source->wishes.only : MD_SPLIT_TRAIN;
    size_t pixels;
    if (shape->images[needed] == 0)
        return md_fail(err, MD_BAD_DATA, "%s: there are no %s images; give another data set", where,
                       needed == MD_SPLIT_TRAIN ? "training" : "test");
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

/* A file of one part is what it is asked for. */
static void place_single(md_source *source)
{
    if (!source->single || !source->wishes.only || *source->wishes.only != MD_SPLIT_TEST)
        return;
    source->x[MD_SPLIT_TEST] = source->x[MD_SPLIT_TRAIN];
    source->y[MD_SPLIT_TEST] = source->y[MD_SPLIT_TRAIN];
    source->x[MD_SPLIT_TRAIN].rank = source->y[MD_SPLIT_TRAIN].rank = 0;
}

static md_status take_split(md_source *source, md_split split, md_error *err)
{
    const md_array *x = &source->x[split], *y = &source->y[split];
    md_source_shape *shape = &source->shape;
    size_t rows, columns;
    if (x->rank == 0)
        return MD_OK;
    md_status status = md_array_image(x, &rows, &columns, err);
    if (status)
        return status;
    if (y->rank > 0 && y->extent[0] != x->extent[0])
        return md_fail(err, MD_BAD_DATA,
                       "%s holds %zu images, but %s holds %zu labels; give as many of each",
                       x->name, x->extent[0], y->name, y->extent[0]);
    if (split == MD_SPLIT_TEST && source->x[MD_SPLIT_TRAIN].rank > 0 &&
        (rows != shape->rows || columns != shape->columns))
        return md_fail(err, MD_BAD_DATA,
                       "%s: test images are %zu x %zu pixels, training images %zu x %zu; give both "
                       "the same size",
                       x->name, rows, columns, shape->rows, shape->columns);
    shape->rows = rows;
    shape->columns = columns;
    shape->images[split] = x->extent[0];
    return MD_OK;
}

/* Arrays of a file are told with it. */
static md_status with_file(const md_source *source, md_status status, md_error *err)
{
    return status && source->ops->is_file && !strstr(err->text, source->wishes.where)
               ? md_fail_context(err, status, "'%s': ", source->wishes.where)
               : status;
}

static md_status take_arrays(md_source *source, const char *where, md_error *err)
{
    md_status status = MD_OK;
    place_single(source);
    for (int split = 0; split < 2 && !status; split++)
        status = with_file(source, take_split(source, (md_split)split, err), err);
    return status ? status : check_shape(source, where, err);
}

static void free_names(md_source *source)
{
    free(source->feature_names);
    free(source->class_names);
    free(source->notes);
}

md_status md_source_note(md_source *source, md_error *err, const char *format, ...)
{
    char *before = source->notes, *added = NULL, *joined = NULL;
    va_list values;
    va_start(values, format);
    const int length = vasprintf(&added, format, values);
    va_end(values);
    if (length < 0 ||
        asprintf(&joined, "%s%s%s", before ? before : "", before ? "\n" : "", added) < 0) {
        if (length >= 0)
            free(added);
        return md_fail_memory(err, "a message", MD_SOURCE_TEXT);
    }
    free(added);
    free(before);
    source->notes = joined;
    return MD_OK;
}

md_status md_source_leave_answers(md_source *source, const md_error *why, md_error *err)
{
    return md_source_note(source, err, "%s; no answers are taken from it", why->text);
}

md_status md_source_open(const md_source_wishes *wishes, md_source **out, md_error *err)
{
    const char *where = wishes->where;
    *out = NULL;
    if (strlen(where) >= PATH_MAX)
        return md_fail(err, MD_BAD_DATA,
                       "data.source: a path longer than %d bytes cannot be used: %.60s...",
                       PATH_MAX - 1, where);
    md_source *source = calloc(1, sizeof *source);
    if (!source)
        return md_fail_memory(err, "a data source", sizeof *source);
    source->wishes = *wishes;
    source->ops = choose(where);
    md_status status = source->ops->open(source, where, err);
    if (status) {
        free_names(source);
        free(source);
        return status;
    }
    status = take_arrays(source, where, err);
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
    free_names(*source);
    free(*source);
    *source = NULL;
}

const md_source_shape *md_source_get_shape(const md_source *source)
{
    return &source->shape;
}

const char *md_source_kind(const md_source *source)
{
    return source->ops->form;
}

int md_source_describe(const md_source *source, md_split split, int answers,
                       char out[MD_SOURCE_TEXT])
{
    const md_array *array = answers ? &source->y[split] : &source->x[split];
    if (array->rank > 0)
        md_array_describe(array, out);
    return array->rank > 0;
}

int md_source_is_single(const md_source *source)
{
    return source->single;
}

const char *md_source_feature_names(const md_source *source)
{
    return source->feature_names;
}

const char *md_source_class_names(const md_source *source)
{
    return source->class_names;
}

const char *md_source_notes(const md_source *source)
{
    return source->notes;
}

/* All of an array in new memory, aligned for any type. */
static md_status read_numbers(md_source *source, const md_array *array, void **out, md_error *err)
{
    const size_t width = md_array_width(array) * md_number_size(array->type);
    md_status status = md_samples_room(out, array->extent[0], width, err);
    return status ? status : source->ops->read(source, array, *out, err);
}

/* Of both splits, so that they lie alike. */
static int are_bytes(const md_source *source)
{
    for (int split = 0; split < 2; split++)
        if (source->x[split].rank > 0 && source->x[split].type != MD_NUMBER_U8)
            return 0;
    return 1;
}

/* What is known of features before any is read. */
static void describe_features(const md_source *source, md_split split, md_samples *out)
{
    const md_number type = source->x[split].type;
    out->shape.rows = source->shape.rows;
    out->shape.columns = source->shape.columns;
    out->shape.images[split] = source->shape.images[split];
    out->element = are_bytes(source) ? MD_ELEMENT_U8 : MD_ELEMENT_F32;
    if (source->shape.images[split] > 0)
        out->integers |= source->integers || (type != MD_NUMBER_F32 && type != MD_NUMBER_F64);
}

static md_status read_features(md_source *source, md_split split, md_samples *out, md_error *err)
{
    const md_array *x = &source->x[split];
    if (out->element == MD_ELEMENT_U8)
        return read_numbers(source, x, &out->features[split], err);
    void *numbers = NULL;
    md_status status = read_numbers(source, x, &numbers, err);
    if (!status)
        status = md_samples_room(&out->features[split], x->extent[0],
                                 md_array_width(x) * sizeof(float), err);
    if (!status)
        status = md_array_floats(x, numbers, out->features[split], err);
    free(numbers);
    return status;
}

static md_status take_values(const md_source *source, md_split split, const void *numbers,
                             md_samples *out, md_error *err)
{
    const md_array *y = &source->y[split];
    const md_model_spec *model = source->wishes.model;
    const size_t width = md_array_width(y);
    if (model && width != (size_t)md_model_spec_outputs(model))
        return md_fail(err, MD_BAD_DATA,
                       "%s: has %zu numbers to answer a sample with, and the model %d outputs",
                       y->name, width, md_model_spec_outputs(model));
    if (out->targets > 0 && out->targets != width)
        return md_fail(err, MD_BAD_DATA,
                       "%s: test samples have %zu targets, training samples %zu; give both as "
                       "many",
                       y->name, width, out->targets);
    md_status status =
        md_samples_room((void **)&out->values[split], y->extent[0], width * sizeof(float), err);
    if (!status)
        status = md_array_floats(y, numbers, out->values[split], err);
    out->targets = width;
    return status;
}

static md_status take_labels(const md_source *source, md_split split, const void *numbers,
                             md_samples *out, md_error *err)
{
    const md_array *y = &source->y[split];
    const md_model_spec *model = source->wishes.model;
    md_status status =
        md_samples_room((void **)&out->labels[split], y->extent[0], sizeof(int32_t), err);
    if (!status)
        status = md_array_labels(y, numbers, out->labels[split], err);
    for (size_t i = 0; model && !status && i < y->extent[0]; i++)
        if (out->labels[split][i] >= md_model_spec_classes(model))
            return md_fail(
                err, MD_BAD_DATA,
                "%s: the label of sample %zu (from 0) is %d, and the model's classes are "
                "0 to %d",
                y->name, i, out->labels[split][i], md_model_spec_classes(model) - 1);
    return status;
}

static md_status read_answers(md_source *source, md_split split, md_samples *out, md_error *err)
{
    void *numbers = NULL;
    md_error why;
    md_status status = read_numbers(source, &source->y[split], &numbers, err);
    if (status) {
        free(numbers);
        return status;
    }
    status = source->wishes.numbers ? take_values(source, split, numbers, out, &why)
                                    : take_labels(source, split, numbers, out, &why);
    free(numbers);
    if (status != MD_BAD_DATA || !source->wishes.model)
        return status ? md_fail(err, status, "%s", why.text) : MD_OK;
    free(out->values[split]);
    free(out->labels[split]);
    out->values[split] = NULL;
    out->labels[split] = NULL;
    out->targets = 0;
    with_file(source, status, &why);
    return md_source_leave_answers(source, &why, err);
}

md_status md_source_read(md_source *source, md_split split, md_samples *out, md_error *err)
{
    describe_features(source, split, out);
    if (source->shape.images[split] == 0)
        return MD_OK;
    md_status status = read_features(source, split, out, err);
    if (!status && source->y[split].rank > 0)
        status = read_answers(source, split, out, err);
    return with_file(source, status, err);
}

static md_status locate_features(md_source *source, md_split split, size_t window, md_samples *out,
                                 md_error *err)
{
    const md_array *x = &source->x[split];
    md_feature_file file;
    md_h5_piece *pieces = NULL;
    if (!source->ops->locate)
        return md_fail(err, MD_BAD_DATA,
                       "%s: is a %s, which cannot be read in parts; give an HDF5 file (h5py: "
                       "create_dataset('train/images', data=x, chunks=(1000, ...)), IDX files or "
                       "an .npz of numpy.savez, or set data.memory to resident",
                       source->wishes.where, source->ops->form);
    md_status status = source->ops->locate(source, x, &file, &pieces, err);
    if (!status && !out->streamed)
        status = md_streamed_create(window, &out->streamed, err);
    if (status) {
        free(pieces);
        return status;
    }
    file.element = out->element;
    md_streamed_place(out->streamed, split, &file, pieces);
    return MD_OK;
}

md_status md_source_locate(md_source *source, md_split split, size_t window, md_samples *out,
                           md_error *err)
{
    describe_features(source, split, out);
    if (source->shape.images[split] == 0)
        return MD_OK;
    md_status status = locate_features(source, split, window, out, err);
    if (!status && source->y[split].rank > 0)
        status = read_answers(source, split, out, err);
    return with_file(source, status, err);
}

size_t md_source_bytes(const md_source *source)
{
    const size_t size = md_element_size(are_bytes(source) ? MD_ELEMENT_U8 : MD_ELEMENT_F32);
    const size_t width = source->shape.rows * source->shape.columns * size + sizeof(int32_t);
    return (source->shape.images[MD_SPLIT_TRAIN] + source->shape.images[MD_SPLIT_TEST]) * width;
}
