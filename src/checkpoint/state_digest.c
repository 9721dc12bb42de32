#include "mnist_dist/checkpoint/state_digest.h"

#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/beat.h"
#include "mnist_dist/base/digest.h"

static void add_text(md_digest *digest, const char *text)
{
    md_digest_update(digest, text, strlen(text) + 1);
}

static void add_shape(md_digest *digest, const md_h5_shape *shape)
{
    uint64_t words[1 + MD_H5_MAX_RANK] = {(uint64_t)shape->rank};
    for (int i = 0; i < shape->rank; i++)
        words[1 + i] = shape->dims[i];
    md_digest_update(digest, words, (size_t)(1 + shape->rank) * sizeof *words);
}

/* Numbers as little-endian, whatever order they are stored in; texts as stored. */
static herr_t read_elements(hid_t id, hid_t type, void *data)
{
    return H5Iget_type(id) == H5I_ATTR ? H5Aread(id, type, data)
                                       : H5Dread(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
}

static void add_elements(md_h5 *f, const char *path, hid_t id, hid_t type, size_t bytes,
                         md_digest *digest)
{
    void *data = malloc(bytes);
    if (!data)
        f->status = md_fail_memory(f->err, path, bytes);
    else if (read_elements(id, type, data) < 0)
        md_h5_fail(f, "%s cannot be read", path);
    else
        md_digest_update(digest, data, bytes);
    free(data);
}

static void add_values(md_h5 *f, const char *path, hid_t id, hid_t type, hid_t space,
                       md_digest *digest)
{
    char tag[MD_H5_TAG];
    const md_h5_type number = md_h5_type_of(type);
    md_h5_type_tag(type, tag);
    md_h5_shape shape = {0};
    hssize_t count = md_h5_space_shape(space, &shape);
    size_t bytes = 0;
    if (strcmp(tag, "other") == 0)
        md_h5_fail(f, "%s has a type that is never written here", path);
    else if (count < 0 || __builtin_mul_overflow((size_t)count, H5Tget_size(type), &bytes) ||
             bytes > f->most)
        md_h5_fail(f, "%s claims more bytes or dimensions than it can have", path);
    if (f->status)
        return;
    add_text(digest, tag);
    add_shape(digest, &shape);
    md_beat();
    if (bytes > 0)
        add_elements(f, path, id, number < MD_H5_TYPES ? md_h5_type_id(number) : type, bytes,
                     digest);
}

static void visit(md_h5 *f, const char *path, hid_t id, void *context)
{
    md_digest *digest = context;
    if (strcmp(path, "/@state_xxh3") == 0)
        return;
    add_text(digest, path);
    H5I_type_t kind = H5Iget_type(id);
    if (kind == H5I_GROUP) {
        add_text(digest, "group");
        add_shape(digest, &(md_h5_shape){0});
        return;
    }
    hid_t type = kind == H5I_ATTR ? H5Aget_type(id) : H5Dget_type(id);
    hid_t space = kind == H5I_ATTR ? H5Aget_space(id) : H5Dget_space(id);
    if (type < 0 || space < 0)
        md_h5_fail(f, "%s cannot be opened", path);
    else
        add_values(f, path, id, type, space, digest);
    md_h5_release(&space);
    md_h5_release(&type);
}

md_status md_state_digest(md_h5 *f, uint64_t *out)
{
    if (f->status)
        return f->status;
    md_digest *digest = md_digest_create();
    if (!digest)
        return f->status = md_fail_memory(f->err, "a digest", 1024);
    md_h5_walk(f, visit, digest);
    *out = md_digest_value(digest);
    md_digest_destroy(&digest);
    return f->status;
}
