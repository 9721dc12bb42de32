#include "watched.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/inputs.h"
#include "mnist_dist/base/files.h"
#include "mnist_dist/rundir/folder.h"

/* A status younger than this is a run's that lives. An older one may be a long validation's or
 * save's: then the lock tells, where locks reach; where they do not, patience has to. */
static const double fresh_s = 3, patience_s = 60;

static int is_here(const md_live *live)
{
    char host[MD_LIVE_TEXT] = "";
    gethostname(host, sizeof host - 1);
    return strcmp(live->host, host) == 0;
}

static md_run_state judge_by_word(const md_watched *w)
{
    static const struct {
        const char *word;
        md_run_state state;
    } words[] = {{MD_LIVE_FINISHED, MD_RUN_FINISHED},
                 {MD_LIVE_STOPPED, MD_RUN_STOPPED},
                 {MD_LIVE_FAILED, MD_RUN_FAILED}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(w->live.state, words[i].word) == 0)
            return words[i].state;
    return MD_RUN_RUNNING;
}

/* A run that says it is running may have been killed since. */
static md_run_state judge_running(md_watched *w)
{
    if (md_live_age(&w->live) < fresh_s)
        return MD_RUN_RUNNING;
    int in_use = md_folder_in_use(w->folder);
    if (in_use == 1)
        return MD_RUN_RUNNING;
    /* Its last word comes before it lets go of the lock. */
    w->has_live = md_live_read(w->folder, &w->live);
    if (!w->has_live)
        return MD_RUN_STARTING;
    double limit = in_use == 0 && is_here(&w->live) ? fresh_s : patience_s;
    md_run_state state = judge_by_word(w);
    return state == MD_RUN_RUNNING && md_live_age(&w->live) >= limit ? MD_RUN_GONE : state;
}

/* Without a status: a run that has not begun, or one of long ago. */
static md_run_state judge_by_files(const md_watched *w)
{
    if (md_folder_in_use(w->folder) == 1)
        return MD_RUN_STARTING;
    if (!w->checkpoint)
        return MD_RUN_ABSENT;
    return w->checkpoint->complete ? MD_RUN_FINISHED : MD_RUN_STOPPED;
}

static int is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void drop_checkpoint(md_watched *w)
{
    md_ledger_clear(&w->ledger);
    md_checkpoint_destroy(&w->checkpoint);
    w->file = (struct stat){0};
}

/* Takes `found` over, unless it fails. */
static md_status adopt(md_watched *w, md_checkpoint *found, md_error *err)
{
    md_config config;
    md_ledger ledger = {0};
    md_status status = md_checkpoint_config(found, &config, err);
    if (!status)
        status = md_ledger_newest(found, &ledger, err);
    if (status)
        return status;
    drop_checkpoint(w);
    w->checkpoint = found;
    w->ledger = ledger;
    w->epochs = config.train.epochs;
    return MD_OK;
}

static md_status read_checkpoint(md_watched *w, md_error *err)
{
    char path[PATH_MAX];
    struct stat file;
    md_checkpoint *found = NULL;
    md_files_join(w->folder, MD_FILE_LAST, path);
    if (stat(path, &file) != 0) {
        const int reason = errno;
        drop_checkpoint(w);
        return reason == ENOENT ? MD_OK : md_fail_folder(w->folder, reason, err);
    }
    if (w->checkpoint && is_same_file(&file, &w->file))
        return MD_OK;
    md_status status = md_checkpoint_read(path, &found, err);
    if (!status)
        status = adopt(w, found, err);
    if (status)
        md_checkpoint_destroy(&found);
    else
        w->file = file;
    return status;
}

/* A run that starts leaves the status of the one before until it takes its place. */
static int is_of_the_run_before(const md_watched *w)
{
    return w->state != MD_RUN_RUNNING && w->state != MD_RUN_STARTING &&
           md_folder_in_use(w->folder) == 1;
}

md_status md_watched_look(md_watched *w, md_error *err)
{
    w->has_live = md_live_read(w->folder, &w->live);
    if (w->has_live)
        w->state = judge_by_word(w);
    if (w->has_live && w->state == MD_RUN_RUNNING)
        w->state = judge_running(w);
    if (w->has_live && is_of_the_run_before(w))
        w->has_live = 0;
    md_status status = read_checkpoint(w, err);
    if (!w->has_live)
        w->state = judge_by_files(w);
    else
        w->epochs = w->live.epochs;
    /* A live run replaces what cannot be read, or moves it away. */
    int lives = w->state == MD_RUN_RUNNING || w->state == MD_RUN_STARTING;
    return status && lives ? MD_OK : status;
}

void md_watched_clear(md_watched *w)
{
    drop_checkpoint(w);
}
