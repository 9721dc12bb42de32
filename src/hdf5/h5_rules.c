#include "mnist_dist/hdf5/h5.h"

uint64_t md_h5_inflated(const md_h5 *f)
{
    uint64_t bytes;
    return __builtin_mul_overflow(f->size, MD_INFLATE_RATIO, &bytes) ? UINT64_MAX : bytes;
}

void md_h5_check_link(md_h5 *f, const char *path, H5L_type_t type)
{
    if (type != H5L_TYPE_HARD)
        md_h5_fail(f, "%s is a soft or external link; only hard links are followed", path);
}

/* Deflated twice, one byte could stand for 1032 times 1032. */
int md_h5_check_filters(md_h5 *f, const char *path, hid_t plist)
{
    int deflated = 0, count = H5Pget_nfilters(plist);
    if (count < 0)
        md_h5_fail(f, "the filters of %s cannot be read", path);
    for (int i = 0; i < count && !f->status; i++) {
        unsigned flags;
        size_t values = 0;
        H5Z_filter_t filter =
            H5Pget_filter2(plist, (unsigned)i, &flags, &values, NULL, 0, NULL, NULL);
        deflated += filter == H5Z_FILTER_DEFLATE;
        if (deflated > 1 || (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE &&
                             filter != H5Z_FILTER_FLETCHER32))
            md_h5_fail(f,
                       "%s uses filter %d, which is not allowed here beside one gzip, shuffle and "
                       "fletcher32; h5repack -f NONE writes the file without",
                       path, (int)filter);
    }
    return deflated;
}

/* libhdf5 allocates whole chunks, whatever the extent. */
static unsigned long long chunk_bytes(hid_t plist, size_t element)
{
    hsize_t chunk[H5S_MAX_RANK];
    unsigned long long bytes = element;
    const int rank =
        H5Pget_layout(plist) == H5D_CHUNKED ? H5Pget_chunk(plist, H5S_MAX_RANK, chunk) : 0;
    int overflow = rank < 0;
    for (int i = 0; i < rank; i++)
        overflow |= __builtin_mul_overflow(bytes, chunk[i], &bytes);
    return overflow ? UINT64_MAX : bytes;
}

/* What a dataset claims to hold must fit into the bytes that the file has for it. */
static unsigned long long check_size(md_h5 *f, const char *path, hid_t id, hid_t plist,
                                     unsigned long long most)
{
    hid_t space = H5Dget_space(id), type = H5Dget_type(id);
    const hssize_t count = space >= 0 ? md_h5_space_shape(space, NULL) : -1;
    const size_t size = type >= 0 ? H5Tget_size(type) : 0;
    unsigned long long bytes = 0;
    if (count < 0 || size == 0 || __builtin_mul_overflow((unsigned long long)count, size, &bytes) ||
        bytes > most || chunk_bytes(plist, size) > most)
        md_h5_fail(f, "dataset %s claims more bytes than the file has", path);
    md_h5_release(&type);
    md_h5_release(&space);
    return bytes;
}

/* Layout first: asking a virtual dataset for its extent would open the files it names. */
static unsigned long long check_storage(md_h5 *f, const char *path, hid_t id, hid_t plist)
{
    const H5D_layout_t layout = H5Pget_layout(plist);
    if (layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED)
        md_h5_fail(f, "dataset %s is virtual; data must be in the file itself", path);
    else if (H5Pget_external_count(plist) != 0)
        md_h5_fail(f, "dataset %s has external storage; data must be in the file itself", path);
    else {
        const int deflated = md_h5_check_filters(f, path, plist);
        const uint64_t most = deflated ? md_h5_inflated(f) : f->size;
        f->most = f->most > most ? f->most : most;
        if (!f->status)
            return check_size(f, path, id, plist, most);
    }
    return 0;
}

unsigned long long md_h5_check_dataset(md_h5 *f, const char *path, hid_t id)
{
    unsigned long long bytes = 0;
    hid_t plist = H5Dget_create_plist(id);
    if (plist < 0)
        md_h5_fail(f, "dataset %s cannot be opened", path);
    else
        bytes = check_storage(f, path, id, plist);
    md_h5_release(&plist);
    return bytes;
}
