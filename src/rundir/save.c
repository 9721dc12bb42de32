#include <string.h>
#include <unistd.h>

#include "folder_internal.h"
#include "mnist_dist/base/files.h"
#include "mnist_dist/base/log.h"
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

/* best.h5 goes first: killed in between, a resume finds the best epoch in it and makes it last.h5;
 * the other way round last.h5 would remember a best value that best.h5 does not hold. */
static md_status publish(const md_folder *folder, const char *saving, int *best, md_error *err)
{
    char to[PATH_MAX], link[PATH_MAX];
    if (best) {
        md_files_join(folder->path, MD_FILE_BEST, to);
        md_files_join(folder->path, MD_FILE_SAVING_LINK, link);
        md_status status = md_files_alias(saving, link, to, err);
        if (status)
            return status;
        *best = 1;
    }
    md_files_join(folder->path, MD_FILE_LAST, to);
    return md_files_rename(saving, to, err);
}

/* `saving`, which is whole, becomes last.h5. Once it is, nothing fails any more. */
static md_status replace_last(md_folder *folder, const char *saving, const md_checkpoint *c,
                              int *best, md_error *err)
{
    enter(folder, "rotate", saving);
    md_status status = rotate(folder, err);
    if (!status) {
        enter(folder, "rename", saving);
        status = publish(folder, saving, best, err);
    }
    if (status) {
        unlink(saving);
        return status;
    }
    forget_bad(folder, 0);
    md_folder_write_history(folder, c);
    md_files_sync_folder(folder->path);
    return MD_OK;
}

/* folder is NULL of a rescue, which has no stages. */
static md_status write_verified(const md_folder *folder, const char *saving, md_checkpoint *c,
                                md_error *err)
{
    md_bytes bytes;
    enter(folder, "write", saving);
    md_status status = md_checkpoint_encode(c, saving, &bytes, err);
    if (!status)
        status = md_bytes_write(saving, &bytes, err);
    if (!status) {
        enter(folder, "verify", saving);
        status = verify(saving, &bytes, err);
    }
    md_bytes_free(&bytes);
    if (status)
        unlink(saving);
    return status;
}

md_status md_folder_save(md_folder *folder, md_checkpoint *c, int *best, md_error *err)
{
    char saving[PATH_MAX];
    md_files_join(folder->path, MD_FILE_SAVING, saving);
    if (best)
        *best = 0;
    md_status status = write_verified(folder, saving, c, err);
    if (!status)
        status = replace_last(folder, saving, c, best, err);
    if (status)
        return status;
    /* Not before the new file is safe: theirs may be the only good one. */
    drop_surplus(folder);
    enter(folder, "done", saving);
    return MD_OK;
}

md_status md_folder_repair(md_folder *folder, const md_checkpoint *c, md_error *err)
{
    char last[PATH_MAX], found[PATH_MAX], link[PATH_MAX], saving[PATH_MAX];
    md_folder_remove_status(folder);
    if (strcmp(folder->found, MD_FILE_LAST) == 0) {
        md_folder_write_history(folder, c);
        return MD_OK;
    }
    generation(folder, 0, last);
    md_files_join(folder->path, folder->found, found);
    md_files_join(folder->path, MD_FILE_SAVING_LINK, link);
    md_files_join(folder->path, MD_FILE_SAVING, saving);
    const char *was = !md_files_exists(last) ? "missing" : is_bad(folder, 0) ? "damaged" : "older";
    md_status status = md_files_alias(found, link, saving, err);
    if (!status)
        status = replace_last(folder, saving, c, NULL, err);
    if (!status)
        md_info("%s was %s, and is the same as %s now", last, was, folder->found);
    return status;
}

md_status md_folder_save_rescue(const char *folder_path, md_checkpoint *c, md_error *err)
{
    char saving[PATH_MAX], rescue[PATH_MAX];
    md_files_join(folder_path, MD_FILE_SAVING_RESCUE, saving);
    md_files_join(folder_path, MD_FILE_RESCUE, rescue);
    md_status status = write_verified(NULL, saving, c, err);
    if (status)
        return status;
    status = md_files_rename(saving, rescue, err);
    if (status)
        unlink(saving);
    else
        md_files_sync_folder(folder_path);
    return status;
}
