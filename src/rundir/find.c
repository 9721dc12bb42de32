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

/* Where a search looks, and what it learns of the generations there. */
typedef struct search {
    const char *path;
    char *bad, *found; /* as in md_folder; NULL: nobody wants to know */
} search;

/* What is saved from now on must not push out a good file for the sake of this one. */
static void note_bad(const search *s, const char *name)
{
    const int number = md_folder_generation(name);
    if (s->bad && number >= 0 && number < MD_GENERATIONS)
        s->bad[number] = 1;
}

/* File i of the listing, as read_one. One that is bad is warned of and loses its step. */
static md_status consider(const search *s, const md_listing *l, int i, int64_t steps[],
                          md_checkpoint **out, md_error *why)
{
    char path[PATH_MAX];
    md_files_join(s->path, l->entries[i]->d_name, path);
    md_status status = read_one(path, &steps[i], out, why);
    if (status == MD_BAD_CHECKPOINT) {
        md_warn("skipped a checkpoint: %s", why->text);
        note_bad(s, l->entries[i]->d_name);
        steps[i] = -1;
    }
    return status == MD_FAILED ? MD_FAILED : MD_OK;
}

/* best.h5 is as a rule another file of the listing under a second name. */
static int was_considered(const search *s, const md_listing *l, int i)
{
    char path[PATH_MAX], other[PATH_MAX];
    md_files_join(s->path, l->entries[i]->d_name, path);
    for (int k = 0; k < i; k++) {
        md_files_join(s->path, l->entries[k]->d_name, other);
        if (md_files_same(path, other))
            return 1;
    }
    return 0;
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
static md_status find(const search *s, const md_listing *l, md_checkpoint **out, int *best,
                      md_error *why)
{
    int64_t *steps = calloc((size_t)l->count + 1, sizeof *steps);
    if (!steps)
        return md_fail_memory(why, "a list of checkpoints", (size_t)l->count * sizeof *steps);
    md_status status = MD_OK;
    for (int i = 0; i < l->count && !status; i++)
        if (was_considered(s, l, i))
            steps[i] = -1;
        else
            status = consider(s, l, i, steps, NULL, why);
    while (!status && !*out && (*best = most_steps(steps, l->count)) >= 0)
        status = consider(s, l, *best, steps, out, why);
    free(steps);
    return status;
}

static md_status newest_of(const search *s, const md_listing *l, md_checkpoint **out, char *name,
                           size_t name_size, md_error *err)
{
    md_error why = {0};
    int best = -1;
    md_status status = find(s, l, out, &best, &why);
    if (status)
        return md_fail(err, status, "%s", why.text);
    if (*out && name)
        snprintf(name, name_size, "%s/%s", s->path, l->entries[best]->d_name);
    if (*out && s->found)
        snprintf(s->found, NAME_MAX + 1, "%s", l->entries[best]->d_name);
    if (l->count > 0 && !*out)
        return md_fail(err, MD_BAD_CHECKPOINT,
                       "none of the %d checkpoints in '%s' can be used (%s); start anew without "
                       "--resume",
                       l->count, s->path, why.text);
    if (!*out && md_folder_holds(s->path, MD_FOLDER_RUN))
        return md_fail(err, MD_BAD_CHECKPOINT,
                       "folder '%s' holds other files of a run but none of its checkpoints; bring "
                       "them back, or start anew without --resume",
                       s->path);
    return MD_OK;
}

static md_status newest(const search *s, md_checkpoint **out, char *name, size_t name_size,
                        md_error *err)
{
    md_listing l;
    md_status status = md_folder_list(s->path, MD_FOLDER_CHECKPOINTS, &l, err);
    if (!status)
        status = newest_of(s, &l, out, name, name_size, err);
    md_listing_free(&l);
    return status;
}

md_status md_folder_newest(md_folder *folder, md_checkpoint **out, char *name, size_t name_size,
                           md_error *err)
{
    *out = NULL;
    memset(folder->bad, 0, sizeof folder->bad);
    folder->found[0] = '\0';
    md_status status = md_folder_undo_set_aside(folder, err);
    const search all = {folder->path, folder->bad, folder->found};
    return status ? status : newest(&all, out, name, name_size, err);
}

md_status md_folder_look(const char *path, md_checkpoint **out, char *name, size_t name_size,
                         md_error *err)
{
    *out = NULL;
    return newest(&(search){path, NULL, NULL}, out, name, name_size, err);
}

md_status md_folder_length(const char *path, int64_t *steps, md_error *err)
{
    md_listing l;
    *steps = -1;
    md_status status = md_folder_list(path, MD_FOLDER_CHECKPOINTS, &l, err);
    for (int i = 0; i < l.count && !status; i++) {
        char file[PATH_MAX];
        int64_t found = -1;
        md_files_join(path, l.entries[i]->d_name, file);
        status = read_one(file, &found, NULL, err);
        if (!status && found > *steps)
            *steps = found;
        if (status == MD_BAD_CHECKPOINT)
            status = MD_OK;
    }
    md_listing_free(&l);
    return status;
}
