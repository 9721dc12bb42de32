/* A folder with the four files of MNIST, or of a set that uses their names. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "idx_file.h"
#include "source_internal.h"

enum { PATH_SIZE = PATH_MAX + 64 }; /* a folder's path is shorter than PATH_MAX, see source.c */

typedef struct idx_file {
    char path[PATH_SIZE]; /* empty: the folder has no such file */
    md_idx_shape shape;
} idx_file;

/* By split. */
typedef struct idx_folder {
    idx_file images[2], labels[2];
} idx_folder;

static const char *const prefixes[2] = {"train", "t10k"};

/* Tells the first of the names a file may go by that exists, or leaves path empty. */
static md_status find_file(const char *folder, const char *prefix, const char *what, int dimensions,
                           char path[PATH_SIZE], md_error *err)
{
    const char *const endings[] = {"", ".gz"};
    for (int i = 0; i < 4; i++) {
        snprintf(path, PATH_SIZE, "%s/%s-%s%cidx%d-ubyte%s", folder, prefix, what,
                 i % 2 ? '.' : '-', dimensions, endings[i / 2]);
        struct stat info;
        if (stat(path, &info) == 0)
            return MD_OK;
        if (errno != ENOENT)
            return md_fail(err, MD_BAD_DATA, "%s: cannot be reached (%s); check its rights", path,
                           strerror(errno));
    }
    path[0] = '\0';
    return MD_OK;
}

/* Nothing that we know, then. */
static md_status fail_kind(const char *where, md_error *err)
{
    char forms[MD_VALUE_SIZE];
    md_source_forms(forms);
    return md_fail(err, MD_BAD_DATA, "%s: is not a folder; give %s", where, forms);
}

static md_status check_folder(const char *folder, md_error *err)
{
    struct stat info;
    if (stat(folder, &info) != 0 && errno == ENOENT)
        return md_fail(err, MD_BAD_DATA,
                       "%s: no such folder; fetch MNIST with data/fetch_mnist.sh, or use digits "
                       "the program draws itself with --data synthetic",
                       folder);
    if (stat(folder, &info) != 0)
        return md_fail(err, MD_BAD_DATA, "%s: cannot be reached (%s); check its rights", folder,
                       strerror(errno));
    if (!S_ISDIR(info.st_mode))
        return fail_kind(folder, err);
    return MD_OK;
}

/* Finds and reads the headers of one split's two files; both or none must be there. */
static md_status open_split(const char *folder, md_split split, idx_folder *idx, md_error *err)
{
    idx_file *images = &idx->images[split], *labels = &idx->labels[split];
    md_status status = find_file(folder, prefixes[split], "images", 3, images->path, err);
    if (status == MD_OK)
        status = find_file(folder, prefixes[split], "labels", 1, labels->path, err);
    if (status)
        return status;
    if (split == MD_SPLIT_TEST && !images->path[0] && !labels->path[0])
        return MD_OK;
    if (!images->path[0] || !labels->path[0])
        return md_fail(err, MD_BAD_DATA,
                       "%s: there is no %s-%s-ubyte here, plain or .gz; fetch MNIST with "
                       "data/fetch_mnist.sh, or use --data synthetic",
                       folder, prefixes[split], images->path[0] ? "labels-idx1" : "images-idx3");
    status = md_idx_read_shape(images->path, 3, &images->shape, err);
    if (status == MD_OK)
        status = md_idx_read_shape(labels->path, 1, &labels->shape, err);
    if (status == MD_OK && images->shape.size[0] != labels->shape.size[0])
        return md_fail(err, MD_BAD_DATA,
                       "%s: holds %zu images, but %s holds %zu labels; give files that belong "
                       "together",
                       images->path, images->shape.size[0], labels->path, labels->shape.size[0]);
    return status;
}

static md_status open_folder(const char *folder, idx_folder *idx, md_source_shape *shape,
                             md_error *err)
{
    md_status status = check_folder(folder, err);
    for (int split = 0; split < 2 && status == MD_OK; split++)
        status = open_split(folder, (md_split)split, idx, err);
    if (status)
        return status;
    const size_t *train = idx->images[MD_SPLIT_TRAIN].shape.size;
    const size_t *test = idx->images[MD_SPLIT_TEST].shape.size;
    if (idx->images[MD_SPLIT_TEST].path[0] && (train[1] != test[1] || train[2] != test[2]))
        return md_fail(err, MD_BAD_DATA,
                       "%s: test images are %zu x %zu pixels, training images %zu x %zu; give "
                       "files that belong together",
                       folder, test[1], test[2], train[1], train[2]);
    *shape = (md_source_shape){train[1], train[2], {train[0], test[0]}};
    return MD_OK;
}

static md_status idx_open(md_source *source, const char *where, md_error *err)
{
    idx_folder *idx = calloc(1, sizeof *idx);
    if (!idx)
        return md_fail_memory(err, "a data source", sizeof *idx);
    md_status status = open_folder(where, idx, &source->shape, err);
    if (status)
        free(idx);
    else
        source->context = idx;
    return status;
}

static md_status idx_read(md_source *source, md_split split, md_samples *out, md_error *err)
{
    const idx_folder *idx = source->context;
    const idx_file *image_file = &idx->images[split], *label_file = &idx->labels[split];
    md_status status = md_idx_read(image_file->path, &image_file->shape, out->features[split], err);
    uint8_t *labels = (uint8_t *)out->labels[split];
    if (status == MD_OK)
        status = md_idx_read(label_file->path, &label_file->shape, labels, err);
    if (status == MD_OK)
        md_samples_widen(out->labels[split], out->shape.images[split]);
    return status;
}

static void idx_close(md_source *source)
{
    free(source->context);
}

static int idx_recognises(const char *where)
{
    (void)where;
    return 1;
}

const md_source_ops md_source_idx = {"folder with IDX files", idx_recognises, idx_open, idx_read,
                                     idx_close};
