#include <string.h>
#include <unistd.h>

#include "folder_internal.h"
#include "mnist_dist/base/files.h"
#include "mnist_dist/checkpoint/encoding.h"

static void enter(const md_folder *folder, const char *stage, const char *temporary)
{
    if (folder && folder->hook)
        folder->hook(stage, temporary, folder->context);
}

/* Encoded once: what is read back must be these very bytes. */
static md_status verify(const char *path, const md_bytes *written, md_error *err)
{
    md_error why;
    md_bytes back;
    int refused;
    md_status status = md_bytes_read(path, &md_checkpoint_file, &back, &refused, &why);
    const int same = back.size == written->size && memcmp(back.data, written->data, back.size) == 0;
    md_bytes_free(&back);
    if (status == MD_FAILED || refused)
        return md_fail(err, MD_FAILED, "the file just saved cannot be read back: %s", why.text);
    if (same)
        return MD_OK;
    return md_fail(err, MD_FAILED,
                   "the file just saved, '%s', cannot be read back as it was written; check "
                   "the disk",
                   path);
}

static void generation(const md_folder *folder, int number, char out[PATH_MAX])
{
    char name[MD_GENERATION_NAME];
    md_folder_generation_name(number, name);
    md_files_join(folder->path, name, out);
}

static int is_bad(const md_folder *folder, int number)
{
    return number < MD_GENERATIONS && folder->bad[number];
}

static void forget_bad(md_folder *folder, int number)
{
    if (number < MD_GENERATIONS)
        folder->bad[number] = 0;
}

/* Removes what lies beyond `keep` good generations: an earlier run with a larger `keep` left it, or
 * it had to stay while a younger one was bad. */
static void drop_surplus(md_folder *folder)
{
    char path[PATH_MAX];
    int good = 0;
    for (int i = 0;; i++) {
        generation(folder, i, path);
        if (!md_files_exists(path))
            return;
        if (good < folder->keep) {
            good += !is_bad(folder, i);
        } else {
            unlink(path);
            forget_bad(folder, i);
        }
    }
}

/* The generation that rotating overwrites: the youngest that is missing or bad, else the oldest. */
static int find_room(const md_folder *folder)
{
    char path[PATH_MAX];
    for (int i = 0; i < folder->keep - 1; i++) {
        generation(folder, i, path);
        if (is_bad(folder, i) || !md_files_exists(path))
            return i;
    }
    return folder->keep - 1;
}

/* Shifts the generations by one, up to the first that is no loss. Nothing to do when last.h5 is no
 * loss itself, or already last.prev.h5: a save was interrupted after this stage. */
static md_status rotate(md_folder *folder, md_error *err)
{
    char last[PATH_MAX], from[PATH_MAX], to[PATH_MAX];
    const int room = find_room(folder);
    generation(folder, 0, last);
    generation(folder, 1, to);
    if (room == 0 || md_files_same(last, to))
        return MD_OK;
    for (int i = room; i > 1; i--) {
        generation(folder, i - 1, from);
        generation(folder, i, to);
        md_status status = md_files_rename(from, to, err);
        if (status)
            return status;
        forget_bad(folder, i);
    }
    char temporary[PATH_MAX];
    generation(folder, 1, to);
    md_files_join(folder->path, MD_FILE_SAVING_LINK, temporary);
    md_status status = md_files_alias(last, temporary, to, err);
    if (!status)
        forget_bad(folder, 1);
    return status;
}

/* best.h5 goes first: killed in between, the run resumes from before its best epoch and finds it
 * again; the other way round it would remember a best value that no file holds. */
static md_status publish(md_folder *folder, const char *saving, const char *saving_csv, int best,
                         md_error *err)
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
    forget_bad(folder, 0);
    md_files_join(folder->path, MD_FILE_HISTORY, to);
    status = md_files_rename(saving_csv, to, err);
    if (status)
        return status;
    md_files_sync_folder(folder->path);
    /* Not before the new file is safe: theirs may be the only good one. */
    drop_surplus(folder);
    return MD_OK;
}

/* folder and saving_csv are NULL of a rescue, which has neither stages nor a history.csv. */
static md_status write_verified(md_folder *folder, const char *saving, const char *saving_csv,
                                md_checkpoint *c, md_error *err)
{
    md_bytes bytes;
    enter(folder, "write", saving);
    md_status status = md_checkpoint_encode(c, saving, &bytes, err);
    if (!status)
        status = md_bytes_write(saving, &bytes, err);
    if (!status && saving_csv)
        status = md_history_write_csv(saving_csv, c, err);
    if (!status) {
        enter(folder, "verify", saving);
        status = verify(saving, &bytes, err);
    }
    md_bytes_free(&bytes);
    return status;
}

md_status md_folder_save(md_folder *folder, md_checkpoint *c, int best, md_error *err)
{
    char saving[PATH_MAX], saving_csv[PATH_MAX];
    md_files_join(folder->path, MD_FILE_SAVING, saving);
    md_files_join(folder->path, MD_FILE_SAVING_CSV, saving_csv);
    md_status status = write_verified(folder, saving, saving_csv, c, err);
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
    md_status status = write_verified(NULL, saving, NULL, c, err);
    if (!status)
        status = md_files_rename(saving, rescue, err);
    if (status)
        unlink(saving);
    else
        md_files_sync_folder(folder_path);
    return status;
}
