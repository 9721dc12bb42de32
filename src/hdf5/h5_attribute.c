#include "mnist_dist/hdf5/h5.h"

int md_h5_has(md_h5 *f, const char *path, const char *attribute)
{
    if (f->status || !md_h5_exists(f, path))
        return 0;
    htri_t has = H5Aexists_by_name(f->file, path, attribute, H5P_DEFAULT);
    if (has < 0)
        md_h5_fail(f, "attribute %s@%s cannot be looked up", path, attribute);
    return has > 0;
}

static void put(md_h5 *f, const char *path, const char *attribute, md_h5_type type, hid_t space,
                const void *values)
{
    hid_t id = H5I_INVALID_HID;
    if (space >= 0)
        id = H5Acreate_by_name(f->file, path, attribute, md_h5_type_id(type), space, H5P_DEFAULT,
                               H5P_DEFAULT, H5P_DEFAULT);
    if (id < 0 || H5Awrite(id, md_h5_type_id(type), values) < 0 || md_h5_release(&id) < 0)
        md_h5_fail(f, "attribute %s@%s cannot be written", path, attribute);
    md_h5_release(&id);
    md_h5_release(&space);
}

void md_h5_put_number(md_h5 *f, const char *path, const char *attribute, md_h5_type type,
                      const void *value)
{
    if (!f->status)
        put(f, path, attribute, type, H5Screate(H5S_SCALAR), value);
}

void md_h5_put_numbers(md_h5 *f, const char *path, const char *attribute, md_h5_type type,
                       size_t count, const void *values)
{
    hsize_t extent = count;
    if (!f->status)
        put(f, path, attribute, type, H5Screate_simple(1, &extent, NULL), values);
}

/* The attribute must have exactly this type, rank and number of elements. */
static void get(md_h5 *f, const char *path, const char *attribute, md_h5_type type,
                const md_h5_shape *expected, void *values)
{
    if (!md_h5_has(f, path, attribute)) {
        md_h5_fail(f, "attribute %s@%s is missing", path, attribute);
        return;
    }
    hid_t found = H5I_INVALID_HID, space = H5I_INVALID_HID;
    hid_t id = H5Aopen_by_name(f->file, path, attribute, H5P_DEFAULT, H5P_DEFAULT);
    md_h5_shape shape = {0};
    if (id < 0 || (found = H5Aget_type(id)) < 0 || (space = H5Aget_space(id)) < 0) {
        md_h5_fail(f, "attribute %s@%s cannot be opened", path, attribute);
        goto done;
    }
    hssize_t count = md_h5_space_shape(space, &shape);
    if (md_h5_type_of(found) != type || count < 0 || shape.rank != expected->rank ||
        (shape.rank == 1 && shape.dims[0] != expected->dims[0])) {
        char tag[MD_H5_TAG];
        md_h5_type_tag(found, tag);
        md_h5_fail(f, "attribute %s@%s has type %s and %lld elements where %s and %llu belong",
                   path, attribute, tag, (long long)count, md_h5_tag(type),
                   expected->rank ? (unsigned long long)expected->dims[0] : 1ULL);
        goto done;
    }
    if (H5Aread(id, md_h5_type_id(type), values) < 0)
        md_h5_fail(f, "attribute %s@%s cannot be read", path, attribute);
done:
    md_h5_release(&space);
    md_h5_release(&found);
    md_h5_release(&id);
}

void md_h5_get_number(md_h5 *f, const char *path, const char *attribute, md_h5_type type,
                      void *value)
{
    get(f, path, attribute, type, &(md_h5_shape){.rank = 0}, value);
}

void md_h5_get_numbers(md_h5 *f, const char *path, const char *attribute, md_h5_type type,
                       size_t count, void *values)
{
    get(f, path, attribute, type, &(md_h5_shape){.rank = 1, .dims = {count}}, values);
}
