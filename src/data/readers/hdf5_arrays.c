/* An HDF5 file: /train/images u8 [n, rows, columns], /train/labels u8 [n], /test likewise. The file
 * is not trusted: nothing it says makes the library open another file, run a filter other than the
 * usual ones, or allocate more than the file's own size can account for. */
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source_internal.h"

enum { MAX_RANK = 3, WORDS_SIZE = 200 };

static const char *const groups[2] = {"train", "test"}; /* by md_split */

typedef struct h5_context {
    char *path;
    uint64_t size; /* of the file, bytes */
    hid_t file;
} h5_context;

/* One dataset on its way through the checks. */
typedef struct h5_dataset {
    const h5_context *h5;
    char name[32]; /* "/train/images" */
    int rank;
    size_t size[MAX_RANK];
} h5_dataset;

/* The innermost entry says what went wrong, the outer ones only who called. */
static herr_t take_words(unsigned depth, const H5E_error2_t *entry, void *words)
{
    if (depth == 0 && entry->desc)
        snprintf(words, WORDS_SIZE, "%s", entry->desc);
    return 0;
}

/* A call of HDF5 failed. */
static md_status fail_h5(const char *path, const char *name, const char *what, md_error *err)
{
    char words[WORDS_SIZE] = "no details";
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_words, words);
    return md_fail(err, MD_BAD_DATA, "%s: %s%s cannot be %s (HDF5: %s); give a sound HDF5 file",
                   path, name, name[0] ? "" : "the file", what, words);
}

/* HDF5 did its part, but what the file holds is not what we take. */
static md_status refuse(const h5_dataset *d, const char *what, md_error *err)
{
    return md_fail(err, MD_BAD_DATA,
                   "%s: %s %s; give a file with /train/images u8 [n, rows, columns] and "
                   "/train/labels u8 [n], and /test likewise",
                   d->h5->path, d->name, what);
}

static md_status open_file(h5_context *h5, md_error *err)
{
    int fd;
    md_status status = md_file_open(h5->path, &md_data_file, &fd, &h5->size, NULL, err);
    if (status)
        return status;
    close(fd);
    /* Locks are for writers; on some network file systems asking for one fails. */
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (access < 0 || H5Pset_file_locking(access, 0, 1) < 0 ||
        (h5->file = H5Fopen(h5->path, H5F_ACC_RDONLY, access)) < 0)
        status = fail_h5(h5->path, "", "opened", err);
    if (access >= 0)
        H5Pclose(access);
    return status;
}

/* Soft and external links lead elsewhere, even out of the file. */
static md_status check_link(const h5_dataset *d, const char *name, md_error *err)
{
    H5L_info_t info;
    if (H5Lexists(d->h5->file, name, H5P_DEFAULT) <= 0)
        return refuse(d, "is missing", err);
    if (H5Lget_info(d->h5->file, name, &info, H5P_DEFAULT) < 0)
        return fail_h5(d->h5->path, d->name, "found", err);
    if (info.type != H5L_TYPE_HARD)
        return refuse(d, "is behind a soft or external link, which is not followed", err);
    return MD_OK;
}

static md_status check_type(const h5_dataset *d, hid_t dataset, md_error *err)
{
    hid_t type = H5Dget_type(dataset);
    if (type < 0)
        return fail_h5(d->h5->path, d->name, "read", err);
    int bytes = H5Tget_class(type) == H5T_INTEGER && H5Tget_size(type) == 1 &&
                H5Tget_sign(type) == H5T_SGN_NONE;
    H5Tclose(type);
    return bytes ? MD_OK : refuse(d, "does not hold unsigned bytes", err);
}

static md_status read_extent(h5_dataset *d, hid_t dataset, md_error *err)
{
    hid_t space = H5Dget_space(dataset);
    if (space < 0)
        return fail_h5(d->h5->path, d->name, "read", err);
    hsize_t size[MAX_RANK] = {0};
    md_status status = MD_OK;
    if (H5Sget_simple_extent_ndims(space) != d->rank)
        status = refuse(d, "has the wrong number of dimensions", err);
    else if (H5Sget_simple_extent_dims(space, size, NULL) < 0)
        status = fail_h5(d->h5->path, d->name, "read", err);
    for (int i = 0; i < d->rank; i++)
        d->size[i] = (size_t)size[i];
    H5Sclose(space);
    return status;
}

