#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "folder_internal.h"
#include "mnist_dist/base/files.h"

#define PREVIOUS "last.prev"

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

static int names_checkpoint(const char *name)
{
    return md_folder_generation(name) >= 0 || strcmp(name, MD_FILE_RESCUE) == 0 ||
           strcmp(name, MD_FILE_BEST) == 0;
}

static int is_checkpoint(const struct dirent *entry)
{
    return names_checkpoint(entry->d_name);
}

/* Names that the program itself gives, and no other: these move and are replaced. */
static int is_of_run(const struct dirent *entry)
{
    return is_checkpoint(entry) || strcmp(entry->d_name, MD_FILE_HISTORY) == 0 ||
           strcmp(entry->d_name, MD_FILE_REPORT) == 0;
}

static int is_written(const struct dirent *entry)
{
    return is_of_run(entry) || strcmp(entry->d_name, MD_FILE_STATUS) == 0;
}

static int is_trace(const struct dirent *entry)
{
    return is_written(entry) || strcmp(entry->d_name, MD_FILE_LOCK) == 0 ||
           strcmp(entry->d_name, MD_FOLDER_PREVIOUS) == 0;
}

static int is_best(const struct dirent *entry)
{
    return strcmp(entry->d_name, MD_FILE_BEST) == 0;
}

/* Byte order, whatever the locale: last.h5, last.prev.h5, last.prev2.h5, rescue.h5. Behind them
 * best.h5, which as a rule is one of them under another name. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    const int order = is_best(*a) - is_best(*b);
    return order ? order : strcmp((*a)->d_name, (*b)->d_name);
}

md_status md_folder_list(const char *path, md_folder_files which, md_listing *out, md_error *err)
{
    int (*const filters[])(const struct dirent *) = {is_checkpoint, is_of_run, is_written,
                                                     is_trace};
    *out = (md_listing){NULL, 0};
    int count = scandir(path, &out->entries, filters[which], by_name);
    if (count >= 0)
        out->count = count;
    else if (errno != ENOENT && errno != ENOTDIR) /* making one then tells more */
        return md_fail(err, MD_FAILED, "folder '%s' cannot be listed: %s; %s", path,
                       strerror(errno), md_files_cure(errno));
    return MD_OK;
}

void md_listing_free(md_listing *l)
{
    for (int i = 0; i < l->count; i++)
        free(l->entries[i]);
    free(l->entries);
}

int md_folder_holds(const char *path, md_folder_files which)
{
    md_listing l;
    if (md_folder_list(path, which, &l, NULL))
        return 1;
    int holds = l.count > 0;
    md_listing_free(&l);
    return holds;
}

int md_folder_has_run(const md_folder *folder)
{
    return md_folder_holds(folder->path, MD_FOLDER_RUN);
}

int md_folder_has_traces(const char *path)
{
    return md_folder_holds(path, MD_FOLDER_TRACES);
}

int md_folder_keeps(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const int length = slash ? (int)(slash - path) : 0;
    if (!names_checkpoint(name) && strcmp(name, MD_FILE_HISTORY) != 0 &&
        strcmp(name, MD_FILE_STATUS) != 0 && strcmp(name, MD_FILE_LOCK) != 0)
        return 0;
    if (!slash)
        return md_folder_has_traces(".");
    if (snprintf(folder, sizeof folder, "%.*s", length ? length : 1, path) >= (int)sizeof folder)
        return 0;
    return md_folder_has_traces(folder);
}
