/* An HDF5 file: /train/images u8 [n, rows, columns], /train/labels u8 [n], /test likewise. */
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/hdf5/h5.h"
#include "source_internal.h"

/* By md_split. */
static const char *const groups[2] = {"/train", "/test"};
static const char *const images_of[2] = {"/train/images", "/test/images"};
static const char *const labels_of[2] = {"/train/labels", "/test/labels"};

typedef struct h5_context {
    md_h5 file;
    char path[]; /* the file's name */
} h5_context;

/* The extents of a dataset of bytes, which must have `rank` of them. */
static void get_shape(md_h5 *f, const char *path, int rank, md_h5_shape *out)
{
    const md_h5_type type = md_h5_get_type(f, path);
    md_h5_get_shape(f, path, out);
    const char *wrong = type != MD_H5_U8    ? "does not hold unsigned bytes"
                        : out->rank != rank ? "has the wrong number of dimensions"
                                            : NULL;
    if (wrong)
        md_h5_fail(f,
                   "%s %s; give a file with /train/images u8 [n, rows, columns] and /train/labels "
                   "u8 [n], and /test likewise",
                   path, wrong);
}

static void get_split_shape(md_h5 *f, md_split split, md_h5_shape *images)
{
    md_h5_shape labels;
    get_shape(f, images_of[split], 3, images);
    get_shape(f, labels_of[split], 1, &labels);
    if (!f->status && images->dims[0] != labels.dims[0])
        md_h5_fail(f, "%s holds %llu images, but %s holds %llu labels; give as many of each",
                   images_of[split], (unsigned long long)images->dims[0], labels_of[split],
                   (unsigned long long)labels.dims[0]);
}

static void get_shapes(md_h5 *f, md_source_shape *shape)
{
    md_h5_shape train, test;
    get_split_shape(f, MD_SPLIT_TRAIN, &train);
    shape->images[MD_SPLIT_TRAIN] = (size_t)train.dims[0];
    shape->rows = (size_t)train.dims[1];
    shape->columns = (size_t)train.dims[2];
    if (!md_h5_exists(f, groups[MD_SPLIT_TEST]))
        return;
    get_split_shape(f, MD_SPLIT_TEST, &test);
    shape->images[MD_SPLIT_TEST] = (size_t)test.dims[0];
    if (!f->status && (test.dims[1] != train.dims[1] || test.dims[2] != train.dims[2]))
        md_h5_fail(f,
                   "test images are %llu x %llu pixels, training images %zu x %zu; give both the "
                   "same size",
                   (unsigned long long)test.dims[1], (unsigned long long)test.dims[2], shape->rows,
                   shape->columns);
}

static md_status hdf5_open(md_source *source, const char *where, md_error *err)
{
    const size_t size = strlen(where) + 1;
    h5_context *h5 = malloc(sizeof *h5 + size);
    if (!h5)
        return md_fail_memory(err, "a data source", sizeof *h5 + size);
    memcpy(h5->path, where, size);
    source->context = h5;
    md_status status = md_h5_open_path(&h5->file, h5->path, &md_data_file, err);
    get_shapes(&h5->file, &source->shape);
    status = h5->file.status;
    if (status) {
        md_h5_close(&h5->file);
        free(h5);
        source->context = NULL;
    }
    return status;
}

/* The shapes must still be those of the opening. */
static md_status hdf5_read(md_source *source, md_split split, md_samples *out, md_error *err)
{
    h5_context *h5 = source->context;
    const md_source_shape *shape = &source->shape;
    const hsize_t n = shape->images[split];
    const md_h5_array image_array = {MD_H5_U8, {3, {n, shape->rows, shape->columns}}};
    const md_h5_array label_array = {MD_H5_U8, {1, {n}}};
    h5->file.err = err;
    uint8_t *labels = (uint8_t *)out->labels[split];
    md_h5_get_array(&h5->file, images_of[split], &image_array, out->features[split]);
    md_h5_get_array(&h5->file, labels_of[split], &label_array, labels);
    md_samples_widen(out->labels[split], (size_t)n);
    h5->file.err = NULL; /* the caller's */
    return h5->file.status;
}

static void hdf5_close(md_source *source)
{
    h5_context *h5 = source->context;
    md_h5_close(&h5->file);
    free(h5);
}

static int ends_with(const char *text, const char *ending)
{
    size_t n = strlen(text), m = strlen(ending);
    return n >= m && strcmp(text + n - m, ending) == 0;
}

static int hdf5_recognises(const char *where)
{
    return ends_with(where, ".h5") || ends_with(where, ".hdf5");
}

const md_source_ops md_source_hdf5 = {".h5 file", hdf5_recognises, hdf5_open, hdf5_read,
                                      hdf5_close};
