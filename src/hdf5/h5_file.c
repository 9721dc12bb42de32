#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mnist_dist/base/text.h"
#include "mnist_dist/hdf5/h5.h"
#include "mnist_dist/hdf5/hdf5_version.h"
#include "mnist_dist/hdf5/seal.h"

enum {
    GROWTH = 1 << 20, /* by how much an image grows while being written */
    ROOM = 1 << 20    /* more than libhdf5 takes for an open file beside its bytes */
};

herr_t md_h5_release(hid_t *id)
{
    herr_t result = *id >= 0 && H5Idec_ref(*id) < 0 ? -1 : 0;
    *id = H5I_INVALID_HID;
    return result;
}

/* libhdf5 describes a failure from the call (0) down to its cause; both ends are kept. Of a filter
 * 1.14 says no cause; in a sound file, which had some once, that is memory. */
struct words {
    char call[256], cause[256];
    int of_memory;
};

static herr_t collect(unsigned depth, const H5E_error2_t *entry, void *context)
{
    struct words *words = context;
    char *into = depth == 0 ? words->call : words->cause;
    snprintf(into, sizeof words->call, "%s", entry->desc ? entry->desc : "unknown failure");
    if (entry->maj_num == H5E_RESOURCE || entry->maj_num == H5E_PLINE ||
        entry->min_num == H5E_NOSPACE || entry->min_num == H5E_CANTALLOC)
        words->of_memory = 1;
    return 0;
}

/* 1 when they are of memory that could not be had. */
static int hdf5_words(char *out, size_t size)
{
    struct words words = {{0}, {0}, 0};
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, collect, &words);
    out[0] = '\0';
    if (words.call[0])
        snprintf(out, size, " (HDF5: %s%s%s)", words.call, words.cause[0] ? ": " : "", words.cause);
    return words.of_memory;
}

md_status md_h5_fail(md_h5 *f, const char *format, ...)
{
    if (f->status)
        return f->status;
    char words[600], text[700];
    const int of_memory = hdf5_words(words, sizeof words);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    md_text_make_printable(text);
    md_text_make_printable(words);
    if (of_memory && f->sound)
        return f->status =
                   md_fail(f->err, MD_FAILED, "'%s': out of memory%s; use fewer ranks per node",
                           f->name, words);
    f->status = f->kind;
    return md_fail(f->err, f->kind, "'%s': %s%s", f->name, text, words);
}

md_status md_h5_fail_with(md_h5 *f, md_status status)
{
    if (f->status || !status)
        return f->status;
    f->status = md_fail_context(f->err, status, "'%s': ", f->name);
    return f->status;
}

/* A core file lives in memory; SEMI makes closing fail when an identifier was left open. */
static hid_t core_access(void)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (access < 0)
        return access;
    if (H5Pset_fapl_core(access, GROWTH, 0) < 0 || H5Pset_fclose_degree(access, H5F_CLOSE_SEMI) < 0)
        md_h5_release(&access);
    return access;
}

/* libhdf5 takes two files of one name for the same; ours differ by the address of their md_h5. */
static void image_name(const md_h5 *f, char out[MD_H5_TAG])
{
    snprintf(out, MD_H5_TAG, "%p", (const void *)f);
}

/* Before the first call: at exit libhdf5 would close what a write without memory left open, and
 * crash. Files in memory need nothing done then. */
static void spare_exit(void)
{
    H5dont_atexit();
}

static void start(md_h5 *f, const char *name, md_status kind, md_error *err)
{
    *f = (md_h5){.file = H5I_INVALID_HID, .name = name, .kind = kind, .err = err};
    spare_exit();
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

/* libhdf5 1.10 crashes where a new file's cache, half a megabyte, cannot be had; so what a file of
 * `size` bytes takes is asked for first. */
static md_status check_room(md_h5 *f, size_t size)
{
    void *room = malloc(size + ROOM);
    if (!room)
        f->status = md_fail_memory(f->err, f->name, size + ROOM);
    free(room);
    return f->status;
}

md_status md_h5_create(md_h5 *f, const char *name, md_error *err)
{
    start(f, name, MD_FAILED, err);
    f->sound = 1;
    f->size = f->most = UINT64_MAX;
    if (check_room(f, GROWTH))
        return f->status;
    char unique[MD_H5_TAG];
    image_name(f, unique);
    hid_t access = core_access();
    if (access >= 0)
        f->file = H5Fcreate(unique, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    if (f->file < 0)
        md_h5_fail(f, "cannot be created in memory");
    md_h5_release(&access);
    return f->status;
}

md_status md_h5_open(md_h5 *f, const char *name, const md_bytes *bytes, md_error *err)
{
    static const unsigned char signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    start(f, name, MD_BAD_CHECKPOINT, err);
    if (bytes->size < sizeof signature || memcmp(bytes->data, signature, sizeof signature) != 0)
        return md_h5_fail(f, "not an HDF5 file; check the path, or use an earlier file");
    size_t content;
    if (!md_seal_check(bytes, &content))
        return md_h5_fail(f, "damaged: its bytes are not those that were saved; use an earlier "
                             "file");
    f->sound = content < bytes->size;
    f->size = f->most = content;
    char unique[MD_H5_TAG];
    image_name(f, unique);
    hid_t access = core_access();
    if (access >= 0 && H5Pset_file_image(access, bytes->data, content) >= 0 &&
        !check_room(f, content))
        f->file = H5Fopen(unique, H5F_ACC_RDONLY, access);
    if (f->file < 0)
        md_h5_fail(f, "torn or damaged; use an earlier file");
    md_h5_release(&access);
    return f->status;
}

md_status md_h5_open_path(md_h5 *f, const char *path, const md_file_kind *kind, md_error *err)
{
    int fd;
    start(f, path, kind->status, err);
    f->status = md_file_open(path, kind, &fd, &f->size, NULL, err);
    if (f->status)
        return f->status;
    close(fd);
    f->most = f->size;
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (access >= 0 && H5Pset_file_locking(access, 0, 1) >= 0 &&
        H5Pset_fclose_degree(access, H5F_CLOSE_SEMI) >= 0 && !check_room(f, 0))
        f->file = H5Fopen(path, H5F_ACC_RDONLY, access);
    if (f->file < 0)
        md_h5_fail(f, "cannot be opened; give a sound HDF5 file");
    md_h5_release(&access);
    return f->status;
}

md_status md_h5_image(md_h5 *f, md_bytes *out)
{
    *out = (md_bytes){0};
    if (f->status)
        return f->status;
    ssize_t size = -1;
    if (H5Fflush(f->file, H5F_SCOPE_GLOBAL) >= 0)
        size = H5Fget_file_image(f->file, NULL, 0);
    if (size <= 0)
        return md_h5_fail(f, "cannot be assembled in memory");
    out->size = (size_t)size;
    out->data = malloc(out->size);
    if (!out->data)
        return f->status = md_fail_memory(f->err, "a checkpoint's bytes", out->size);
    if (H5Fget_file_image(f->file, out->data, out->size) != size) {
        md_h5_fail(f, "cannot be assembled in memory");
        md_bytes_free(out);
    }
    return f->status;
}

md_status md_h5_close(md_h5 *f)
{
    if (md_h5_release(&f->file) < 0)
        md_h5_fail(f, "cannot be closed");
    return f->status;
}

const char *md_hdf5_version(void)
{
    static char version[32];
    spare_exit();
    unsigned major = 0, minor = 0, release = 0;
    H5get_libversion(&major, &minor, &release);
    snprintf(version, sizeof version, "%u.%u.%u", major, minor, release);
    return version;
}
