/* A valid checkpoint whose content is changed through libhdf5, so that the container stays valid:
 * the input is a list of changes to types, shapes, counts, numbers, texts, JSON and links. Whatever
 * comes out is read as a checkpoint, as a Keras model and as an import; each accepts it or refuses
 * it with one line, and leaves nothing open. (Damage to the container itself:
 * tests/checkpoint/test_damage.c.) */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checkpoint_fixtures.h"
#include "mnist_dist/base/digest.h"
#include "mnist_dist/checkpoint/encoding.h"
#include "mnist_dist/checkpoint/state_digest.h"
#include "mnist_dist/convert/convert.h"
#include "mnist_dist/hdf5/h5.h"
#include "mnist_dist/hdf5/seal.h"
#include "mnist_dist/keras/keras.h"

enum { MAX_PATHS = 512, MAX_CHANGES = 8, TEXT = 600 };

/* The first byte of an input. */
enum { NO_SCHEMA = 1, STAMP = 2, SEAL = 4, AGAIN = 8, OPTIONS = 16 };

static md_bytes base;
static char *paths[MAX_PATHS]; /* of every object and attribute, "/run/0001@ranks" */
static size_t path_count;
static char json[4096]; /* the base's model_config */

static void require(int truth)
{
    if (!truth)
        abort();
}

/* The input, read from the front; zeros when it is used up. */
typedef struct {
    const uint8_t *data;
    size_t size;
} tape;

static uint64_t take(tape *t, uint64_t below)
{
    uint64_t value = 0;
    for (uint64_t reach = 1; reach < below && t->size > 0; reach <<= 8) {
        value = value << 8 | *t->data++;
        t->size--;
    }
    return value % below;
}

static size_t take_text(tape *t, char *out, size_t size)
{
    size_t length = take(t, size);
    if (length > t->size)
        length = t->size;
    for (size_t i = 0; i < length; i++)
        out[i] = t->data[i] ? (char)t->data[i] : ' ';
    out[length] = '\0';
    t->data += length;
    t->size -= length;
    return length;
}

static void note_path(md_h5 *f, const char *path, hid_t id, void *context)
{
    (void)f;
    (void)id;
    (void)context;
    if (path_count < MAX_PATHS && strcmp(path, "/") != 0)
        require((paths[path_count++] = strdup(path)) != NULL);
}

static void prepare(void)
{
    md_h5 f;
    md_model_spec model = fixture_small_model();
    md_checkpoint *c = fixture_checkpoint(&model, 2);
    require(md_checkpoint_encode(c, "base", &base, NULL) == MD_OK);
    md_checkpoint_destroy(&c);
    require(md_h5_open(&f, "base", &base, NULL) == MD_OK);
    require(md_h5_walk(&f, note_path, NULL) == MD_OK);
    char *text = md_h5_get_text(&f, "/", "model_config");
    snprintf(json, sizeof json, "%s", text);
    free(text);
    require(md_h5_close(&f) == MD_OK);
}

static const char *pick_path(tape *t)
{
    return paths[take(t, path_count)];
}

/* Numbers that a careless reader trips over. */
static uint64_t pick_number(tape *t)
{
    const uint64_t hard[] = {0,
                             1,
                             2,
                             3,
                             5,
                             12,
                             0x7f,
                             0xff,
                             0x7fffffff,
                             0xffffffff,
                             INT64_MAX,
                             UINT64_MAX,
                             1ull << 63,
                             1ull << 40,
                             0x7ff8000000000000,
                             0x3ff0000000000000};
    return hard[take(t, sizeof hard / sizeof *hard)];
}

/* To be closed by the caller. */
static hid_t pick_type(tape *t)
{
    uint64_t kind = take(t, 12);
    hid_t made = H5I_INVALID_HID;
    if (kind < MD_H5_TYPES)
        return H5Tcopy(md_h5_type_id((md_h5_type)kind));
    switch (kind) {
    case 6:
        return H5Tcopy(H5T_IEEE_F64BE);
    case 7:
        made = H5Tcreate(H5T_COMPOUND, 8);
        H5Tinsert(made, "x", 0, H5T_STD_I32LE);
        return made;
    case 8:
        return H5Tvlen_create(H5T_STD_I8LE);
    case 9:
        return H5Tcopy(H5T_STD_REF_OBJ);
    default:
        made = H5Tcopy(H5T_C_S1);
        H5Tset_size(made, kind == 10 ? H5T_VARIABLE : 1 + take(t, 64));
        H5Tset_cset(made, (H5T_cset_t)take(t, 2));
        H5Tset_strpad(made, (H5T_str_t)take(t, 3));
        return made;
    }
}

/* Now and then with hard extents, which libhdf5 1.10.8 itself fails to write in an attribute
 * (H5O_msg_flush: memset of a negative size). */
static hid_t pick_space(tape *t, int attribute, hsize_t dims[4], int *rank)
{
    *rank = (int)take(t, 5);
    for (int i = 0; i < *rank; i++)
        dims[i] = !attribute && take(t, 8) == 0 ? pick_number(t) : take(t, 20);
    if (*rank == 0)
        return H5Screate(take(t, 8) == 0 ? H5S_NULL : H5S_SCALAR);
    return H5Screate_simple(*rank, dims, NULL);
}

