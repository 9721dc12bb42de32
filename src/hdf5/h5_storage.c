#include "mnist_dist/hdf5/h5_storage.h"

#include <stdlib.h>
#include <string.h>

static const char repack[] = "h5repack -l CHUNK=... -f SHUF -f GZIP=4, or -f NONE, writes the file "
                             "so that it can be read in parts";

static void take_type(md_h5 *f, const char *path, hid_t id, md_h5_storage *out)
{
    hid_t type = H5Dget_type(id);
    const H5T_class_t class = type >= 0 ? H5Tget_class(type) : H5T_NO_CLASS;
    out->size = type >= 0 ? H5Tget_size(type) : 0;
    out->is_float = class == H5T_FLOAT;
    out->is_signed = class == H5T_INTEGER && H5Tget_sign(type) == H5T_SGN_2;
    out->is_big_endian = type >= 0 && H5Tget_order(type) == H5T_ORDER_BE;
    const hid_t same =
        out->is_float ? (out->size == 4 ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE) : H5T_NATIVE_INT;
    if ((class != H5T_FLOAT && class != H5T_INTEGER) || (out->is_float && out->size < 4) ||
        out->size > 8 || H5Tget_precision(type) != 8 * out->size ||
        (out->is_float && H5Tget_ebias(type) != H5Tget_ebias(same)))
        md_h5_fail(f,
                   "dataset %s holds numbers that cannot be read in parts; write it as whole "
                   "numbers of 1 to 8 bytes or floats of 4 or 8",
                   path);
    md_h5_release(&type);
}

static void take_filters(md_h5 *f, const char *path, hid_t plist, md_h5_storage *out)
{
    const int count = H5Pget_nfilters(plist);
    unsigned options = 0;
    out->shuffled = out->deflated = -1;
    for (int i = 0; i < count && !f->status; i++) {
        unsigned flags;
        size_t values = 0;
        const H5Z_filter_t filter =
            H5Pget_filter2(plist, (unsigned)i, &flags, &values, NULL, 0, NULL, NULL);
        if (filter == H5Z_FILTER_SHUFFLE && out->deflated < 0 && out->shuffled < 0)
            out->shuffled = i;
        else if (filter == H5Z_FILTER_DEFLATE && out->deflated < 0)
            out->deflated = i;
        else
            md_h5_fail(f, "%s uses filter %d, which is not read in parts; %s", path, (int)filter,
                       repack);
    }
    if (!f->status && H5Pget_layout(plist) == H5D_CHUNKED &&
        (H5Pget_chunk_opts(plist, &options) < 0 || options != 0))
        md_h5_fail(f,
                   "%s leaves chunks at its edge without filters, which is not read in parts; %s",
                   path, repack);
}

/* The next place in the grid of chunks, row-major. */
static void advance(const md_h5_storage *s, hsize_t *at)
{
    for (int i = s->chunk.rank - 1; i >= 0; i--) {
        at[i] += s->chunk.dims[i];
        if (at[i] < s->shape.dims[i] || i == 0)
            return;
        at[i] = 0;
    }
}

static void list_pieces(md_h5 *f, const char *path, hid_t id, md_h5_storage *out)
{
    hsize_t at[MD_H5_MAX_RANK] = {0};
    out->count = 1;
    for (int i = 0; i < out->chunk.rank; i++)
        out->count *= (size_t)((out->shape.dims[i] + out->chunk.dims[i] - 1) / out->chunk.dims[i]);
    out->pieces = calloc(out->count + 1, sizeof *out->pieces);
    if (!out->pieces) {
        md_h5_fail(f, "no memory for the places of %zu chunks", out->count);
        return;
    }
    for (size_t i = 0; i < out->count && !f->status; i++, advance(out, at)) {
        unsigned skipped = 0;
        haddr_t offset = HADDR_UNDEF;
        hsize_t bytes = 0;
        if (H5Dget_chunk_info_by_coord(id, at, &skipped, &offset, &bytes) < 0)
            md_h5_fail(f, "the chunks of %s cannot be listed", path);
        else if (offset == HADDR_UNDEF || offset > f->size || bytes > f->size - offset)
            md_h5_fail(f, "%s has a chunk that was never written or lies behind the file's end; %s",
                       path, repack);
        out->pieces[i] = (md_h5_piece){offset, bytes, skipped, 0};
    }
}

static void take_layout(md_h5 *f, const char *path, hid_t id, hid_t plist, md_h5_storage *out)
{
    unsigned long long bytes = out->size;
    for (int i = 0; i < out->shape.rank; i++)
        bytes *= out->shape.dims[i]; /* checked when it was opened */
    if (H5Pget_layout(plist) == H5D_CHUNKED) {
        out->chunk.rank = out->shape.rank;
        if (H5Pget_chunk(plist, MD_H5_MAX_RANK, out->chunk.dims) != out->shape.rank)
            md_h5_fail(f, "the chunks of %s cannot be listed", path);
        else
            list_pieces(f, path, id, out);
        return;
    }
    const haddr_t begin = H5Dget_offset(id);
    if (begin == HADDR_UNDEF || begin > f->size || bytes > f->size - begin)
        md_h5_fail(f, "%s was never written, or lies in its object's header; %s", path, repack);
    out->begin = begin;
}

/* Offsets are from where HDF5's own bytes begin. */
static void check_user_block(md_h5 *f)
{
    hsize_t block = 0;
    hid_t plist = H5Fget_create_plist(f->file);
    if (plist < 0 || H5Pget_userblock(plist, &block) < 0 || block > 0)
        md_h5_fail(f, "the file begins with a user block and is not read in parts; %s", repack);
    md_h5_release(&plist);
}

void md_h5_get_storage(md_h5 *f, const char *path, md_h5_storage *out)
{
    *out = (md_h5_storage){.shuffled = -1, .deflated = -1};
    md_h5_get_shape(f, path, &out->shape);
    if (f->status)
        return;
    hid_t id = H5Dopen2(f->file, path, H5P_DEFAULT);
    hid_t plist = id >= 0 ? H5Dget_create_plist(id) : H5I_INVALID_HID;
    if (plist < 0)
        md_h5_fail(f, "dataset %s cannot be opened", path);
    if (!f->status)
        check_user_block(f);
    if (!f->status)
        take_type(f, path, id, out);
    if (!f->status)
        take_filters(f, path, plist, out);
    if (!f->status)
        take_layout(f, path, id, plist, out);
    md_h5_release(&plist);
    md_h5_release(&id);
}
