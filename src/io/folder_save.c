#include <stdio.h>
#include <unistd.h>

#include "checkpoint_image.h"
#include "files.h"
#include "folder_internal.h"

static void enter(const md_folder *folder, const char *stage, const char *temporary)
{
    if (folder->hook)
        folder->hook(stage, temporary, folder->context);
}

static md_status write_file(const char *path, md_checkpoint *c, md_error *err)
{
    md_bytes bytes;
    md_status status = md_checkpoint_encode(c, path, &bytes, err);
    if (!status)
        status = md_bytes_write(path, &bytes, err);
    md_bytes_free(&bytes);
    return status;
}

/* Reads the file as a stranger would and compares it with what was meant. */
static md_status verify(const char *path, const md_checkpoint *c, md_error *err)
{
    md_error why;
    md_checkpoint *back = NULL;
    if (md_checkpoint_read(path, &back, &why))
        return md_fail(err, MD_FAILED, "the file just saved cannot be read back: %s", why.text);
    int same = back->state_xxh3 == c->state_xxh3;
    md_checkpoint_destroy(&back);
    return same ? MD_OK
                : md_fail(err, MD_FAILED,
                          "the file just saved, '%s', holds something else; check "
                          "the disk",
                          path);
}

/* last.h5 is generation 0. */
static void generation(const md_folder *folder, int number, char out[PATH_MAX])
{
    char name[32];
    if (number == 0)
        snprintf(name, sizeof name, "%s", MD_FILE_LAST);
    else if (number == 1)
        snprintf(name, sizeof name, "last.prev.h5");
    else
        snprintf(name, sizeof name, "last.prev%d.h5", number);
    md_files_join(folder->path, name, out);
}

/* Removes generations that an earlier run with a larger `keep` left. */
static void drop_surplus(const md_folder *folder)
{
    char path[PATH_MAX];
    for (int i = folder->keep;; i++) {
        generation(folder, i, path);
        if (unlink(path) != 0)
            return;
    }
}

/* Shifts the generations by one. Nothing to do when last.h5 is already last.prev.h5: a save was
 * interrupted after this stage. */
static md_status rotate(const md_folder *folder, md_error *err)
{
    char last[PATH_MAX], from[PATH_MAX], to[PATH_MAX];
    generation(folder, 0, last);
    generation(folder, 1, to);
    drop_surplus(folder);
    if (folder->keep < 2 || !md_files_exists(last) || md_files_same(last, to))
        return MD_OK;
    md_status status = MD_OK;
    for (int i = folder->keep - 1; i > 1 && !status; i--) {
        generation(folder, i - 1, from);
        generation(folder, i, to);
        if (md_files_exists(from))
            status = md_files_rename(from, to, err);
    }
    if (status)
        return status;
    char temporary[PATH_MAX];
    generation(folder, 1, to);
    md_files_join(folder->path, MD_FILE_SAVING_LINK, temporary);
    return md_files_alias(last, temporary, to, err);
}

/* best.h5 goes first: killed in between, the run resumes from before its best epoch and finds it
 * again; the other way round it would remember a best value that no file holds. */
static md_status publish(const md_folder *folder, const char *saving, const char *saving_csv,
                         int best, md_error *err)
{
    char to[PATH_MAX], link[PATH_MAX];
    md_status status = MD_OK;
    if (best) {
        md_files_join(folder->path, MD_FILE_BEST, to);
        md_files_join(folder->path, MD_FILE_SAVING_LINK, link);
        status = md_files_alias(saving, link, to, err);
    }
    if (status)
        return status;
    md_files_join(folder->path, MD_FILE_LAST, to);
    status = md_files_rename(saving, to, err);
    if (status)
        return status;
    md_files_join(folder->path, MD_FILE_HISTORY, to);
    status = md_files_rename(saving_csv, to, err);
    return status ? status : md_files_sync_folder(folder->path, err);
}

md_status md_folder_save(md_folder *folder, md_checkpoint *c, int best, md_error *err)
{
    char saving[PATH_MAX], saving_csv[PATH_MAX];
    md_files_join(folder->path, MD_FILE_SAVING, saving);
    md_files_join(folder->path, MD_FILE_SAVING_CSV, saving_csv);
    enter(folder, "write", saving);
    md_status status = write_file(saving, c, err);
    if (!status)
        status = md_history_write_csv(saving_csv, c, err);
    if (!status) {
        enter(folder, "verify", saving);
        status = verify(saving, c, err);
    }
    if (!status) {
        enter(folder, "rotate", saving);
        status = rotate(folder, err);
    }
    if (!status) {
        enter(folder, "rename", saving);
        status = publish(folder, saving, saving_csv, best, err);
    }
    if (status) {
        unlink(saving);
        unlink(saving_csv);
        return status;
    }
    enter(folder, "done", saving);
    return MD_OK;
}

md_status md_folder_save_rescue(const char *folder_path, md_checkpoint *c, md_error *err)
{
    char saving[PATH_MAX], rescue[PATH_MAX];
    md_files_join(folder_path, MD_FILE_SAVING_RESCUE, saving);
    md_files_join(folder_path, MD_FILE_RESCUE, rescue);
    md_status status = write_file(saving, c, err);
    if (!status)
        status = verify(saving, c, err);
    if (!status)
        status = md_files_rename(saving, rescue, err);
    if (status)
        unlink(saving);
    return status ? status : md_files_sync_folder(folder_path, err);
}
