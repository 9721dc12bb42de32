#include <stdio.h>
#include <string.h>

#include "mnist_dist/base/beat.h"
#include "mnist_dist/hdf5/h5.h"

static int link_exists(md_h5 *f, const char *path)
{
    H5L_info_t info;
    htri_t exists = H5Lexists(f->file, path, H5P_DEFAULT);
    if (exists < 0 || (exists && H5Lget_info(f->file, path, &info, H5P_DEFAULT) < 0))
        md_h5_fail(f, "'%s' cannot be looked up", path);
    else if (exists)
        md_h5_check_link(f, path, info.type);
    return exists && !f->status;
}

static int is_group(const md_h5 *f, const char *path)
{
    H5O_info_t info;
    return H5Oget_info_by_name2(f->file, path, &info, H5O_INFO_BASIC, H5P_DEFAULT) >= 0 &&
           info.type == H5O_TYPE_GROUP;
}

int md_h5_exists(md_h5 *f, const char *path)
{
    if (f->status || strlen(path) >= MD_H5_PATH)
        return 0;
    /* From the root down: what lies behind a link is looked up only if it may be followed. */
    char part[MD_H5_PATH];
    for (const char *end = path; *end;) {
        end += strspn(end, "/");
        end += strcspn(end, "/");
        snprintf(part, (size_t)(end - path) + 1, "%s", path);
        if (strspn(part, "/") == strlen(part))
            continue;
        if (!link_exists(f, part) || (end[strspn(end, "/")] && !is_group(f, part)))
            return 0;
    }
    return 1;
}

/* How objects are created: with their parents, and without times, so that equal runs give equal
 * files. */
static hid_t with_parents(void)
{
    hid_t links = H5Pcreate(H5P_LINK_CREATE);
    if (links >= 0 && H5Pset_create_intermediate_group(links, 1) < 0)
        md_h5_release(&links);
    return links;
}

void md_h5_put_group(md_h5 *f, const char *path)
{
    if (f->status)
        return;
    hid_t links = with_parents(), id = H5I_INVALID_HID;
    if (links >= 0)
        id = H5Gcreate2(f->file, path, links, H5P_DEFAULT, H5P_DEFAULT);
    if (id < 0 || md_h5_release(&id) < 0)
        md_h5_fail(f, "group %s cannot be created", path);
    md_h5_release(&links);
}

void md_h5_put_link(md_h5 *f, const char *from, const char *to)
{
    if (f->status)
        return;
    hid_t links = with_parents();
    if (links < 0 || H5Lcreate_hard(f->file, from, f->file, to, links, H5P_DEFAULT) < 0)
        md_h5_fail(f, "%s cannot be linked to %s", to, from);
    md_h5_release(&links);
}

static hid_t creation(void)
{
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    if (plist < 0)
        return plist;
    if (H5Pset_obj_track_times(plist, 0) < 0 || H5Pset_fill_time(plist, H5D_FILL_TIME_NEVER) < 0)
        md_h5_release(&plist);
    return plist;
}

