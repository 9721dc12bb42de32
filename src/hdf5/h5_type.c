#include <stdio.h>

#include "mnist_dist/hdf5/h5.h"

static const struct {
    const char *tag;
    size_t size;
} types[MD_H5_TYPES] = {{"u1", 1}, {"i4", 4}, {"i8", 8}, {"u8", 8}, {"f4", 4}, {"f8", 8}};

/* Of the same order; single bytes have one too. */
static hid_t big_endian(md_h5_type type)
{
    const hid_t ids[MD_H5_TYPES] = {H5T_STD_U8BE,  H5T_STD_I32BE,  H5T_STD_I64BE,
                                    H5T_STD_U64BE, H5T_IEEE_F32BE, H5T_IEEE_F64BE};
    return ids[type];
}

md_h5_type md_h5_type_of(hid_t type)
{
    int i = 0;
    while (i < MD_H5_TYPES && H5Tequal(type, md_h5_type_id((md_h5_type)i)) <= 0 &&
           H5Tequal(type, big_endian((md_h5_type)i)) <= 0)
        i++;
    return (md_h5_type)i;
}

hid_t md_h5_type_id(md_h5_type type)
{
    switch (type) {
    case MD_H5_U8:
        return H5T_STD_U8LE;
    case MD_H5_I32:
        return H5T_STD_I32LE;
    case MD_H5_I64:
        return H5T_STD_I64LE;
    case MD_H5_U64:
        return H5T_STD_U64LE;
    case MD_H5_F32:
        return H5T_IEEE_F32LE;
    case MD_H5_F64:
        return H5T_IEEE_F64LE;
    case MD_H5_TYPES:
        break;
    }
    return H5I_INVALID_HID;
}

size_t md_h5_type_size(md_h5_type type)
{
    return types[type].size;
}

const char *md_h5_tag(md_h5_type type)
{
    return types[type].tag;
}

void md_h5_type_tag(hid_t type, char out[MD_H5_TAG])
{
    snprintf(out, MD_H5_TAG, "other");
    if (H5Tget_class(type) == H5T_STRING) {
        if (H5Tis_variable_str(type) == 0)
            snprintf(out, MD_H5_TAG, "s%zu", H5Tget_size(type));
        return;
    }
    const md_h5_type ours = md_h5_type_of(type);
    if (ours < MD_H5_TYPES)
        snprintf(out, MD_H5_TAG, "%s", types[ours].tag);
}

hssize_t md_h5_space_shape(hid_t space, md_h5_shape *shape)
{
    hsize_t dims[H5S_MAX_RANK];
    int rank = H5Sget_simple_extent_dims(space, dims, NULL);
    if (rank < 0)
        return -1;
    if (H5Sget_simple_extent_type(space) == H5S_NULL)
        rank = 1, dims[0] = 0;
    hssize_t count = 1;
    for (int i = 0; i < rank; i++)
        if (__builtin_mul_overflow(count, dims[i], &count))
            return -1;
    if (!shape)
        return count;
    if (rank > MD_H5_MAX_RANK)
        return -1;
    shape->rank = rank;
    for (int i = 0; i < rank; i++)
        shape->dims[i] = dims[i];
    return count;
}
