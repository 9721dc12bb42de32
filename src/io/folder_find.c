#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "folder_internal.h"
#include "mnist_dist/util/log.h"

#define PREVIOUS "last.prev"

typedef struct {
    struct dirent **entries;
    int count;
} listing;

void md_folder_generation_name(int number, char out[MD_GENERATION_NAME])
{
    if (number == 0)
        snprintf(out, MD_GENERATION_NAME, "%s", MD_FILE_LAST);
    else if (number == 1)
        snprintf(out, MD_GENERATION_NAME, PREVIOUS ".h5");
    else
        snprintf(out, MD_GENERATION_NAME, PREVIOUS "%d.h5", number);
}

int md_folder_generation(const char *name)
{
    char exact[MD_GENERATION_NAME];
    int number = 0;
    if (strncmp(name, PREVIOUS, strlen(PREVIOUS)) == 0) {
        const long written = strtol(name + strlen(PREVIOUS), NULL, 10);
        number = written > 1 && written < INT_MAX ? (int)written : 1;
    }
    md_folder_generation_name(number, exact);
    return strcmp(name, exact) == 0 ? number : -1;
}

/* What a run can be resumed from. */
static int is_resumable(const struct dirent *entry)
{
    return md_folder_generation(entry->d_name) >= 0 || strcmp(entry->d_name, MD_FILE_RESCUE) == 0;
}

static int is_checkpoint(const struct dirent *entry)
{
    return is_resumable(entry) || strcmp(entry->d_name, MD_FILE_BEST) == 0;
}

/* Names that the program itself gives, and no other: these move and are replaced. */
static int is_of_run(const struct dirent *entry)
{
    return is_checkpoint(entry) || strcmp(entry->d_name, MD_FILE_HISTORY) == 0 ||
           strcmp(entry->d_name, MD_FILE_REPORT) == 0;
}

/* Byte order, whatever the locale: last.h5, last.prev.h5, last.prev2.h5, rescue.h5. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* An unreadable folder has no files; that it cannot be read was md_folder_open's to find. */
static listing list(const char *path, int (*filter)(const struct dirent *))
{
    listing l = {NULL, 0};
    int count = scandir(path, &l.entries, filter, by_name);
    l.count = count > 0 ? count : 0;
    return l;
}

static void release(listing *l)
{
    for (int i = 0; i < l->count; i++)
        free(l->entries[i]);
    free(l->entries);
}

int md_folder_has_run(const md_folder *folder)
{
    listing l = list(folder->path, is_checkpoint);
    int has = l.count > 0;
    release(&l);
    return has;
}

/* Keeps the better of *best and the file at path; a bad file is warned of. */
static md_status consider(const char *path, md_checkpoint **best, char *name, size_t name_size,
                          md_error *err)
{
    md_error why;
    md_checkpoint *found = NULL;
    if (md_checkpoint_read(path, &found, &why)) {
        if (why.status == MD_BAD_CHECKPOINT)
            md_warn("skipped a checkpoint: %s", why.text);
        return md_fail(err, why.status, "%s", why.text);
    }
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

md_status md_folder_newest(md_folder *folder, md_checkpoint **out, char *name, size_t name_size,
                           md_error *err)
{
    *out = NULL;
    memset(folder->bad, 0, sizeof folder->bad);
    listing l = list(folder->path, is_resumable);
    md_status status = MD_OK;
    md_error why = {0};
    for (int i = 0; i < l.count && status != MD_FAILED; i++) {
        char path[PATH_MAX];
        md_files_join(folder->path, l.entries[i]->d_name, path);
        status = consider(path, out, name, name_size, &why);
        if (status)
            note_bad(folder, l.entries[i]->d_name);
    }
    int count = l.count;
    release(&l);
    if (status == MD_FAILED) {
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

static md_status move(const char *from, const char *folder, md_error *err)
{
    char to[PATH_MAX];
    md_files_join(folder, strrchr(from, '/') + 1, to);
    return md_files_rename(from, to, err);
}

/* Files of a run only: what else somebody keeps in DIR/previous stays, and keeps the folder. */
static void empty_folder(const char *path)
{
    listing l = list(path, is_of_run);
    for (int i = 0; i < l.count; i++) {
        char file[PATH_MAX];
        md_files_join(path, l.entries[i]->d_name, file);
        unlink(file);
    }
    release(&l);
}

/* The last step of setting aside, which can be done over until it succeeds. */
static md_status place(md_folder *folder, md_error *err)
{
    char previous[PATH_MAX], placing[PATH_MAX];
    md_files_join(folder->path, MD_FOLDER_PREVIOUS, previous);
    md_files_join(folder->path, MD_FOLDER_PLACING, placing);
    if (!md_files_exists(placing))
        return MD_OK;
    listing l = list(placing, is_of_run);
    md_status status = MD_OK;
    for (int i = 0; i < l.count && !status; i++) {
        char from[PATH_MAX];
        md_files_join(placing, l.entries[i]->d_name, from);
        status = move(from, previous, err);
    }
    release(&l);
    if (!status && rmdir(placing) != 0)
        status =
            md_fail(err, MD_FAILED, "folder '%s' cannot be removed: %s", placing, strerror(errno));
    return status ? status : md_files_sync_folder(folder->path, err);
}

/* DIR/.previous.moving is complete: its files replace those of DIR/previous. */
static md_status replace_previous(md_folder *folder, const char *moving, md_error *err)
{
    char previous[PATH_MAX], placing[PATH_MAX];
    md_files_join(folder->path, MD_FOLDER_PREVIOUS, previous);
    md_files_join(folder->path, MD_FOLDER_PLACING, placing);
    md_status status = md_folder_make(previous, err);
    if (status)
        return status;
    empty_folder(previous);
    status = md_files_rename(moving, placing, err);
    return status ? status : place(folder, err);
}

md_status md_folder_set_aside(md_folder *folder, md_error *err)
{
    if (!md_folder_has_run(folder))
        return MD_OK;
    md_info("%s holds an earlier run: moved to %s/" MD_FOLDER_PREVIOUS, folder->path, folder->path);
    listing l = list(folder->path, is_of_run);
    char moving[PATH_MAX], from[PATH_MAX];
    md_files_join(folder->path, MD_FOLDER_MOVING, moving);
    md_status status = md_folder_make(moving, err);
    /* last.h5 goes last, so that a killed move leaves a run. */
    for (int i = 0; i < l.count && !status; i++) {
        md_files_join(folder->path, l.entries[i]->d_name, from);
        if (strcmp(l.entries[i]->d_name, MD_FILE_LAST) != 0)
            status = move(from, moving, err);
    }
    md_files_join(folder->path, MD_FILE_LAST, from);
    if (!status && md_files_exists(from))
        status = move(from, moving, err);
    release(&l);
    return status ? status : replace_previous(folder, moving, err);
}

md_status md_folder_finish_set_aside(md_folder *folder, md_error *err)
{
    char moving[PATH_MAX];
    md_files_join(folder->path, MD_FOLDER_MOVING, moving);
    md_status status = place(folder, err);
    if (!status && md_files_exists(moving) && !md_folder_has_run(folder))
        status = replace_previous(folder, moving, err);
    return status;
}