/* Counts deflate; -1 when there is a filter that we do not take. */
static int count_deflate(hid_t creation)
{
    int deflate = 0, filters = H5Pget_nfilters(creation);
    for (int i = 0; i < filters; i++) {
        unsigned flags, config;
        size_t parameters = 0;
        H5Z_filter_t filter =
            H5Pget_filter2(creation, (unsigned)i, &flags, &parameters, NULL, 0, NULL, &config);
        if (filter == H5Z_FILTER_DEFLATE)
            deflate++;
        else if (filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32)
            return -1;
    }
    return filters < 0 ? -1 : deflate;
}

/* Do this many elements of one byte fit in `limit`? */
static int fits(const hsize_t *size, int rank, uint64_t limit)
{
    uint64_t bytes = 1;
    for (int i = 0; i < rank; i++)
        if (__builtin_mul_overflow(bytes, size[i], &bytes))
            return 0;
    return bytes <= limit;
}

/* Bounds what reading will allocate by what the file can hold: HDF5 itself allocates whole chunks,
 * and as much as deflate makes of them. */
static md_status check_storage(const h5_dataset *d, hid_t creation, md_error *err)
{
    H5D_layout_t layout = H5Pget_layout(creation);
    if (layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED)
        return refuse(d, "has a layout (virtual?) that is not taken", err);
    if (H5Pget_external_count(creation) != 0)
        return refuse(d, "keeps its bytes in another file, which is not read", err);
    int deflate = count_deflate(creation);
    if (deflate < 0 || deflate > 1)
        return refuse(d, "uses a filter other than gzip, shuffle and fletcher32", err);
    uint64_t limit = d->h5->size;
    if (deflate && __builtin_mul_overflow(limit, MD_INFLATE_RATIO, &limit))
        limit = UINT64_MAX;
    hsize_t size[MAX_RANK], chunk[MAX_RANK] = {0};
    for (int i = 0; i < d->rank; i++)
        size[i] = d->size[i];
    if (layout == H5D_CHUNKED && H5Pget_chunk(creation, MAX_RANK, chunk) != d->rank)
        return fail_h5(d->h5->path, d->name, "read", err);
    if (!fits(size, d->rank, limit) || !fits(chunk, d->rank, limit))
        return refuse(d, "claims more bytes than the file can hold", err);
    return MD_OK;
}

static md_status check_dataset(h5_dataset *d, hid_t dataset, md_error *err)
{
    md_status status = check_type(d, dataset, err);
    if (status == MD_OK)
        status = read_extent(d, dataset, err);
    if (status)
        return status;
    hid_t creation = H5Dget_create_plist(dataset);
    if (creation < 0)
        return fail_h5(d->h5->path, d->name, "read", err);
    status = check_storage(d, creation, err);
    H5Pclose(creation);
    return status;
}

/* Opens and checks /group/leaf; the caller closes *dataset. */
static md_status open_dataset(h5_dataset *d, const char *group, const char *leaf, hid_t *dataset,
                              md_error *err)
{
    snprintf(d->name, sizeof d->name, "/%s/%s", group, leaf);
    *dataset = H5I_INVALID_HID;
    md_status status = check_link(d, group, err);
    if (status == MD_OK)
        status = check_link(d, d->name, err);
    if (status)
        return status;
    *dataset = H5Dopen2(d->h5->file, d->name, H5P_DEFAULT);
    if (*dataset < 0)
        return fail_h5(d->h5->path, d->name, "opened", err);
    status = check_dataset(d, *dataset, err);
    if (status) {
        H5Dclose(*dataset);
        *dataset = H5I_INVALID_HID;
    }
    return status;
}

