/* A folder with the files of MNIST, or of a set that uses their names: any prefix, "train", then
 * "t10k" or "test", "images" or "labels", "idx3" and whatever follows. A folder of the file's own
 * name may be around it, and a set is named by its prefix where several lie side by side:
 * FOLDER/emnist-letters. */
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "idx_file.h"
#include "mnist_dist/base/text.h"
#include "source_internal.h"
#include "unknown_file.h"

enum { FILES = 4, PREFIX_SIZE = 64 };

/* By place: twice the split, and one more for labels. */
static const char *const whats[2] = {"images", "labels"};

typedef struct idx_file {
    char path[MD_ARRAY_NAME]; /* empty: the folder has no such file */
    int rank;                 /* among the names of it there are: the least is taken */
} idx_file;

typedef struct idx_folder {
    char folder[PATH_MAX], prefix[PREFIX_SIZE]; /* of the set, with its last hyphen */
    int chosen;                                 /* the prefix was given, or found */
    char other[PREFIX_SIZE];                    /* of a second set that lies there */
    idx_file files[FILES];
} idx_folder;

/* What a name says. */
typedef struct idx_name {
    int place, rank;
    size_t prefix; /* its length */
} idx_name;

/* The beginning of "NAME-images-idx..." with a part of the set's name at the end of NAME. */
static int understand(const char *name, idx_name *out)
{
    static const struct {
        const char *word;
        md_split split;
    } parts[] = {{"train", MD_SPLIT_TRAIN}, {"t10k", MD_SPLIT_TEST}, {"test", MD_SPLIT_TEST}};
    for (int what = 0; what < 2; what++)
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
            char middle[32];
            snprintf(middle, sizeof middle, "%s-%s", parts[i].word, whats[what]);
            const char *at = strstr(name, middle);
            const char *rest = at ? at + strlen(middle) : "";
            if (!at || (at > name && at[-1] != '-') || (*rest != '-' && *rest != '.') ||
                strncmp(rest + 1, "idx", 3) != 0)
                continue;
            const size_t length = strlen(rest);
            const int gzip = length > 3 && strcmp(rest + length - 3, ".gz") == 0;
            *out = (idx_name){2 * (int)parts[i].split + what, 2 * gzip + (*rest == '.'),
                              (size_t)(at - name)};
            return out->prefix < PREFIX_SIZE;
        }
    return 0;
}

/* The file itself, or what a folder of its name holds under that name. */
static int find_inside(const char *folder, const char *name, char path[MD_ARRAY_NAME], int *rank)
{
    struct stat info;
    if (snprintf(path, MD_ARRAY_NAME, "%s/%s", folder, name) >= MD_ARRAY_NAME)
        return 0;
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
        return 1;
    char inside[MD_ARRAY_NAME];
    *rank += 4; /* files that lie open go first */
    if (snprintf(inside, sizeof inside, "%s/%s/%s", folder, name, name) >= MD_ARRAY_NAME)
        return 0;
    if (stat(inside, &info) == 0)
        memcpy(path, inside, sizeof inside);
    return 1;
}

/* Which set: the one without a prefix before all others, else the only one. */
static void take_prefix(idx_folder *idx, const char *name)
{
    idx_name n;
    if (!understand(name, &n))
        return;
    if (!idx->chosen || n.prefix == 0)
        snprintf(idx->prefix, sizeof idx->prefix, "%.*s", (int)n.prefix, name);
    else if (strlen(idx->prefix) != n.prefix || strncmp(idx->prefix, name, n.prefix) != 0)
        snprintf(idx->other, sizeof idx->other, "%.*s", (int)n.prefix, name);
    idx->chosen = 1;
}

static void take_name(idx_folder *idx, const char *name)
{
    idx_name n;
    char path[MD_ARRAY_NAME];
    if (!understand(name, &n) || strlen(idx->prefix) != n.prefix ||
        strncmp(idx->prefix, name, n.prefix) != 0)
        return;
    idx_file *file = &idx->files[n.place];
    if (!find_inside(idx->folder, name, path, &n.rank))
        return;
    if (file->path[0] &&
        (file->rank < n.rank || (file->rank == n.rank && strcmp(file->path, path) < 0)))
        return;
    memcpy(file->path, path, sizeof path);
    file->rank = n.rank;
}

/* FOLDER/emnist-letters, which is no path of anything, is a set in FOLDER. */
static int split_prefix(const char *where, idx_folder *idx)
{
    struct stat info;
    const char *slash = strrchr(where, '/');
    const char *prefix = slash ? slash + 1 : where;
    const int length = slash ? (int)(slash - where) : 1;
    snprintf(idx->folder, sizeof idx->folder, "%.*s", length, slash ? where : ".");
    if (!*prefix || strlen(prefix) + 2 > sizeof idx->prefix || stat(idx->folder, &info) != 0 ||
        !S_ISDIR(info.st_mode))
        return 0;
    snprintf(idx->prefix, sizeof idx->prefix, "%s%s", prefix,
             prefix[strlen(prefix) - 1] == '-' ? "" : "-");
    idx->chosen = 1;
    return 1;
}

static md_status fail_folder(const char *where, int reason, md_error *err)
{
    if (reason == ENOENT)
        return md_fail(err, MD_BAD_DATA,
                       "%s: no such folder; fetch MNIST with data/fetch_mnist.sh, or use digits "
                       "the program draws itself with --data synthetic",
                       where);
    return md_fail(err, MD_BAD_DATA, "%s: cannot be reached (%s); check its rights", where,
                   strerror(reason));
}

