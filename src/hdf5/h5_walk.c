#include <stdio.h>
#include <string.h>

#include "mnist_dist/hdf5/h5.h"

/* Far above what a real file has, and low enough that a loop of hard links ends soon. */
enum { MAX_DEPTH = 16, MAX_OBJECTS = 1 << 17, MAX_ATTRIBUTES = 1 << 20 };

typedef struct {
    md_h5 *f;
    md_h5_visit visit;
    void *context;
    char path[MD_H5_PATH]; /* of the object at hand */
    int depth;
    size_t objects, attributes;
    unsigned long long
        budget; /* bytes that datasets may still claim; two links to one count twice */
} walk;

static void check_dataset(walk *w, hid_t id)
{
    const unsigned long long bytes = md_h5_check_dataset(w->f, w->path, id);
    if (bytes > w->budget)
        md_h5_fail(w->f, "dataset %s and those before claim more bytes than the file has", w->path);
    w->budget -= bytes;
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

static void visit_target(walk *w, hid_t group, const char *name)
{
    hid_t id = H5I_INVALID_HID;
    if (++w->objects > MAX_OBJECTS || w->depth == MAX_DEPTH)
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
}

static herr_t visit_link(hid_t group, const char *name, const H5L_info_t *info, void *context)
{
    walk *w = context;
    int length = descend(w, '/', name);
    if (length < 0)
        return -1;
    md_h5_check_link(w->f, w->path, info->type);
    if (!w->f->status)
        visit_target(w, group, name);
    w->path[length] = '\0';
    return w->f->status ? -1 : 0;
}

static void walk_group(walk *w, hid_t id)
{
    hid_t plist = H5Gget_create_plist(id);
    if (plist < 0)
        md_h5_fail(w->f, "group %s cannot be opened", w->path);
    else
        md_h5_check_filters(w->f, w->path, plist);
    md_h5_release(&plist);
    visit_object(w, id);
    hsize_t from = 0;
    w->depth++;
    if (!w->f->status && H5Literate(id, H5_INDEX_NAME, H5_ITER_INC, &from, visit_link, w) < 0)
        md_h5_fail(w->f, "the members of %s cannot be read", w->path);
    w->depth--;
}

md_status md_h5_walk(md_h5 *f, md_h5_visit visit, void *context)
{
    if (f->status)
        return f->status;
    walk w = {.f = f, .visit = visit, .context = context, .path = "/", .budget = md_h5_inflated(f)};
    hid_t root = H5Gopen2(f->file, "/", H5P_DEFAULT);
    if (root < 0)
        md_h5_fail(f, "the root group cannot be opened");
    else
        walk_group(&w, root);
    md_h5_release(&root);
    return f->status;
}
