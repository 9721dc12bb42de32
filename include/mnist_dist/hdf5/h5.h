/* Thin helpers over libhdf5, for one file at a time.
 *
 * A model's file is a block of memory here: reading starts from a file's bytes, writing ends in
 * bytes. So libhdf5 itself never opens, locks or writes it: no lock can fail on NFS or Lustre, a
 * full disk is an errno of write() instead of a library that cannot close its file, and the bytes
 * that were checked are the bytes that are used. Only data sets, which may be larger than memory,
 * are read where they lie.
 *
 * No file is trusted: see "Rules".
 *
 * The first failure sticks in md_h5.status; every later call does nothing. Objects are named by
 * their full path, so no identifier outlives a call. libhdf5 is not thread-safe, and neither is
 * this. */
#ifndef MNIST_DIST_HDF5_H5_H
#define MNIST_DIST_HDF5_H5_H

#include <hdf5.h>
#include <stdint.h>

#include "mnist_dist/base/bytes.h"
#include "mnist_dist/base/error.h"

typedef struct md_h5 {
    hid_t file;
    const char *name; /* for messages; borrowed */
    uint64_t size;    /* bytes of the file being read; a bound of nothing when writing */
    uint64_t most;    /* bytes that an array can have: `size`, more once one was deflated */
    md_status kind;   /* what a failure is: MD_FAILED when writing */
    int sound;        /* the bytes are as they were saved, so what they claim can be believed */
    md_status status;
    md_error *err;
} md_h5;

/* The number types of our files, all little-endian. */
typedef enum md_h5_type {
    MD_H5_U8,
    MD_H5_I32,
    MD_H5_I64,
    MD_H5_U64,
    MD_H5_F32,
    MD_H5_F64,
    MD_H5_TYPES
} md_h5_type;

/* Longest text that an attribute holds (HDF5's limit is 64 KiB for the whole header message). */
enum { MD_H5_TEXT_MAX = 60000 };

enum { MD_H5_MAX_RANK = 4, MD_H5_MAX_NAMES = 160, MD_H5_PATH = 512, MD_H5_TAG = 24 };

typedef struct md_h5_shape {
    int rank;
    hsize_t dims[MD_H5_MAX_RANK];
} md_h5_shape;

typedef struct md_h5_names {
    char **items;
    size_t count;
} md_h5_names;

/* h5_file.c. Open and create set every member of *f, also when they fail; `name` and `err` are
 * borrowed until md_h5_close, which returns the first failure. Opening asks for an HDF5 file of
 * exactly these bytes, or at a path, for reading and without a lock, which is for writers and which
 * some network file systems refuse; failures are of the file's kind then. */
md_status md_h5_create(md_h5 *f, const char *name, md_error *err);
md_status md_h5_open(md_h5 *f, const char *name, const md_bytes *bytes, md_error *err);
md_status md_h5_open_path(md_h5 *f, const char *path, const md_file_kind *kind, md_error *err);
md_status md_h5_image(md_h5 *f, md_bytes *out); /* the file's bytes so far */
md_status md_h5_close(md_h5 *f);

/* Records a failure: "'NAME': text", then libhdf5's own words when its last call failed. Where
 * those are of memory, MD_FAILED and words of memory; a damaged file too can ask for too much, so
 * that only of a sound one. */
