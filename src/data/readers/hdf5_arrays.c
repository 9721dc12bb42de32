/* An HDF5 file: pairs of features and answers under their usual names (data/usual_names.h), or
 * those that data.train_x and so on name. */
#include <assert.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mnist_dist/hdf5/h5.h"
#include "named_arrays.h"

typedef struct h5_context {
    md_h5 file;
    char path[]; /* the file's name */
} h5_context;

/* From the root, however it was given. */
static void full_name(const char *name, char out[MD_H5_PATH])
{
    snprintf(out, MD_H5_PATH, "%s%.*s", name[0] == '/' ? "" : "/", MD_H5_PATH - 2, name);
}

static int has(md_source *source, const char *name)
{
    char path[MD_H5_PATH];
    h5_context *h5 = source->context;
    full_name(name, path);
    return md_h5_exists(&h5->file, path);
}

/* What our own types are here. */
static md_number number_of(md_h5_type type)
{
    static const md_number numbers[MD_H5_TYPES] = {
        [MD_H5_U8] = MD_NUMBER_U8,   [MD_H5_I32] = MD_NUMBER_I32, [MD_H5_I64] = MD_NUMBER_I64,
        [MD_H5_U64] = MD_NUMBER_U64, [MD_H5_F32] = MD_NUMBER_F32, [MD_H5_F64] = MD_NUMBER_F64};
    assert(type < MD_H5_TYPES);
    return numbers[type];
}

static md_status look(md_source *source, const char *given, md_array *out, md_error *err)
{
    char name[MD_H5_PATH];
    full_name(given, name);
    h5_context *h5 = source->context;
    md_h5 *f = &h5->file;
    md_h5_shape shape;
    f->err = err;
    md_h5_get_shape(f, name, &shape);
    const md_h5_type type = md_h5_get_holder(f, name);
    if (!f->status && type == MD_H5_TYPES)
        md_h5_fail(f, "dataset %s does not hold numbers; give whole numbers or floats", name);
    if (!f->status && shape.rank == 0)
        md_h5_fail(f, "dataset %s has no dimensions; give one sample a row", name);
    if (f->status)
        return f->status;
    *out = (md_array){.type = number_of(type), .rank = shape.rank};
    for (int i = 0; i < shape.rank; i++)
        out->extent[i] = (size_t)shape.dims[i];
    snprintf(out->name, sizeof out->name, "%s", name);
    return MD_OK;
}

static size_t list(md_source *source, char *out, size_t size)
{
    enum { MOST = 8 };
    char paths[MOST][MD_H5_PATH];
    h5_context *h5 = source->context;
    size_t used = 0;
    md_error *const err = h5->file.err;
    const size_t count = md_h5_list(&h5->file, paths, MOST);
    out[0] = '\0';
    for (size_t i = 0; i < count && used < size; i++) {
        md_array array;
        md_error why;
        char text[MD_ARRAY_TEXT] = "no numbers";
        if (look(source, paths[i], &array, &why) == MD_OK)
            md_array_describe(&array, text);
        h5->file.status = MD_OK;
        used += (size_t)snprintf(out + used, size - used, "%s%s %s", i ? ", " : "", paths[i], text);
    }
    h5->file.err = err;
    return count;
}

static md_status failed(const md_source *source)
{
    const h5_context *h5 = source->context;
    return h5->file.status;
}

static md_status hdf5_open(md_source *source, const char *where, md_error *err)
{
    static const md_named_ops ops = {has, look, list, failed, "/"};
    const size_t size = strlen(where) + 1;
    h5_context *h5 = malloc(sizeof *h5 + size);
    if (!h5)
        return md_fail_memory(err, "a data source", sizeof *h5 + size);
    memcpy(h5->path, where, size);
    source->context = h5;
    md_status status = md_h5_open_path(&h5->file, h5->path, &md_data_file, err);
    if (!status)
        status = md_named_find(source, &ops, where, err);
    if (status) {
        md_h5_close(&h5->file);
        free(h5);
        source->context = NULL;
    }
    return status;
}

