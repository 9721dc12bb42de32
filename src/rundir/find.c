#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "folder_internal.h"
#include "mnist_dist/base/files.h"
#include "mnist_dist/base/log.h"
#include "mnist_dist/checkpoint/encoding.h"

/* A file that the system did not let be read may hold anything, so that no other may take its
 * place: MD_FAILED. */
static md_status read_one(const char *path, md_checkpoint **out, md_error *err)
{
    md_bytes bytes;
    int refused;
    md_status status = md_bytes_read(path, &md_checkpoint_file, &bytes, &refused, err);
    if (!status)
        status = md_checkpoint_decode(&bytes, path, out, err);
    md_bytes_free(&bytes);
    if (!refused)
        return status;
    const md_error why = *err;
    md_fail(err, MD_FAILED, "%s, or move it away to resume without it", why.text);
    return MD_FAILED;
}

/* Keeps the better of *best and the file at path; a bad file is warned of. */
static md_status consider(const char *path, md_checkpoint **best, char *name, size_t name_size,
                          md_error *err)
{
    md_checkpoint *found = NULL;
    md_status status = read_one(path, &found, err);
    if (status == MD_BAD_CHECKPOINT)
        md_warn("skipped a checkpoint: %s", err->text);
    if (status)
        return status;
    if (*best && found->step <= (*best)->step) {
        md_checkpoint_destroy(&found);
        return MD_OK;
    }
    md_checkpoint_destroy(best);
    *best = found;
    if (name)
        snprintf(name, name_size, "%s", path);
    return MD_OK;
}

/* What is saved from now on must not push out a good file for the sake of this one. */
static void note_bad(md_folder *folder, const char *name)
{
    const int number = md_folder_generation(name);
    if (number >= 0 && number < MD_GENERATIONS)
        folder->bad[number] = 1;
}

/* why: of the last file that was skipped. */
static md_status consider_all(md_folder *folder, const md_listing *l, md_checkpoint **out,
                              char *name, size_t name_size, md_error *why)
{
    for (int i = 0; i < l->count; i++) {
        char path[PATH_MAX];
        md_files_join(folder->path, l->entries[i]->d_name, path);
        md_status status = consider(path, out, name, name_size, why);
        if (status == MD_FAILED)
            return status;
        if (status)
            note_bad(folder, l->entries[i]->d_name);
    }
    return MD_OK;
}

md_status md_folder_newest(md_folder *folder, md_checkpoint **out, char *name, size_t name_size,
                           md_error *err)
{
    *out = NULL;
    memset(folder->bad, 0, sizeof folder->bad);
    md_status status = md_folder_undo_set_aside(folder, err);
    if (status)
        return status;
    md_listing l;
    status = md_folder_list(folder->path, MD_FOLDER_RESUMABLE, &l, err);
    if (status)
        return status;
    md_error why = {0};
    status = consider_all(folder, &l, out, name, name_size, &why);
    const int count = l.count;
    md_listing_free(&l);
    if (status) {
        md_checkpoint_destroy(out);
        return md_fail(err, status, "%s", why.text);
    }
    if (count > 0 && !*out)
        return md_fail(err, MD_BAD_CHECKPOINT,
                       "none of the %d checkpoints in '%s' can be used (%s); start anew without "
                       "--resume",
                       count, folder->path, why.text);
    return MD_OK;
}
