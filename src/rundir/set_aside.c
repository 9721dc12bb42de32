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

/* The last step of setting aside, which can be done over until it succeeds. */
static md_status place(md_folder *folder, md_error *err)
{
    char previous[PATH_MAX], placing[PATH_MAX];
    md_files_join(folder->path, MD_FOLDER_PREVIOUS, previous);
    md_files_join(folder->path, MD_FOLDER_PLACING, placing);
    if (!md_files_exists(placing))
        return MD_OK;
    md_listing l;
    md_status status = md_folder_list(placing, MD_FOLDER_RUN, &l, err);
    for (int i = 0; i < l.count && !status; i++) {
        char from[PATH_MAX];
        md_files_join(placing, l.entries[i]->d_name, from);
        status = move(from, previous, err);
    }
    md_listing_free(&l);
    if (!status && rmdir(placing) != 0)
        status = md_fail(err, MD_FAILED,
                         "folder '%s' cannot be removed: %s; move what it holds elsewhere", placing,
                         strerror(errno));
    return status ? status : md_files_sync_folder(folder->path, err);
}

/* DIR/.previous.moving is complete: its files replace those of DIR/previous. */
static md_status replace_previous(md_folder *folder, const char *moving, md_error *err)
{
    char previous[PATH_MAX], placing[PATH_MAX];
    md_files_join(folder->path, MD_FOLDER_PREVIOUS, previous);
    md_files_join(folder->path, MD_FOLDER_PLACING, placing);
    md_status status = md_folder_make(previous, err);
    if (!status)
        status = empty_folder(previous, err);
    if (!status)
        status = md_files_rename(moving, placing, err);
    return status ? status : place(folder, err);
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
    if (!md_folder_has_run(folder))
        return MD_OK;
    char moving[PATH_MAX], previous[PATH_MAX];
    md_files_join(folder->path, MD_FOLDER_MOVING, moving);
    md_files_join(folder->path, MD_FOLDER_PREVIOUS, previous);
    md_status status = md_folder_check_names(previous, err);
    if (!status)
        status = md_folder_check_names(folder->path, err);
    if (status)
        return status;
    md_info("%s holds an earlier run: moved to %s", folder->path, previous);
    memset(folder->bad, 0, sizeof folder->bad);
    status = gather(folder, moving, err);
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