void md_h5_put_array(md_h5 *f, const char *path, const md_h5_array *array, const void *data)
{
    if (f->status)
        return;
    hid_t type = md_h5_type_id(array->type), id = H5I_INVALID_HID;
    hid_t links = with_parents(), plist = creation();
    hid_t space = array->shape.rank == 0
                      ? H5Screate(H5S_SCALAR)
                      : H5Screate_simple(array->shape.rank, array->shape.dims, NULL);
    if (links >= 0 && plist >= 0 && space >= 0)
        id = H5Dcreate2(f->file, path, type, space, links, plist, H5P_DEFAULT);
    if (id < 0 ||
        (md_h5_space_shape(space, NULL) > 0 &&
         H5Dwrite(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0) ||
        md_h5_release(&id) < 0)
        md_h5_fail(f, "dataset %s cannot be written", path);
    md_beat();
    md_h5_release(&id);
    md_h5_release(&space);
    md_h5_release(&plist);
    md_h5_release(&links);
}

typedef struct {
    hid_t id, type;
    md_h5_shape shape;
} dataset;

static void release(dataset *set)
{
    md_h5_release(&set->type);
    md_h5_release(&set->id);
}

/* On failure nothing stays open. */
static md_status open_dataset(md_h5 *f, const char *path, dataset *set)
{
    *set = (dataset){H5I_INVALID_HID, H5I_INVALID_HID, {0}};
    if (!md_h5_exists(f, path))
        return md_h5_fail(f, "dataset %s is missing", path);
    H5O_info_t info;
    if (H5Oget_info_by_name2(f->file, path, &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0 ||
        info.type != H5O_TYPE_DATASET)
        return md_h5_fail(f, "%s is not a dataset", path);
    hid_t space = H5I_INVALID_HID;
    set->id = H5Dopen2(f->file, path, H5P_DEFAULT);
    if (set->id >= 0)
        md_h5_check_dataset(f, path, set->id);
    if (set->id < 0 || (!f->status && ((set->type = H5Dget_type(set->id)) < 0 ||
                                       (space = H5Dget_space(set->id)) < 0)))
        md_h5_fail(f, "dataset %s cannot be opened", path);
    else if (md_h5_space_shape(space, &set->shape) < 0)
        md_h5_fail(f, "dataset %s has more than %d dimensions", path, MD_H5_MAX_RANK);
    md_h5_release(&space);
    if (f->status)
        release(set);
    return f->status;
}

/* How many rows are read at once: whole chunks, or rows that make a part worth a call. */
static hsize_t rows_at_once(const dataset *set, size_t row_bytes)
{
    const size_t part = (size_t)256 * 1024;
    hsize_t chunk[MD_H5_MAX_RANK] = {1};
    hid_t plist = H5Dget_create_plist(set->id);
    if (plist >= 0 && H5Pget_layout(plist) == H5D_CHUNKED)
        H5Pget_chunk(plist, set->shape.rank, chunk);
    md_h5_release(&plist);
    const hsize_t bytes = chunk[0] * row_bytes;
    return bytes > 0 && bytes < part ? part / bytes * chunk[0] : chunk[0];
}

/* libhdf5 forgets why a call failed with its next one, so that is told at once. */
static void read_rows(md_h5 *f, const char *path, const dataset *set, hid_t space, hid_t type,
                      hsize_t first, hsize_t count, void *out)
{
    md_h5_shape part = set->shape;
    const hsize_t begin[MD_H5_MAX_RANK] = {first};
    part.dims[0] = count;
    hid_t memory = H5Screate_simple(part.rank, part.dims, NULL);
    if (memory < 0 ||
        H5Sselect_hyperslab(space, H5S_SELECT_SET, begin, NULL, part.dims, NULL) < 0 ||
        H5Dread(set->id, type, memory, space, H5P_DEFAULT, out) < 0)
        md_h5_fail(f, "dataset %s cannot be read", path);
    md_h5_release(&memory);
}

/* All of it, some rows at a time. */
static void read_dataset(md_h5 *f, const char *path, const dataset *set, hid_t type, void *out)
{
    const hsize_t rows = set->shape.rank > 0 ? set->shape.dims[0] : 0;
    size_t row_bytes = H5Tget_size(type);
    for (int i = 1; i < set->shape.rank; i++)
        row_bytes *= (size_t)set->shape.dims[i];
    if (rows == 0 && H5Dread(set->id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) < 0)
        md_h5_fail(f, "dataset %s cannot be read", path);
    const hsize_t most = rows > 0 ? rows_at_once(set, row_bytes) : 1;
    hid_t space = rows > 0 ? H5Dget_space(set->id) : H5I_INVALID_HID;
    for (hsize_t first = 0; first < rows && !f->status; first += most) {
        const hsize_t count = rows - first < most ? rows - first : most;
        read_rows(f, path, set, space, type, first, count, (char *)out + first * row_bytes);
        md_beat();
    }
    md_h5_release(&space);
}

static int same_shape(const md_h5_shape *a, const md_h5_shape *b)
{
    return a->rank == b->rank && memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims) == 0;
}

static void describe(const char *tag, const md_h5_shape *shape, char *out, size_t size)
{
    int used = snprintf(out, size, "%s [", tag);
    for (int i = 0; i < shape->rank; i++)
        used += snprintf(out + used, size - (size_t)used, "%s%llu", i ? "," : "",
                         (unsigned long long)shape->dims[i]);
    snprintf(out + used, size - (size_t)used, "]");
}

static void mismatch(md_h5 *f, const char *path, const dataset *set, const char *tag,
                     const md_h5_shape *shape)
{
    char found[MD_H5_TAG], is[128], should[128];
    md_h5_type_tag(set->type, found);
    describe(found, &set->shape, is, sizeof is);
    describe(tag, shape, should, sizeof should);
    md_h5_fail(f, "dataset %s is %s where %s belongs", path, is, should);
}

void md_h5_get_array(md_h5 *f, const char *path, const md_h5_array *array, void *data)
{
    dataset set;
    if (f->status || open_dataset(f, path, &set))
        return;
    hid_t type = md_h5_type_id(array->type);
    if (md_h5_type_of(set.type) != array->type || !same_shape(&set.shape, &array->shape))
        mismatch(f, path, &set, md_h5_tag(array->type), &array->shape);
    else
        read_dataset(f, path, &set, type, data);
    release(&set);
}

/* IEEE 754's binary16, which libhdf5 has no name for before 1.14.4. */
static int is_half(hid_t type)
{
    hid_t half = H5Tcopy(H5T_IEEE_F32LE);
    int same = half >= 0 && H5Tset_fields(half, 15, 10, 5, 0, 10) >= 0 &&
               H5Tset_size(half, 2) >= 0 && H5Tset_ebias(half, 15) >= 0 &&
               (H5Tequal(type, half) > 0 ||
                (H5Tset_order(half, H5T_ORDER_BE) >= 0 && H5Tequal(type, half) > 0));
    md_h5_release(&half);
    return same;
}

/* An enumeration FALSE = 0, TRUE = 1 of bytes, as h5py keeps NumPy's bool. */
static int is_boolean(hid_t type)
{
    int8_t no, yes;
    return H5Tget_class(type) == H5T_ENUM && H5Tget_size(type) == 1 && H5Tget_nmembers(type) == 2 &&
           H5Tenum_valueof(type, "FALSE", &no) >= 0 && H5Tenum_valueof(type, "TRUE", &yes) >= 0 &&
           no == 0 && yes == 1;
}

/* Types whose conversion cannot surprise: the machine numbers of either byte order. */
static int is_plain_number(hid_t type)
{
    const hid_t plain[] = {H5T_IEEE_F32LE, H5T_IEEE_F32BE, H5T_IEEE_F64LE, H5T_IEEE_F64BE,
                           H5T_STD_I8LE,   H5T_STD_U8LE,   H5T_STD_I16LE,  H5T_STD_I16BE,
                           H5T_STD_I32LE,  H5T_STD_I32BE,  H5T_STD_I64LE,  H5T_STD_I64BE,
                           H5T_STD_U16LE,  H5T_STD_U16BE,  H5T_STD_U32LE,  H5T_STD_U32BE,
                           H5T_STD_U64LE,  H5T_STD_U64BE};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (H5Tequal(type, plain[i]) > 0)
            return 1;
    return is_half(type) || is_boolean(type);
}

/* How h5py stores bfloat16, the upper half of a float: two bytes without a type, which Keras calls
 * by name in an attribute. */
static int is_bfloat16(const dataset *set)
{
    return H5Tget_class(set->type) == H5T_OPAQUE && H5Tget_size(set->type) == 2 &&
           H5Aexists(set->id, "dtype") > 0;
}

static void read_bfloat16(md_h5 *f, const char *path, const dataset *set, float *data)
{
    size_t count = 1;
    for (int i = 0; i < set->shape.rank; i++)
        count *= (size_t)set->shape.dims[i];
    unsigned char *bytes = (unsigned char *)data + 2 * count; /* read ahead of what is written */
    read_dataset(f, path, set, set->type, bytes);
    if (f->status)
        return;
    for (size_t i = 0; i < count; i++) {
        const uint32_t bits = (uint32_t)bytes[2 * i] << 16 | (uint32_t)bytes[2 * i + 1] << 24;
        memcpy(&data[i], &bits, sizeof bits);
    }
}

void md_h5_get_converted(md_h5 *f, const char *path, const md_h5_array *array, void *data)
{
    dataset set;
    if (f->status || open_dataset(f, path, &set))
        return;
    if (array->type == MD_H5_F32 && is_bfloat16(&set) && same_shape(&set.shape, &array->shape))
        read_bfloat16(f, path, &set, data);
    else if (!is_plain_number(set.type) || !same_shape(&set.shape, &array->shape))
        mismatch(f, path, &set, "a number", &array->shape);
    else
        read_dataset(f, path, &set, md_h5_type_id(array->type), data);
    release(&set);
}

md_h5_type md_h5_get_type(md_h5 *f, const char *path)
{
    dataset set;
    if (f->status || open_dataset(f, path, &set))
        return MD_H5_TYPES;
    const md_h5_type type = md_h5_type_of(set.type);
    release(&set);
    return type;
}

md_h5_type md_h5_get_holder(md_h5 *f, const char *path)
{
    dataset set;
    if (f->status || open_dataset(f, path, &set))
        return MD_H5_TYPES;
    const md_h5_type ours = md_h5_type_of(set.type);
    md_h5_type holder = MD_H5_TYPES;
    if (ours == MD_H5_U8 || ours == MD_H5_U64 || ours == MD_H5_F64)
        holder = ours;
    else if (is_plain_number(set.type))
        holder = H5Tget_class(set.type) == H5T_FLOAT ? MD_H5_F32 : MD_H5_I64;
    release(&set);
    return holder;
}

void md_h5_get_shape(md_h5 *f, const char *path, md_h5_shape *out)
{
    dataset set;
    *out = (md_h5_shape){0};
    if (f->status || open_dataset(f, path, &set))
        return;
    *out = set.shape;
    release(&set);
}

size_t md_h5_members(md_h5 *f, const char *path)
{
    H5G_info_t info;
    if (!md_h5_exists(f, path))
        return 0;
    if (H5Gget_info_by_name(f->file, path, &info, H5P_DEFAULT) < 0) {
        md_h5_fail(f, "%s is not a group", path);
        return 0;
    }
    return (size_t)info.nlinks;
}

typedef struct listing {
    char (*paths)[MD_H5_PATH];
    size_t count, most;
} listing;

static herr_t list_link(hid_t group, const char *name, const H5L_info_t *info, void *context)
{
    listing *l = context;
    H5O_info_t object;
    if (info->type != H5L_TYPE_HARD || strlen(name) + 2 > MD_H5_PATH)
        return 0;
    if (H5Oget_info_by_name2(group, name, &object, H5O_INFO_BASIC, H5P_DEFAULT) < 0)
        return -1;
    if (object.type == H5O_TYPE_DATASET)
        snprintf(l->paths[l->count++], MD_H5_PATH, "/%s", name);
    return l->count == l->most;
}

size_t md_h5_list(md_h5 *f, char (*paths)[MD_H5_PATH], size_t most)
{
    listing l = {paths, 0, most};
    if (f->status)
        return 0;
    if (H5Lvisit(f->file, H5_INDEX_NAME, H5_ITER_INC, list_link, &l) < 0)
        md_h5_fail(f, "its objects cannot be listed");
    return l.count;
}