/* Splits "object@attribute"; 0 when it is an object. */
static int split(const char *path, char object[MD_H5_PATH], const char **attribute)
{
    const char *at = strchr(path, '@');
    snprintf(object, MD_H5_PATH, "%.*s", at ? (int)(at - path) : MD_H5_PATH - 1, path);
    *attribute = at ? at + 1 : NULL;
    return at != NULL;
}

static void replace_attribute(hid_t file, tape *t, const char *object, const char *name)
{
    hsize_t dims[4];
    int rank;
    char text[TEXT] = "";
    hid_t type = pick_type(t), space = pick_space(t, 1, dims, &rank);
    H5Adelete_by_name(file, object, name, H5P_DEFAULT);
    hid_t id =
        H5Acreate_by_name(file, object, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    take_text(t, text, sizeof text);
    char *pointer = text;
    hssize_t count = space >= 0 ? H5Sget_simple_extent_npoints(space) : 0;
    int variable = H5Tis_variable_str(type) > 0;
    if (id >= 0 && variable && count == 1)
        H5Awrite(id, type, &pointer);
    else if (id >= 0 && !variable && count > 0 && H5Tget_class(type) != H5T_VLEN &&
             (size_t)count * H5Tget_size(type) <= sizeof text)
        H5Awrite(id, type, text);
    md_h5_release(&id);
    md_h5_release(&space);
    md_h5_release(&type);
}

static void replace_dataset(hid_t file, tape *t, const char *path)
{
    hsize_t dims[4], chunk[4];
    int rank;
    hid_t type = pick_type(t), space = pick_space(t, 0, dims, &rank);
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE), id;
    uint64_t layout = take(t, 6);
    for (int i = 0; i < rank; i++)
        chunk[i] = 1 + take(t, 30);
    if (layout >= 2 && rank > 0)
        H5Pset_chunk(plist, rank, chunk);
    if (layout == 3)
        H5Pset_deflate(plist, 1);
    if (layout == 4)
        H5Pset_fletcher32(plist);
    if (layout == 1) /* a place that nobody can write, since making the file may try */
        H5Pset_external(plist, "/proc/nowhere/outside", 0, H5F_UNLIMITED);
    H5Ldelete(file, path, H5P_DEFAULT);
    id = H5Dcreate2(file, path, type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    md_h5_release(&id);
    md_h5_release(&plist);
    md_h5_release(&space);
    md_h5_release(&type);
}

/* One element of an array, or the number of an attribute. */
static void set_number(hid_t file, tape *t, const char *object, const char *attribute)
{
    uint64_t value = pick_number(t);
    hid_t id = attribute ? H5Aopen_by_name(file, object, attribute, H5P_DEFAULT, H5P_DEFAULT)
                         : H5Dopen2(file, object, H5P_DEFAULT);
    if (id < 0)
        return;
    hid_t type = attribute ? H5Aget_type(id) : H5Dget_type(id);
    hid_t space = attribute ? H5Aget_space(id) : H5Dget_space(id);
    hsize_t dims[H5S_MAX_RANK], at[H5S_MAX_RANK];
    int rank = H5Sget_simple_extent_dims(space, dims, NULL);
    int number = H5Tget_class(type) == H5T_INTEGER || H5Tget_class(type) == H5T_FLOAT;
    if (number && attribute && rank == 0)
        H5Awrite(id, type, &value);
    if (number && !attribute && H5Sget_simple_extent_npoints(space) > 0) {
        hid_t one = H5Screate(H5S_SCALAR);
        for (int i = 0; i < rank; i++)
            at[i] = take(t, dims[i]);
        if (rank > 0)
            H5Sselect_elements(space, H5S_SELECT_SET, 1, at);
        H5Dwrite(id, type, one, rank > 0 ? space : H5S_ALL, H5P_DEFAULT, &value);
        md_h5_release(&one);
    }
    md_h5_release(&space);
    md_h5_release(&type);
    md_h5_release(&id);
}

/* JSON of the base with a piece replaced, or a text of its own. */
static void set_config(hid_t file, tape *t)
{
    char text[sizeof json + TEXT], piece[TEXT];
    take_text(t, piece, sizeof piece);
    size_t from = take(t, strlen(json)), until = from + take(t, 64);
    if (until > strlen(json))
        until = strlen(json);
    if (take(t, 4) == 0)
        snprintf(text, sizeof text, "%s", piece);
    else
        snprintf(text, sizeof text, "%.*s%s%s", (int)from, json, piece, json + until);
    md_h5 f = {.file = file, .name = "fuzz", .kind = MD_FAILED};
    H5Adelete_by_name(file, "/", "model_config", H5P_DEFAULT);
    md_h5_put_text(&f, "/", "model_config", text);
}

static void add_link(hid_t file, tape *t, const char *object)
{
    char name[MD_H5_PATH];
    snprintf(name, sizeof name, "%.400s/link%d", object, (int)take(t, 2));
    switch (take(t, 4)) {
    case 0:
        H5Lcreate_soft(pick_path(t), file, name, H5P_DEFAULT, H5P_DEFAULT);
        break;
    case 1:
        H5Lcreate_external("/proc/nowhere/outside", "/", file, name, H5P_DEFAULT, H5P_DEFAULT);
        break;
    case 2:
        H5Lcreate_hard(file, pick_path(t), file, name, H5P_DEFAULT, H5P_DEFAULT);
        break;
    default:
        H5Lmove(file, pick_path(t), file, name, H5P_DEFAULT, H5P_DEFAULT);
    }
}

static void change(hid_t file, tape *t)
{
    char object[MD_H5_PATH];
    const char *attribute;
    uint64_t what = take(t, 6);
    int is_attribute = split(pick_path(t), object, &attribute);
    if (what == 0 && is_attribute)
        H5Adelete_by_name(file, object, attribute, H5P_DEFAULT);
    else if (what == 0)
        H5Ldelete(file, object, H5P_DEFAULT);
    else if (what == 1 && is_attribute)
        replace_attribute(file, t, object, attribute);
    else if (what == 1)
        replace_dataset(file, t, object);
    else if (what == 2 || what == 3)
        set_number(file, t, object, attribute);
    else if (what == 4)
        set_config(file, t);
    else
        add_link(file, t, object);
}

/* The digest of what the file has become, where it has one. */
static void stamp(hid_t file)
{
    md_h5 f = {.file = file, .name = "fuzz", .size = 1 << 20, .most = 1 << 20, .kind = MD_FAILED};
    uint64_t state;
    char text[MD_DIGEST_TEXT];
    if (md_state_digest(&f, &state))
        return;
    md_digest_text(state, text);
    H5Adelete_by_name(file, "/", "state_xxh3", H5P_DEFAULT);
    md_h5_put_text(&f, "/", "state_xxh3", text);
}

static int make_file(tape *t, uint64_t options, md_bytes *out)
{
    size_t content;
    md_h5 f = {.name = "fuzz", .kind = MD_FAILED};
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    require(md_seal_check(&base, &content));
    H5Pset_fapl_core(access, 1 << 16, 0);
    H5Pset_file_image(access, base.data, content);
    f.file = H5Fopen("fuzz", H5F_ACC_RDWR, access);
    md_h5_release(&access);
    require(f.file >= 0);
    for (int i = 0; i < MAX_CHANGES && t->size > 0; i++)
        change(f.file, t);
    if (options & NO_SCHEMA)
        H5Adelete_by_name(f.file, "/", "schema", H5P_DEFAULT);
    else if (options & STAMP)
        stamp(f.file);
    md_h5_image(&f, out);
    md_h5_close(&f);
    if (out->size > 0 && (options & SEAL))
        require(md_seal_append(out, NULL) == MD_OK);
    return out->size > 0;
}

static void check_verdict(md_status status, const md_error *err)
{
    require(status == MD_OK || status == MD_BAD_CHECKPOINT);
    require(!status || (err->text[0] && !strpbrk(err->text, "\n\x1b")));
    require(fixture_open_ids() == 0);
}

/* What was accepted can be saved and read again. */
static void check_again(md_checkpoint *c)
{
    md_bytes bytes;
    md_checkpoint *again;
    require(md_checkpoint_encode(c, "again", &bytes, NULL) == MD_OK);
    require(md_checkpoint_decode(&bytes, "again", &again, NULL) == MD_OK);
    require(md_model_spec_equal(&c->model, &again->model));
    md_checkpoint_destroy(&again);
    md_bytes_free(&bytes);
}

static void read_as_ours(const char *path, int again)
{
    md_error err = {0};
    md_checkpoint *c;
    md_status status = md_checkpoint_read(path, &c, &err);
    check_verdict(status, &err);
    if (!status && again)
        check_again(c);
    md_checkpoint_destroy(&c);
}

static void read_as_keras(const char *path, int again)
{
    md_error err = {0};
    md_checkpoint *c;
    md_model_spec spec;
    float *parameters;
    check_verdict(md_keras_read(path, &(md_scale){0}, &spec, &parameters, &err), &err);
    free(parameters);
    md_status status = md_import(path, NULL, MD_KERAS_PIXELS_AUTO, &c, &err);
    check_verdict(status, &err);
    if (!status && again)
        check_again(c);
    md_checkpoint_destroy(&c);
}

static void read_back(const md_bytes *bytes, uint64_t options)
{
    char path[64];
    int file = memfd_create("fuzz", MFD_CLOEXEC);
    require(file >= 0 && write(file, bytes->data, bytes->size) == (ssize_t)bytes->size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (options & NO_SCHEMA)
        read_as_keras(path, (options & AGAIN) != 0);
    else
        read_as_ours(path, (options & AGAIN) != 0);
    close(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tape t = {data, size};
    md_bytes bytes = {0};
    if (!base.data)
        prepare();
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    uint64_t options = take(&t, OPTIONS);
    if (make_file(&t, options, &bytes))
        read_back(&bytes, options);
    md_bytes_free(&bytes);
    return 0;
}
