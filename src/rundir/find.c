#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "folder_internal.h"
#include "mnist_dist/base/files.h"
#include "mnist_dist/base/log.h"
#include "mnist_dist/checkpoint/encoding.h"

/* Gives *step, and *out unless it is NULL. A file that the system did not let be read may hold
 * anything, so that no other may take its place: MD_FAILED. */
static md_status read_one(const char *path, int64_t *step, md_checkpoint **out, md_error *err)
{
    md_bytes bytes;
    int refused;
    md_status status = md_bytes_read(path, &md_checkpoint_file, &bytes, &refused, err);
    if (!status && out)
        status = md_checkpoint_decode(&bytes, path, out, err);
    else if (!status)
        status = md_checkpoint_peek(&bytes, path, step, err);
    md_bytes_free(&bytes);
    if (!refused)
        return status;
    const md_error why = *err;
    return md_fail(err, MD_FAILED, "%s, or move it away to resume without it", why.text);
}

/* What is saved from now on must not push out a good file for the sake of this one. */
static void note_bad(md_folder *folder, const char *name)
{
    const int number = md_folder_generation(name);
    if (number >= 0 && number < MD_GENERATIONS)
        folder->bad[number] = 1;
}

/* File i of the listing, as read_one. One that is bad is warned of and loses its step. */
static md_status consider(md_folder *folder, const md_listing *l, int i, int64_t steps[],
                          md_checkpoint **out, md_error *why)
{
    char path[PATH_MAX];
    md_files_join(folder->path, l->entries[i]->d_name, path);
    md_status status = read_one(path, &steps[i], out, why);
    if (status == MD_BAD_CHECKPOINT) {
        md_warn("skipped a checkpoint: %s", why->text);
        note_bad(folder, l->entries[i]->d_name);
        steps[i] = -1;
    }
    return status == MD_FAILED ? MD_FAILED : MD_OK;
}

/* The first of those with the most steps, or -1. */
static int most_steps(const int64_t steps[], int count)
{
    int best = -1;
    for (int i = 0; i < count; i++)
        if (steps[i] >= 0 && (best < 0 || steps[i] > steps[best]))
            best = i;
    return best;
}

/* *best: of the file that *out was read from. why: of the last file that was skipped. */
static md_status find(md_folder *folder, const md_listing *l, md_checkpoint **out, int *best,
                      md_error *why)
{
    int64_t *steps = calloc((size_t)l->count + 1, sizeof *steps);
    if (!steps)
        return md_fail_memory(why, "a list of checkpoints", (size_t)l->count * sizeof *steps);
    md_status status = MD_OK;
    for (int i = 0; i < l->count && !status; i++)
        status = consider(folder, l, i, steps, NULL, why);
    while (!status && !*out && (*best = most_steps(steps, l->count)) >= 0)
        status = consider(folder, l, *best, steps, out, why);
    free(steps);
    return status;
}

static md_status newest_of(md_folder *folder, const md_listing *l, md_checkpoint **out, char *name,
                           size_t name_size, md_error *err)
{
    md_error why = {0};
    int best = -1;
    md_status status = find(folder, l, out, &best, &why);
    if (status)
        return md_fail(err, status, "%s", why.text);
    if (*out && name)
        snprintf(name, name_size, "%s/%s", folder->path, l->entries[best]->d_name);
    if (l->count == 0 || *out)
        return MD_OK;
    return md_fail(err, MD_BAD_CHECKPOINT,
                   "none of the %d checkpoints in '%s' can be used (%s); start anew without "
                   "--resume",
                   l->count, folder->path, why.text);
}

md_status md_folder_newest(md_folder *folder, md_checkpoint **out, char *name, size_t name_size,
                           md_error *err)
{
    *out = NULL;
    memset(folder->bad, 0, sizeof folder->bad);
    md_listing l;
    md_status status = md_folder_undo_set_aside(folder, err);
    if (!status)
        status = md_folder_list(folder->path, MD_FOLDER_RESUMABLE, &l, err);
    if (status)
        return status;
    status = newest_of(folder, &l, out, name, name_size, err);
    md_listing_free(&l);
    return status;
}