static md_status list_files(const char *where, idx_folder *idx, md_error *err)
{
    struct stat info;
    const int absent = stat(where, &info) != 0 ? errno : 0;
    if (absent && (absent != ENOENT || !split_prefix(where, idx)))
        return fail_folder(where, absent, err);
    if (!absent && !S_ISDIR(info.st_mode))
        return md_fail_unknown_file(where, err);
    if (!absent)
        snprintf(idx->folder, sizeof idx->folder, "%s", where);
    DIR *list = opendir(idx->folder);
    if (!list)
        return fail_folder(idx->folder, errno, err);
    const int given = idx->chosen;
    for (const struct dirent *entry; !given && (entry = readdir(list));)
        take_prefix(idx, entry->d_name);
    rewinddir(list);
    for (const struct dirent *entry; (entry = readdir(list));)
        take_name(idx, entry->d_name);
    closedir(list);
    for (int i = 0; absent && i < FILES; i++)
        if (idx->files[i].path[0])
            return MD_OK;
    return absent ? fail_folder(where, absent, err) : MD_OK;
}

static md_status check_one_set(const idx_folder *idx, const char *where, md_error *err)
{
    if (!idx->other[0] || !idx->prefix[0])
        return MD_OK;
    char one[MD_SNIPPET_SIZE], other[MD_SNIPPET_SIZE];
    md_text_snippet(idx->prefix, one);
    md_text_snippet(idx->other, other);
    return md_fail(
        err, MD_BAD_DATA,
        "%s: several sets lie here, '%s' and '%s' among them; name one by its prefix, as "
        "in %s/%.*s",
        where, one, other, where, (int)(strlen(other) - (other[0] != '\0')), other);
}

static md_status fail_missing(const idx_folder *idx, md_split split, int labels, md_error *err)
{
    return md_fail(err, MD_BAD_DATA,
                   "%s: there is no %s%s-%s-ubyte here, plain or .gz; fetch MNIST with "
                   "data/fetch_mnist.sh, or use --data synthetic",
                   idx->folder, idx->prefix, split == MD_SPLIT_TRAIN ? "train" : "t10k",
                   labels ? "labels-idx1" : "images-idx3");
}

/* Reads the headers of one split's two files. Both or none must be there; who asks for one part
 * wants the model's answers, and need not bring the right ones. */
static md_status open_split(md_source *source, const idx_folder *idx, md_split split, md_error *err)
{
    const idx_file *files = &idx->files[2 * (size_t)split];
    const md_split *only = source->wishes.only;
    const int optional = only ? *only != split : split == MD_SPLIT_TEST;
    md_array *arrays[2] = {&source->x[split], &source->y[split]};
    if (optional && (only || (!files[0].path[0] && !files[1].path[0])))
        return MD_OK;
    for (int i = 0; i < 2; i++)
        if (!files[i].path[0] && !(i && only))
            return fail_missing(idx, split, i, err);
    for (int i = 0; i < 2; i++) {
        if (!files[i].path[0]) {
            md_error why;
            md_fail(&why, MD_BAD_DATA, "%s: there are no labels of the %s images", idx->folder,
                    split == MD_SPLIT_TRAIN ? "training" : "test");
            return md_source_leave_answers(source, &why, err);
        }
        md_status status =
            md_idx_read_shape(files[i].path, whats[i], i ? 1 : 2, i ? 2 : 4, arrays[i], err);
        if (status)
            return status;
        snprintf(arrays[i]->name, sizeof arrays[i]->name, "%s", files[i].path);
        arrays[i]->columned = 1;
    }
    return MD_OK;
}

static md_status idx_open(md_source *source, const char *where, md_error *err)
{
    idx_folder *idx = calloc(1, sizeof *idx);
    if (!idx)
        return md_fail_memory(err, "a data source", sizeof *idx);
    md_status status = list_files(where, idx, err);
    if (!status)
        status = check_one_set(idx, where, err);
    for (int split = 0; split < 2 && !status; split++)
        status = open_split(source, idx, (md_split)split, err);
    free(idx);
    return status;
}

static md_status idx_read(md_source *source, const md_array *array, void *out, md_error *err)
{
    (void)source;
    return md_idx_read(array->name, array, out, err);
}

static md_status idx_locate(md_source *source, const md_array *array, md_feature_file *out,
                            md_h5_piece **pieces, md_error *err)
{
    uint8_t header[MD_IDX_HEADER_SIZE];
    (void)source;
    (void)pieces;
    if (md_source_starts(array->name, 0, "\x1f\x8b", 2))
        return md_fail(err, MD_BAD_DATA,
                       "%s is compressed as a whole, so it cannot be read in parts; gunzip it",
                       array->name);
    *out = (md_feature_file){.array = *array,
                             .begin = md_idx_header(array, header),
                             .swapped = BYTE_ORDER == LITTLE_ENDIAN,
                             .shuffled = -1,
                             .deflated = -1};
    return md_feature_file_note(array->name, out, err);
}

static void idx_close(md_source *source)
{
    (void)source;
}

static int idx_recognises(const char *where)
{
    (void)where;
    return 1;
}

static int idx_holds(const char *where)
{
    md_error unused;
    int found = 0;
    idx_folder *idx = calloc(1, sizeof *idx);
    if (idx && list_files(where, idx, &unused) == MD_OK)
        for (int i = 0; i < FILES; i++)
            found |= idx->files[i].path[0] != '\0';
    free(idx);
    return found;
}

const md_source_ops md_source_idx = {"folder with IDX files",
                                     0,
                                     idx_recognises,
                                     idx_open,
                                     idx_read,
                                     idx_close,
                                     idx_holds,
                                     idx_locate};