/* Sets d->size or, when out is not NULL, reads a dataset that must still have that size. */
static md_status load(h5_dataset *d, const char *group, const char *leaf, uint8_t *out,
                      md_error *err)
{
    const h5_dataset before = *d;
    hid_t dataset;
    md_status status = open_dataset(d, group, leaf, &dataset, err);
    if (status)
        return status;
    if (out && memcmp(d->size, before.size, sizeof d->size) != 0)
        status = refuse(d, "changed while it was being read", err);
    else if (out && H5Dread(dataset, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) < 0)
        status = fail_h5(d->h5->path, d->name, "read", err);
    H5Dclose(dataset);
    return status;
}

/* Both datasets of one split: their sizes into *shape or, when images is not NULL, their bytes. */
static md_status load_split(const h5_context *h5, md_split split, md_source_shape *shape,
                            uint8_t *images, uint8_t *labels, md_error *err)
{
    size_t n = shape->images[split];
    h5_dataset image_set = {.h5 = h5, .rank = 3, .size = {n, shape->rows, shape->columns}};
    h5_dataset label_set = {.h5 = h5, .rank = 1, .size = {n}};
    md_status status = load(&image_set, groups[split], "images", images, err);
    if (status == MD_OK)
        status = load(&label_set, groups[split], "labels", labels, err);
    if (status)
        return status;
    if (image_set.size[0] != label_set.size[0])
        return md_fail(err, MD_BAD_DATA,
                       "%s: %s holds %zu images, but %s holds %zu labels; give as many of each",
                       h5->path, image_set.name, image_set.size[0], label_set.name,
                       label_set.size[0]);
    shape->images[split] = image_set.size[0];
    shape->rows = image_set.size[1];
    shape->columns = image_set.size[2];
    return MD_OK;
}

static md_status load_shapes(const h5_context *h5, md_source_shape *shape, md_error *err)
{
    md_source_shape test = {0};
    md_status status = load_split(h5, MD_SPLIT_TRAIN, shape, NULL, NULL, err);
    if (status || H5Lexists(h5->file, groups[MD_SPLIT_TEST], H5P_DEFAULT) == 0)
        return status;
    status = load_split(h5, MD_SPLIT_TEST, &test, NULL, NULL, err);
    if (status)
        return status;
    if (test.rows != shape->rows || test.columns != shape->columns)
        return md_fail(err, MD_BAD_DATA,
                       "%s: test images are %zu x %zu pixels, training images %zu x %zu; give both "
                       "the same size",
                       h5->path, test.rows, test.columns, shape->rows, shape->columns);
    shape->images[MD_SPLIT_TEST] = test.images[MD_SPLIT_TEST];
    return MD_OK;
}

static void close_context(h5_context *h5)
{
    if (h5->file >= 0)
        H5Fclose(h5->file);
    free(h5->path);
    free(h5);
}

/* NULL when out of memory. */
static h5_context *create_context(const char *path)
{
    h5_context *h5 = malloc(sizeof *h5);
    if (!h5)
        return NULL;
    *h5 = (h5_context){.path = strdup(path), .file = H5I_INVALID_HID};
    if (!h5->path) {
        free(h5);
        return NULL;
    }
    return h5;
}

static md_status hdf5_open(md_source *source, const char *where, md_error *err)
{
    h5_context *h5 = create_context(where);
    if (!h5)
        return md_fail_memory(err, "a data source", sizeof *h5 + strlen(where));
    md_status status;
    H5E_BEGIN_TRY
    {
        status = open_file(h5, err);
        if (status == MD_OK)
            status = load_shapes(h5, &source->shape, err);
    }
    H5E_END_TRY
    if (status)
        close_context(h5);
    else
        source->context = h5;
    return status;
}

static md_status hdf5_read(md_source *source, md_split split, uint8_t *images, uint8_t *labels,
                           md_error *err)
{
    md_source_shape shape = source->shape;
    md_status status;
    H5E_BEGIN_TRY
    {
        status = load_split(source->context, split, &shape, images, labels, err);
    }
    H5E_END_TRY
    return status;
}

static void hdf5_close(md_source *source)
{
    close_context(source->context);
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
