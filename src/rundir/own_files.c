/* Which files under a run's names are a run's own: what other people keep under such a name stays
 * as it is, and no run starts beside it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder_internal.h"
#include "mnist_dist/base/files.h"

/* How texts of a run begin, and what else stands near their beginning. Checkpoints are not among
 * them: one that is damaged looks like anything. */
static const struct {
    const char *name, *begin, *mark;
} texts[] = {{MD_FILE_HISTORY, "epoch,step,", ",weights_xxh3"},
             {MD_FILE_STATUS, "state=", "\nfirst_step="},
             {MD_FILE_REPORT, "<!DOCTYPE html>\n", MD_REPORT_HEADING}};

enum { TEXTS = sizeof texts / sizeof *texts, HEAD = 1 << 15 };

/* What a file begins with; -1 with errno. A pipe of that name would block for ever. */
static int read_head(const char *path, char head[HEAD + 1])
{
    ssize_t got = 0, used = 0;
    const int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return -1;
    do
        got = read(file, head + used, (size_t)(HEAD - used));
    while ((got > 0 && (used += got) < HEAD) || (got < 0 && errno == EINTR));
    const int reason = errno;
    close(file);
    errno = reason;
    head[used] = '\0';
    return got < 0 ? -1 : 0;
}

/* What a node that lost its power may leave of a run's. */
static int is_empty(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && info.st_size == 0;
}

static md_status check_text(const char *path, const char *begin, const char *mark, md_error *err)
{
    char head[HEAD + 1];
    if (read_head(path, head) != 0)
        return errno == ENOENT ? MD_OK /* gone since it was listed */
                               : md_fail(err, MD_FAILED,
                                         "'%s' cannot be read: %s; %s, or choose another folder "
                                         "with --output",
                                         path, strerror(errno), md_files_cure(errno));
    if (is_empty(path) || (strncmp(head, begin, strlen(begin)) == 0 && strstr(head, mark)))
        return MD_OK;
    return md_fail(err, MD_FAILED,
                   "'%s' is not of a run's making, and would be replaced; move it elsewhere or "
                   "choose another place with --output",
                   path);
}

static md_status check_file(const char *path, const char *name, md_error *err)
{
    struct stat info;
    const int folder_there = lstat(path, &info) == 0 && S_ISDIR(info.st_mode);
    if (folder_there && strcmp(name, MD_FILE_STATUS) == 0)
        return MD_OK; /* a run goes on without its status, and warns */
    if (folder_there)
        return md_fail(err, MD_FAILED,
                       "'%s' is a folder, and a file of that name belongs there; remove it or "
                       "choose another folder with --output",
                       path);
    for (size_t i = 0; i < TEXTS; i++)
        if (strcmp(name, texts[i].name) == 0)
            return check_text(path, texts[i].begin, texts[i].mark, err);
    return MD_OK;
}

md_status md_folder_check_names(const char *path, md_folder_files which, md_error *err)
{
    md_listing l;
    md_status status = md_folder_list(path, which, &l, err);
    for (int i = 0; i < l.count && !status; i++) {
        char file[PATH_MAX];
        md_files_join(path, l.entries[i]->d_name, file);
        status = check_file(file, l.entries[i]->d_name, err);
    }
    md_listing_free(&l);
    return status;
}

md_status md_folder_check_page(const char *path, md_error *err)
{
    return check_file(path, MD_FILE_REPORT, err);
}

md_status md_folder_check_apart(const char *path, const char *file, md_error *err)
{
    md_listing l;
    md_status status = md_folder_list(path, MD_FOLDER_TRACES, &l, err);
    for (int i = 0; i < l.count && !status; i++) {
        char own[PATH_MAX];
        md_files_join(path, l.entries[i]->d_name, own);
        if (md_files_same(own, file))
            status = md_fail(err, MD_FAILED,
                             "'%s' is the data set, and a run keeps what is its own under that "
                             "name; move it elsewhere or choose another folder with --output",
                             own);
    }
    md_listing_free(&l);
    return status;
}