md_status md_h5_fail(md_h5 *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Records a failure that is already in f->err, putting the file's name before it. */
md_status md_h5_fail_with(md_h5 *f, md_status status);

/* Closes any identifier; an invalid one is fine. Negative when libhdf5 could not. */
herr_t md_h5_release(hid_t *id);

/* h5_type.c */
hid_t md_h5_type_id(md_h5_type type); /* libhdf5's own; not to be closed */
size_t md_h5_type_size(md_h5_type type);
/* The type's name as in checkpoint/schema.h, "f4" or "s11"; "other" for types that we never write.
 */
void md_h5_type_tag(hid_t type, char out[MD_H5_TAG]);
const char *md_h5_tag(md_h5_type type);
/* Which of ours it is in either byte order, or MD_H5_TYPES. */
md_h5_type md_h5_type_of(hid_t type);
/* Elements of a dataspace, or -1 when they overflow. Rank and extents into *shape unless NULL;
 * a rank above MD_H5_MAX_RANK is -1 too. */
hssize_t md_h5_space_shape(hid_t space, md_h5_shape *shape);

/* h5_attribute.c. `path` is the object, `attribute` the attribute's name. */
int md_h5_has(md_h5 *f, const char *path, const char *attribute);
void md_h5_put_number(md_h5 *f, const char *path, const char *attribute, md_h5_type type,
                      const void *value);
void md_h5_put_numbers(md_h5 *f, const char *path, const char *attribute, md_h5_type type,
                       size_t count, const void *values);
void md_h5_get_number(md_h5 *f, const char *path, const char *attribute, md_h5_type type,
                      void *value);
void md_h5_get_numbers(md_h5 *f, const char *path, const char *attribute, md_h5_type type,
                       size_t count, void *values);

/* h5_text.c. Reading takes every form of string that h5py and Keras write. */
void md_h5_put_text(md_h5 *f, const char *path, const char *attribute, const char *text);
void md_h5_put_names(md_h5 *f, const char *path, const char *attribute, const char *const *names,
                     size_t count);
char *md_h5_get_text(md_h5 *f, const char *path, const char *attribute); /* malloc'ed or NULL */
void md_h5_get_names(md_h5 *f, const char *path, const char *attribute, md_h5_names *out);
void md_h5_names_free(md_h5_names *names);

/* Rules (h5_rules.c), written once for whatever is read, by the calls below themselves: nothing a
 * file says makes libhdf5 open another file (links are hard; no external or virtual storage), run
 * filters other than one gzip, shuffle and Fletcher-32, or allocate more for a dataset than the
 * file's size can account for, where it is deflated times MD_INFLATE_RATIO. */
uint64_t md_h5_inflated(const md_h5 *f); /* bytes that deflate can make of the file's at most */
void md_h5_check_link(md_h5 *f, const char *path, H5L_type_t type);
int md_h5_check_filters(md_h5 *f, const char *path, hid_t plist); /* 1: it is deflated */
/* The bytes of its elements; 0 when f fails. */
unsigned long long md_h5_check_dataset(md_h5 *f, const char *path, hid_t id);

/* h5_dataset.c */
int md_h5_exists(md_h5 *f, const char *path);     /* an object at the end of a path of hard links */
void md_h5_put_group(md_h5 *f, const char *path); /* with its parents */
void md_h5_put_link(md_h5 *f, const char *from, const char *to); /* one object, two paths */

typedef struct md_h5_array {
    md_h5_type type;
    md_h5_shape shape;
} md_h5_array;

/* Contiguous and without filters, which every reader of HDF5 knows. */
void md_h5_put_array(md_h5 *f, const char *path, const md_h5_array *array, const void *data);
/* Type, rank and extents must be exactly these; the byte order may be another. */
void md_h5_get_array(md_h5 *f, const char *path, const md_h5_array *array, void *data);
/* Any number type, byte order and layout, converted; extents must be exactly these. */
void md_h5_get_converted(md_h5 *f, const char *path, const md_h5_array *array, void *data);
md_h5_type md_h5_get_type(md_h5 *f, const char *path); /* MD_H5_TYPES: none of ours, or f failed */
/* Which of ours can hold all numbers of a dataset that md_h5_get_converted reads: U8 of bytes
 * alone, then I64, U64, F32 or F64. MD_H5_TYPES: it does not hold numbers, or f failed. */
md_h5_type md_h5_get_holder(md_h5 *f, const char *path);
/* The extents of a dataset of any type. */
void md_h5_get_shape(md_h5 *f, const char *path, md_h5_shape *out);
size_t md_h5_members(md_h5 *f, const char *path); /* of a group; 0 when there is none */
/* Paths of up to `most` datasets, in order of their names; returns how many it gave. */
size_t md_h5_list(md_h5 *f, char (*paths)[MD_H5_PATH], size_t most);

/* h5_walk.c. Visits the whole file in the order of checkpoint/schema.h: the rules for every object,
 * known or not, and bounds of depth, number and the sum of sizes. */

/* Called for each group, dataset and attribute; its failures go through md_h5_fail. */
typedef void (*md_h5_visit)(md_h5 *f, const char *path, hid_t id, void *context);

md_status md_h5_walk(md_h5 *f, md_h5_visit visit, void *context);

#endif
