#include <stdio.h>
#include <string.h>

#include "mnist_dist/hdf5/h5.h"

/* Far above what a real file has, and low enough that a loop of hard links ends soon. */
enum { MAX_DEPTH = 16, MAX_OBJECTS = 1 << 17, MAX_ATTRIBUTES = 1 << 20 };

typedef struct {
    md_h5 *f;
    md_h5_policy policy;
    md_h5_visit visit;
    void *context;
    char path[MD_H5_PATH]; /* of the object at hand */
    int depth;
    size_t objects, attributes;
    unsigned long long budget; /* bytes that datasets may still claim */
} walk;

static void check_filters(walk *w, hid_t plist)
{
    int count = H5Pget_nfilters(plist);
    if (count < 0)
        md_h5_fail(w->f, "the filters of %s cannot be read", w->path);
    for (int i = 0; i < count && !w->f->status; i++) {
        unsigned flags;
        size_t values = 0;
        H5Z_filter_t filter =
            H5Pget_filter2(plist, (unsigned)i, &flags, &values, NULL, 0, NULL, NULL);
        int allowed = filter == H5Z_FILTER_FLETCHER32 ||
                      (w->policy == MD_H5_KERAS &&
                       (filter == H5Z_FILTER_DEFLATE || filter == H5Z_FILTER_SHUFFLE));
        if (!allowed)
            md_h5_fail(w->f, "%s uses filter %d, which is not allowed here", w->path, (int)filter);
    }
}

/* What a dataset claims to hold must fit into the bytes that the file has for it. */
static void check_size(walk *w, hid_t id, hid_t plist)
{
    hid_t space = H5Dget_space(id), type = H5Dget_type(id);
    hssize_t count = space >= 0 ? md_h5_space_shape(space, NULL) : -1;
    size_t size = type >= 0 ? H5Tget_size(type) : 0;
    hsize_t chunk[H5S_MAX_RANK];
    int chunked = H5Pget_layout(plist) == H5D_CHUNKED;
    int rank = chunked ? H5Pget_chunk(plist, H5S_MAX_RANK, chunk) : 0;
    unsigned long long bytes = 0, chunk_bytes = chunked ? size : 0;
    int overflow = count < 0 || size == 0 || rank < 0 ||
                   __builtin_mul_overflow((unsigned long long)count, size, &bytes);
    for (int i = 0; i < rank; i++)
        overflow |= __builtin_mul_overflow(chunk_bytes, chunk[i], &chunk_bytes);
    if (overflow || bytes > w->budget || chunk_bytes > w->budget)
        md_h5_fail(w->f, "dataset %s claims more bytes than the file has", w->path);
    else
        w->budget -= bytes;
    md_h5_release(&type);
    md_h5_release(&space);
}

/* Layout first: asking a virtual dataset for its extent would open the files it names. */
static void check_dataset(walk *w, hid_t id)
{
    hid_t plist = H5Dget_create_plist(id);
    if (plist < 0) {
        md_h5_fail(w->f, "dataset %s cannot be opened", w->path);
        return;
    }
    H5D_layout_t layout = H5Pget_layout(plist);
    if (layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED)
        md_h5_fail(w->f, "dataset %s is virtual; data must be in the file itself", w->path);
    else if (H5Pget_external_count(plist) != 0)
        md_h5_fail(w->f, "dataset %s has external storage; data must be in the file itself",
                   w->path);
    else
        check_filters(w, plist);
    if (!w->f->status)
        check_size(w, id, plist);
    md_h5_release(&plist);
}

/* Appends to the path; its former length, to be restored later, or -1. */
static int descend(walk *w, char separator, const char *name)
{
    size_t length = strlen(w->path), room = sizeof w->path - length;
    const char joint[2] = {length == 1 && separator == '/' ? '\0' : separator, '\0'};
    if ((size_t)snprintf(w->path + length, room, "%s%s", joint, name) < room)
        return (int)length;
    w->path[length] = '\0';
    md_h5_fail(w->f, "a name in %s is longer than %d bytes", w->path, MD_H5_PATH);
    return -1;
}