/* The shapes must still be those of the opening. */
static md_status hdf5_read(md_source *source, const md_array *array, void *out, md_error *err)
{
    static const md_h5_type types[MD_NUMBER_COUNT] = {
        [MD_NUMBER_U8] = MD_H5_U8,   [MD_NUMBER_I64] = MD_H5_I64, [MD_NUMBER_U64] = MD_H5_U64,
        [MD_NUMBER_F32] = MD_H5_F32, [MD_NUMBER_F64] = MD_H5_F64,
    };
    h5_context *h5 = source->context;
    md_h5_array wanted = {types[array->type], {.rank = array->rank}};
    for (int i = 0; i < array->rank; i++)
        wanted.shape.dims[i] = array->extent[i];
    h5->file.err = err;
    md_h5_get_converted(&h5->file, array->name, &wanted, out);
    h5->file.err = NULL; /* the caller's */
    return h5->file.status;
}

static md_number number_stored(const md_h5_storage *storage)
{
    static const md_number whole[2][9] = {
        {[1] = MD_NUMBER_U8, [2] = MD_NUMBER_U16, [4] = MD_NUMBER_U32, [8] = MD_NUMBER_U64},
        {[1] = MD_NUMBER_I8, [2] = MD_NUMBER_I16, [4] = MD_NUMBER_I32, [8] = MD_NUMBER_I64}};
    if (storage->is_float)
        return storage->size == sizeof(float) ? MD_NUMBER_F32 : MD_NUMBER_F64;
    return whole[storage->is_signed][storage->size];
}

static md_status hdf5_locate(md_source *source, const md_array *array, md_feature_file *out,
                             md_h5_piece **pieces, md_error *err)
{
    h5_context *h5 = source->context;
    md_h5_storage storage;
    h5->file.err = err;
    md_h5_get_storage(&h5->file, array->name, &storage);
    h5->file.err = NULL; /* the caller's */
    const md_status status = h5->file.status;
    h5->file.status = MD_OK; /* what cannot be read in parts may be read whole */
    *pieces = storage.pieces;
    if (status)
        return status;
    *out = (md_feature_file){.array = *array,
                             .begin = storage.begin,
                             .swapped = storage.is_big_endian == (BYTE_ORDER == LITTLE_ENDIAN),
                             .shuffled = storage.shuffled,
                             .deflated = storage.deflated,
                             .piece_count = storage.count};
    out->array.type = number_stored(&storage);
    for (int i = 0; i < storage.chunk.rank; i++)
        out->piece[i] = (size_t)storage.chunk.dims[i];
    return md_feature_file_note(h5->path, out, err);
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

/* The signature may stand behind a user's own block (HDF5's format specification, II.A). A file of
 * no known content is taken by its name's word. */
static int hdf5_recognises(const char *where)
{
    static const char signature[] = "\x89HDF\r\n\x1a\n";
    for (long offset = 0; offset <= 1L << 16; offset = offset ? 2 * offset : 512)
        if (md_source_starts(where, offset, signature, sizeof signature - 1))
            return 1;
    struct stat info;
    return (ends_with(where, ".h5") || ends_with(where, ".hdf5")) &&
           (stat(where, &info) != 0 || !S_ISDIR(info.st_mode)) &&
           !md_source_starts(where, 0, "PK\3\4", 4);
}

/* Checkpoints of ours have @schema, files of Keras one of the others. */
static int hdf5_holds(const char *where)
{
    md_error unused;
    md_h5 f;
    int model = 1;
    if (md_h5_open_path(&f, where, &md_data_file, &unused) == MD_OK)
        model = md_h5_has(&f, "/", "schema") || md_h5_has(&f, "/", "model_config") ||
                md_h5_has(&f, "/", "layer_names") || md_h5_exists(&f, "/model_weights") ||
                md_h5_exists(&f, "/layers");
    md_h5_close(&f);
    return !model;
}

const md_source_ops md_source_hdf5 = {".h5 file", 1,          hdf5_recognises, hdf5_open,
                                      hdf5_read,  hdf5_close, hdf5_holds,      hdf5_locate};
