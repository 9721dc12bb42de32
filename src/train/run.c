#include "mnist_dist/train/run.h"
#include "mnist_dist/base/text.h"

#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/clock.h"
#include "mnist_dist/base/log.h"
#include "mnist_dist/comm/agree.h"
#include "mnist_dist/hdf5/hdf5_version.h"
#include "mnist_dist/version.h"

/* Broadcasts rank 0's text (which may be NULL) to every rank; *text is then malloc'ed everywhere.
 */
static md_status share_text(md_comm *comm, char **text, md_error *err)
{
    const int root = md_comm_rank(comm) == 0;
    size_t size = root && *text ? strlen(*text) + 1 : 0;
    md_status status = md_comm_broadcast(comm, &size, sizeof size, 0, err);
    if (status || size == 0)
        return status;
    if (!*text)
        *text = malloc(size);
    status = md_agree(comm, *text ? MD_OK : md_fail_memory(err, "the configuration", size), err);
    return status ? status : md_comm_broadcast(comm, *text, size, 0, err);
}

/* defaults < checkpoint's copy < --config < options. Either text may be NULL. */
static md_status assemble(const md_run_params *params, const char *saved, const char *file,
                          md_config *out, md_error *err)
{
    *out = md_config_default();
    md_status status = MD_OK;
    if (saved)
        status = md_config_parse_saved(out, saved, err);
    if (!status && file)
        status = md_config_parse(out, file, params->config_path, err);
    for (size_t i = 0; !status && i < params->assignment_count; i++)
        status = md_config_set(out, params->assignments[i], err);
    return status ? status : md_config_check(out, err);
}

static void say_anew(const md_run *run)
{
    char previous[PATH_MAX], quoted[MD_QUOTED_SIZE];
    const char *output = run->config.checkpoint.output;
    if (md_folder_has_previous(run->folder, previous))
        md_warn("no checkpoint in %s yet: starting anew; an earlier run lies in %s, and goes on "
                "with --resume --output %s",
                output, previous, md_text_quote(previous, quoted));
    else
        md_info("no checkpoint in %s yet: starting anew", output);
}

/* Rank 0 takes the folder and finds what to resume. */
static md_status open_folder(const md_run_params *params, md_run *run, md_error *err)
{
    const char *output = run->config.checkpoint.output;
    md_status status = md_folder_check_apart(output, run->config.data.source, err);
    if (!status)
        status = md_folder_open(output, (int)run->config.checkpoint.keep,
                                run->config.checkpoint.lock_wait, params->stop, &run->folder, err);
    if (status || !params->resume)
        return status;
    char name[PATH_MAX];
    status = md_folder_newest(run->folder, &run->resumed, name, sizeof name, err);
    if (status)
        return status;
    if (!run->resumed) {
        say_anew(run);
        return MD_OK;
    }
    if (run->resumed->run_count == 0)
        return md_fail(err, MD_BAD_CHECKPOINT,
                       "%s records no run that could be resumed; start from its weights with "
                       "train.initial_weights",
                       name);
    md_info("resuming from %s: epoch %lld, step %lld", name, (long long)run->resumed->at.epoch,
            (long long)run->resumed->at.step);
    return MD_OK;
}

/* What auto chose for a run stays: it is the order of its samples. Runs saved before there was a
 * choice were resident. */
static void keep_memory(md_config *before, int has_steps, md_config *now)
{
    if (has_steps && before->data.memory == MD_MEMORY_AUTO)
        before->data.memory = MD_MEMORY_RESIDENT;
    if (now->data.memory == MD_MEMORY_AUTO)
        now->data.memory = before->data.memory;
}

/* Local: run->config becomes what was saved, below the file and the options. */
static md_status merge(const md_run_params *params, const char *saved, int has_steps, md_run *run,
                       md_error *err)
{
    md_config before = md_config_default(), now;
    md_status status = assemble(params, saved, run->file_text, &now, err);
    if (!status)
        status = md_config_parse_saved(&before, saved, err);
    if (!status) {
        keep_memory(&before, has_steps, &now);
        status = md_config_check_resume(&before, &now, has_steps, err);
    }
    if (status)
        return status;
    if (has_steps) {
        run->before.epochs = before.train.epochs;
        run->before.schedule_steps = before.schedule.steps;
    }
    run->schedule_told = md_config_given(&run->config, "schedule.steps");
    /* The run goes on where it was found, whatever the folder was called when it was saved. */
    memcpy(now.checkpoint.output, run->config.checkpoint.output, sizeof now.checkpoint.output);
    run->config = now;
    if (run->folder)
        md_folder_set_keep(run->folder, (int)now.checkpoint.keep);
    return MD_OK;
}

/* The resumed run's own configuration slides in below the file and the options. */
static md_status adopt_saved(md_comm *comm, const md_run_params *params, md_run *run, md_error *err)
{
    run->resuming = run->resumed != NULL;
    md_status status = md_comm_broadcast(comm, &run->resuming, sizeof run->resuming, 0, err);
    if (status || !run->resuming)
        return status;
    char *saved = NULL;
    int has_steps = 0;
    if (run->resumed) {
        has_steps = run->resumed->at.step > 0;
        saved = strdup(run->resumed->runs[run->resumed->run_count - 1].config);
        status = saved ? MD_OK : md_fail_memory(err, "the configuration", 1);
    }
    status = md_agree(comm, status, err);
    if (!status)
        status = share_text(comm, &saved, err);
    if (!status)
        status = md_comm_broadcast(comm, &has_steps, sizeof has_steps, 0, err);
    if (!status)
        status = md_agree(comm, merge(params, saved, has_steps, run, err), err);
    free(saved);
    return status;
}

md_status md_run_configure(md_comm *comm, const md_run_params *params, md_run *out, md_error *err)
{
    *out = (md_run){0};
    md_status status = MD_OK;
    if (md_comm_rank(comm) == 0 && params->config_path)
        status = md_config_read_file(params->config_path, &out->file_text, err);
    status = md_agree(comm, status, err);
    if (!status)
        status = share_text(comm, &out->file_text, err);
    if (status)
        return status;
    return md_agree(comm, assemble(params, NULL, out->file_text, &out->config, err), err);
}

md_status md_run_open(md_comm *comm, const md_run_params *params, md_run *run, md_error *err)
{
    md_status status = md_comm_rank(comm) == 0 ? open_folder(params, run, err) : MD_OK;
    status = md_agree(comm, status, err);
    return status ? status : adopt_saved(comm, params, run, err);
}

md_status md_run_adopt(md_checkpoint *imported, const md_config *config, const char *command_line,
                       md_error *err)
{
    char now[MD_TIMESTAMP_SIZE];
    md_clock_timestamp(now);
    md_run_record record = {.config = md_config_write(config),
                            .command_line = strdup(command_line),
                            .version = strdup(MD_VERSION),
                            .version_hdf5 = strdup(md_hdf5_version()),
                            .started = strdup(now),
                            .saved = strdup(now)};
    imported->seed = config->train.seed;
    if (record.config && record.command_line && record.version && record.version_hdf5 &&
        record.started && record.saved)
        return md_checkpoint_add_run(imported, &record, err);
    md_run_record_clear(&record);
    return md_fail_memory(err, "the run's record", sizeof record);
}

void md_run_close(md_run *run)
{
    md_checkpoint_destroy(&run->resumed);
    md_folder_close(&run->folder);
    free(run->file_text);
    run->file_text = NULL;
}
