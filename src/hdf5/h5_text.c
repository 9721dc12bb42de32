#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/text.h"
#include "mnist_dist/hdf5/h5.h"

/* `size` bytes, ended by zeros or filled up with them; H5T_VARIABLE for pointers. */
static hid_t string_type(size_t size, H5T_cset_t set, H5T_str_t padding)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0 && (H5Tset_size(type, size) < 0 || H5Tset_cset(type, set) < 0 ||
                      H5Tset_strpad(type, padding) < 0))
        md_h5_release(&type);
    return type;
}

/* Takes over `space`. `cells` has as many strings of `size` bytes as the space has elements, none
 * with a terminator, which other readers would take for a part of it; no type has size 0. Keras
 * wants a list without entries to be a zero-length array, never a null space. */
static void put(md_h5 *f, const char *path, const char *attribute, hid_t space, size_t size,
                const char *cells, int ascii)
{
    hid_t id = H5I_INVALID_HID;
    hid_t type =
        string_type(size > 0 ? size : 1, ascii ? H5T_CSET_ASCII : H5T_CSET_UTF8, H5T_STR_NULLPAD);
    if (type >= 0 && space >= 0)
        id = H5Acreate_by_name(f->file, path, attribute, type, space, H5P_DEFAULT, H5P_DEFAULT,
                               H5P_DEFAULT);
    if (id < 0 || (H5Sget_simple_extent_npoints(space) > 0 && H5Awrite(id, type, cells) < 0) ||
        md_h5_release(&id) < 0)
        md_h5_fail(f, "attribute %s@%s cannot be written", path, attribute);
    md_h5_release(&id);
    md_h5_release(&type);
    md_h5_release(&space);
}

void md_h5_put_text(md_h5 *f, const char *path, const char *attribute, const char *text)
{
    if (f->status)
        return;
    size_t length = strlen(text);
    if (length > MD_H5_TEXT_MAX)
        md_h5_fail(f, "attribute %s@%s would be %zu bytes long; at most %d are possible", path,
                   attribute, length, MD_H5_TEXT_MAX);
    else
        put(f, path, attribute, H5Screate(H5S_SCALAR), length, text, md_text_is_ascii(text));
}

void md_h5_put_names(md_h5 *f, const char *path, const char *attribute, const char *const *names,
                     size_t count)
{
    if (f->status)
        return;
    size_t size = 1;
    int ascii = 1;
    for (size_t i = 0; i < count; i++) {
        size = strlen(names[i]) > size ? strlen(names[i]) : size;
        ascii = ascii && md_text_is_ascii(names[i]);
    }
    char *cells = calloc(count + 1, size);
    if (!cells) {
        f->status = md_fail_memory(f->err, attribute, (count + 1) * size);
        return;
    }
    for (size_t i = 0; i < count; i++)
        memcpy(cells + i * size, names[i], strlen(names[i]));
    hsize_t extent = count;
    put(f, path, attribute, H5Screate_simple(1, &extent, NULL), size, cells, ascii);
    free(cells);
}

static void keep_text(md_h5 *f, char **into, const char *text, size_t size)
{
    *into = strndup(text, size);
    if (!*into)
        f->status = md_fail_memory(f->err, "a text", size);
}

/* Fixed-length strings, which need not have a terminator in the file. */
static void read_fixed(md_h5 *f, hid_t id, hid_t type, md_h5_names *out)
{
    size_t size = H5Tget_size(type) + 1;
    hid_t memory = string_type(size, H5Tget_cset(type), H5T_STR_NULLTERM);
    char *cells = calloc(out->count, size);
    if (!cells)
        f->status = md_fail_memory(f->err, "a list of texts", out->count * size);
    else if (memory < 0 || H5Aread(id, memory, cells) < 0)
        md_h5_fail(f, "text cannot be read");
    for (size_t i = 0; cells && !f->status && i < out->count; i++)
        keep_text(f, &out->items[i], cells + i * size, size - 1);
    free(cells);
    md_h5_release(&memory);
}

static void read_variable(md_h5 *f, hid_t id, hid_t type, hid_t space, md_h5_names *out)
{
    char *cells[MD_H5_MAX_NAMES] = {NULL};
    hid_t memory = string_type(H5T_VARIABLE, H5Tget_cset(type), H5T_STR_NULLTERM);
    if (memory < 0 || H5Aread(id, memory, cells) < 0)
        md_h5_fail(f, "text cannot be read");
    for (size_t i = 0; !f->status && i < out->count; i++)
        keep_text(f, &out->items[i], cells[i] ? cells[i] : "", SIZE_MAX);
    if (memory >= 0)
        H5Dvlen_reclaim(memory, space, H5P_DEFAULT, cells);
    md_h5_release(&memory);
}

/* h5py writes an empty list as a zero-length array of float64, so the count comes before the type.
 */
static void read_strings(md_h5 *f, hid_t id, hid_t type, hid_t space, md_h5_names *out)
{
    hssize_t count = md_h5_space_shape(space, NULL);
    if (count == 0)
        return;
    if (count < 0 || count > MD_H5_MAX_NAMES) {
        md_h5_fail(f, "more than %d texts in one list", MD_H5_MAX_NAMES);
        return;
    }
    htri_t variable = H5Tis_variable_str(type);
    if (H5Tget_class(type) != H5T_STRING || variable < 0 ||
        (!variable && H5Tget_size(type) > f->size)) {
        md_h5_fail(f, "not text");
        return;
    }
    out->items = calloc((size_t)count, sizeof *out->items);
    if (!out->items) {
        f->status = md_fail_memory(f->err, "a list of texts", (unsigned long long)count * 8);
        return;
    }
    out->count = (size_t)count;
    if (variable)
        read_variable(f, id, type, space, out);
    else
        read_fixed(f, id, type, out);
}

void md_h5_get_names(md_h5 *f, const char *path, const char *attribute, md_h5_names *out)
{
    *out = (md_h5_names){0};
    if (!md_h5_has(f, path, attribute)) {
        md_h5_fail(f, "attribute %s@%s is missing", path, attribute);
        return;
    }
    hid_t type = H5I_INVALID_HID, space = H5I_INVALID_HID;
    hid_t id = H5Aopen_by_name(f->file, path, attribute, H5P_DEFAULT, H5P_DEFAULT);
    if (id < 0 || (type = H5Aget_type(id)) < 0 || (space = H5Aget_space(id)) < 0)
        md_h5_fail(f, "attribute %s@%s cannot be opened", path, attribute);
    else
        read_strings(f, id, type, space, out);
    if (f->status)
        md_h5_names_free(out);
    md_h5_release(&space);
    md_h5_release(&type);
    md_h5_release(&id);
}

char *md_h5_get_text(md_h5 *f, const char *path, const char *attribute)
{
    md_h5_names names;
    md_h5_get_names(f, path, attribute, &names);
    char *text = NULL;
    if (!f->status && names.count == 1) {
        text = names.items[0];
        names.items[0] = NULL;
    } else
        md_h5_fail(f, "attribute %s@%s is not one text", path, attribute);
    md_h5_names_free(&names);
    return text;
}

void md_h5_names_free(md_h5_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
    *names = (md_h5_names){0};
}