static herr_t visit_attribute(hid_t object, const char *name, const H5A_info_t *info, void *context)
{
    (void)info;
    walk *w = context;
    if (++w->attributes > MAX_ATTRIBUTES)
        md_h5_fail(w->f, "more than %d attributes", MAX_ATTRIBUTES);
    int length = w->f->status ? -1 : descend(w, '@', name);
    if (length < 0)
        return -1;
    hid_t id = H5Aopen(object, name, H5P_DEFAULT);
    if (id < 0)
        md_h5_fail(w->f, "attribute %s cannot be opened", w->path);
    else
        w->visit(w->f, w->path, id, w->context);
    md_h5_release(&id);
    w->path[length] = '\0';
    return w->f->status ? -1 : 0;
}

static void visit_object(walk *w, hid_t id)
{
    if (w->f->status || !w->visit)
        return;
    w->visit(w->f, w->path, id, w->context);
    hsize_t from = 0;
    if (!w->f->status && H5Aiterate2(id, H5_INDEX_NAME, H5_ITER_INC, &from, visit_attribute, w) < 0)
        md_h5_fail(w->f, "the attributes of %s cannot be read", w->path);
}

static void walk_group(walk *w, hid_t id);

static herr_t visit_link(hid_t group, const char *name, const H5L_info_t *info, void *context)
{
    walk *w = context;
    int length = descend(w, '/', name);
    if (length < 0)
        return -1;
    hid_t id = H5I_INVALID_HID;
    if (info->type != H5L_TYPE_HARD)
        md_h5_fail(w->f, "%s is a soft or external link; only hard links are allowed", w->path);
    else if (++w->objects > MAX_OBJECTS || w->depth == MAX_DEPTH)
        md_h5_fail(w->f, "more than %d objects, or groups nested more than %d deep", MAX_OBJECTS,
                   MAX_DEPTH);
    else if ((id = H5Oopen(group, name, H5P_DEFAULT)) < 0)
        md_h5_fail(w->f, "%s cannot be opened", w->path);
    else if (H5Iget_type(id) == H5I_GROUP)
        walk_group(w, id);
    else if (H5Iget_type(id) == H5I_DATASET) {
        check_dataset(w, id);
        visit_object(w, id);
    } else
        md_h5_fail(w->f, "%s is neither a group nor a dataset", w->path);
    md_h5_release(&id);
    w->path[length] = '\0';
    return w->f->status ? -1 : 0;
}

static void walk_group(walk *w, hid_t id)
{
    hid_t plist = H5Gget_create_plist(id);
    if (plist < 0)
        md_h5_fail(w->f, "group %s cannot be opened", w->path);
    else
        check_filters(w, plist);
    md_h5_release(&plist);
    visit_object(w, id);
    hsize_t from = 0;
    w->depth++;
    if (!w->f->status && H5Literate(id, H5_INDEX_NAME, H5_ITER_INC, &from, visit_link, w) < 0)
        md_h5_fail(w->f, "the members of %s cannot be read", w->path);
    w->depth--;
}

md_status md_h5_walk(md_h5 *f, md_h5_policy policy, md_h5_visit visit, void *context)
{
    if (f->status)
        return f->status;
    walk w = {.f = f, .policy = policy, .visit = visit, .context = context, .path = "/"};
    w.budget = (unsigned long long)f->size * (policy == MD_H5_KERAS ? MD_INFLATE_RATIO : 1);
    hid_t root = H5Gopen2(f->file, "/", H5P_DEFAULT);
    if (root < 0)
        md_h5_fail(f, "the root group cannot be opened");
    else
        walk_group(&w, root);
    md_h5_release(&root);
    return f->status;
}
