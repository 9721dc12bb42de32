#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "folder_internal.h"
#include "mnist_dist/base/files.h"
#include "mnist_dist/base/log.h"

static md_status move(const char *from, const char *folder, md_error *err)
{
    char to[PATH_MAX];
    md_files_join(folder, strrchr(from, '/') + 1, to);
    return md_files_rename(from, to, err);
}

/* Files of a run only: what else somebody keeps in DIR/previous stays, and keeps the folder. */
static md_status empty_folder(const char *path, md_error *err)
{
    md_listing l;
    md_status status = md_folder_list(path, MD_FOLDER_RUN, &l, err);
    for (int i = 0; i < l.count; i++) {
        char file[PATH_MAX];
        md_files_join(path, l.entries[i]->d_name, file);
        unlink(file);
    }
    md_listing_free(&l);
    return status;
}

/* Where runs that were moved aside lie: previous, previous2, previous3... */
static void slot_path(const md_folder *folder, int number, char out[PATH_MAX])
{
    char name[MD_GENERATION_NAME];
    snprintf(name, sizeof name, number > 1 ? MD_FOLDER_PREVIOUS "%d" : MD_FOLDER_PREVIOUS, number);
    md_files_join(folder->path, name, out);
}

/* The first slot whose run is not longer than the one in `from`, which may take its place. One that
 * cannot be read now may be longer. MD_FAILED where it holds what is nobody's run. */
static md_status choose_slot(const md_folder *folder, const char *from, int *number,
                             char out[PATH_MAX], md_error *err)
{
    md_error why;
    int64_t ours, theirs;
    md_folder_length(from, &ours, &why);
    for (*number = 1;; ++*number) {
        slot_path(folder, *number, out);
        md_status status = md_folder_length(out, &theirs, err);
        if (status && !md_files_exists(out))
            return status;
        if (!status && theirs <= ours)
            return md_folder_check_names(out, MD_FOLDER_RUN, err);
    }
}

/* The last step of setting aside, which can be done over until it succeeds. */
static md_status place(const char *slot, const char *placing, md_error *err)
{
    md_listing l;
    md_status status = md_folder_list(placing, MD_FOLDER_RUN, &l, err);
    for (int i = 0; i < l.count && !status; i++) {
        char from[PATH_MAX];
        md_files_join(placing, l.entries[i]->d_name, from);
        status = move(from, slot, err);
    }
    md_listing_free(&l);
    if (!status && rmdir(placing) != 0)
        status = md_fail(err, MD_FAILED,
                         "folder '%s' cannot be removed: %s; move what it holds elsewhere", placing,
                         strerror(errno));
    if (!status)
        md_files_sync_folder(slot);
    return status;
}

/* DIR/.previous.moving is complete: its files replace those of the slot. */
static md_status fill_slot(md_folder *folder, const char *moving, const char *slot, md_error *err)
{
    char placing[PATH_MAX];
    md_files_join(slot, MD_FOLDER_PLACING, placing);
    md_status status = md_folder_make(slot, err);
    if (!status)
        status = empty_folder(slot, err);
    if (!status)
        status = md_files_rename(moving, placing, err);
    if (!status)
        status = place(slot, placing, err);
    if (!status)
        md_files_sync_folder(folder->path);
    return status;
}

/* last.h5 goes last, so that a killed move leaves a run. */
static md_status gather(const md_folder *folder, const char *moving, md_error *err)
{
    char from[PATH_MAX];
    md_listing l;
    md_status status = md_folder_list(folder->path, MD_FOLDER_RUN, &l, err);
    if (!status)
        status = md_folder_make(moving, err);
    for (int i = 0; i < l.count && !status; i++) {
        md_files_join(folder->path, l.entries[i]->d_name, from);
        if (strcmp(l.entries[i]->d_name, MD_FILE_LAST) != 0)
            status = move(from, moving, err);
    }
    md_files_join(folder->path, MD_FILE_LAST, from);
    if (!status && md_files_exists(from))
        status = move(from, moving, err);
    md_listing_free(&l);
    return status;
}

md_status md_folder_set_aside(md_folder *folder, md_error *err)
{
    if (!md_folder_has_run(folder)) {
        md_folder_remove_status(folder);
        return MD_OK;
    }
    char moving[PATH_MAX], slot[PATH_MAX];
    md_files_join(folder->path, MD_FOLDER_MOVING, moving);
    int number;
    md_status status = md_folder_check_names(folder->path, MD_FOLDER_WRITTEN, err);
    if (!status)
        status = choose_slot(folder, folder->path, &number, slot, err);
    if (status)
        return status;
    md_folder_remove_status(folder);
    md_warn("%s holds an earlier run: moved to %s%s", folder->path, slot,
            number > 1 ? ", beside a longer one" : "");
    memset(folder->bad, 0, sizeof folder->bad);
    status = gather(folder, moving, err);
    return status ? status : fill_slot(folder, moving, slot, err);
}

md_status md_folder_finish_set_aside(md_folder *folder, md_error *err)
{
    char moving[PATH_MAX], slot[PATH_MAX], placing[PATH_MAX];
    md_status status = MD_OK;
    int number;
    for (number = 1; !status; number++) {
        slot_path(folder, number, slot);
        if (!md_files_exists(slot))
            break;
        md_files_join(slot, MD_FOLDER_PLACING, placing);
        if (md_files_exists(placing))
            status = place(slot, placing, err);
    }
    md_files_join(folder->path, MD_FOLDER_MOVING, moving);
    if (status || !md_files_exists(moving) || md_folder_has_run(folder))
        return status;
    status = choose_slot(folder, moving, &number, slot, err);
    return status ? status : fill_slot(folder, moving, slot, err);
}

int md_folder_has_previous(const md_folder *folder, char out[PATH_MAX])
{
    slot_path(folder, 1, out);
    return md_folder_holds(out, MD_FOLDER_CHECKPOINTS);
}

md_status md_folder_undo_set_aside(md_folder *folder, md_error *err)
{
    char moving[PATH_MAX];
    md_files_join(folder->path, MD_FOLDER_MOVING, moving);
    md_listing l;
    md_status status = md_folder_list(moving, MD_FOLDER_RUN, &l, err);
    for (int i = 0; i < l.count && !status; i++) {
        char from[PATH_MAX], to[PATH_MAX];
        md_files_join(moving, l.entries[i]->d_name, from);
        md_files_join(folder->path, l.entries[i]->d_name, to);
        if (!md_files_exists(to))
            status = md_files_rename(from, to, err);
    }
    md_listing_free(&l);
    rmdir(moving); /* fails while it holds what is older, which the next setting aside replaces */
    return status;
}
