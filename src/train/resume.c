/* How a checkpoint becomes the state of a run that goes on. */
#include <string.h>

#include "mnist_dist/base/log.h"
#include "mnist_dist/version.h"
#include "trainer_internal.h"

/* What no key chooses, but the machine, is refused where it would break the reducer's promise. */
static md_status check_resumed_arithmetic(const md_trainer *t, const md_run_record *run,
                                          md_error *err)
{
    if (md_trainer_is_reproducible(t) && strcmp(MD_VERSION, run->version) != 0)
        return md_fail(err, MD_USAGE,
                       "cannot go on bit for bit: the checkpoint was made with program version "
                       "'%s', this is '%s'; use the same, or set distributed.reducer to allreduce",
                       run->version, MD_VERSION);
    return MD_OK;
}

/* The same samples cut otherwise are another order. */
static md_status check_resumed_order(const md_trainer *t, const md_run_record *run, md_error *err)
{
    const md_store_header *h = md_dataset_store(t->dataset)->header;
    if (run->chunk == 0 || h->chunk == 0 ||
        ((int64_t)h->chunk == run->chunk && (int64_t)h->window == run->window))
        return MD_OK;
    return md_fail(err, MD_USAGE,
                   "data.source: %s is streamed in windows of %zu chunks of %zu samples, but the "
                   "run was started with %lld of %lld, and the order of samples follows from them; "
                   "give it the file as it was",
                   t->config->data.source, h->window, h->chunk, (long long)run->window,
                   (long long)run->chunk);
}

static md_status check_resumed_data(const md_trainer *t, const md_run_record *run, md_error *err)
{
    char digest[MD_DATA_SHA256_SIZE];
    md_status status = md_data_sha256(md_dataset_store(t->dataset), digest, err);
    if (!status && strcmp(digest, run->data_sha256) != 0)
        return md_fail(err, MD_USAGE,
                       "data.source: %s holds other data than the run was started with; saved "
                       "SHA-256:\n%s\nnow:\n%s",
                       t->config->data.source, run->data_sha256, digest);
    return status ? status : check_resumed_order(t, run, err);
}

md_status md_trainer_start_imported(const md_trainer *t, md_checkpoint *c, md_error *err)
{
    const int moments = t->optimizer->moments;
    c->model.rows = t->spec.rows;
    c->model.columns = t->spec.columns;
    md_capture_configure(t, c);
    md_scale_clear(&c->scale);
    md_status status = md_scale_copy(md_dataset_scale(t->dataset), &c->scale, err);
    if (status)
        return status;
    return moments == c->moment_count ? MD_OK : md_checkpoint_reset_moments(c, moments, err);
}

/* Sealed and well-formed is not yet coherent: a file made by other hands may stand beyond an
 * epoch's end, or lack what its configuration's optimizer needs. */
static md_status check_resumed_state(const md_trainer *t, const md_checkpoint *c, md_error *err)
{
    const int64_t before = c->at.step - c->at.step_in_epoch;
    if (c->at.step_in_epoch > t->shape.steps_per_epoch || before % t->shape.steps_per_epoch != 0 ||
        before / t->shape.steps_per_epoch != c->at.epoch)
        return md_fail(
            err, MD_BAD_CHECKPOINT,
            "the checkpoint in %s claims step %lld to be %lld steps into epoch %lld, but "
            "epochs have %lld steps; use an earlier file",
            t->config->checkpoint.output, (long long)c->at.step, (long long)c->at.step_in_epoch,
            (long long)c->at.epoch + 1, (long long)t->shape.steps_per_epoch);
    if (c->optimizer.kind != t->config->optimizer.kind || c->moment_count != t->optimizer->moments)
        return md_fail(err, MD_BAD_CHECKPOINT,
                       "the checkpoint in %s holds %d moments of optimizer %s, but its "
                       "configuration names %s; use an earlier file",
                       t->config->checkpoint.output, c->moment_count,
                       md_optimizer_describe(c->optimizer.kind)->word, t->optimizer->word);
    return MD_OK;
}

static md_status check_resumed(const md_trainer *t, const md_checkpoint *c,
                               const md_run_record *run, md_error *err)
{
    const int ended =
        c->at.step >= t->shape.last_step && c->at.step_in_epoch < t->shape.steps_per_epoch;
    md_status status = check_resumed_data(t, run, err);
    if (!status && !ended)
        status = check_resumed_arithmetic(t, run, err);
    return status ? status : check_resumed_state(t, c, err);
}

static double rate_over(const md_trainer *t, int64_t steps)
{
    const md_schedule_span span = {t->shape.steps_per_epoch, steps};
    const md_config *config = t->config;
    return md_schedule_rate(&config->schedule, config->optimizer.learning_rate, t->at.step, &span);
}

/* A schedule that depends on its length, when that or the run's changes. */
static void say_schedule(const md_trainer *t)
{
    const md_config *config = t->config;
    const int64_t now = t->shape.schedule_steps, epochs = t->run->before.epochs;
    const int64_t whole = config->train.epochs * t->shape.steps_per_epoch;
    const int64_t given = t->run->before.schedule_steps;
    const int64_t before = given > 0 ? given : epochs * t->shape.steps_per_epoch;
    const long long next = (long long)t->at.step + 1;
    if (!md_schedule_has_length(config->schedule.kind) || epochs == 0)
        return;
    if (now != before)
        md_warn("the %s schedule is %lld steps long, and was %lld: the learning rate of step %lld "
                "jumps from %.4g to %.4g",
                md_schedule_words[config->schedule.kind], (long long)now, (long long)before, next,
                rate_over(t, before), rate_over(t, now));
    else if (epochs != config->train.epochs && now != whole)
        md_warn("train.epochs is %lld, and was %lld: the %s schedule keeps its %lld steps (with "
                "schedule.steps=%lld the learning rate of step %lld jumps from %.4g to %.4g)",
                (long long)config->train.epochs, (long long)epochs,
                md_schedule_words[config->schedule.kind], (long long)now, (long long)whole, next,
                rate_over(t, now), rate_over(t, whole));
}

md_status md_trainer_adopt_checkpoint(md_trainer *t, md_error *err)
{
    md_checkpoint *c = t->run->resumed;
    const md_run_record *last = &c->runs[c->run_count - 1];
    if (!md_model_spec_equal(&c->model, &t->spec))
        return md_fail(err, MD_BAD_CHECKPOINT,
                       "the checkpoint in %s holds another model than the configuration",
                       t->config->checkpoint.output);
    md_status status =
        c->at.step > 0 ? check_resumed(t, c, last, err) : md_trainer_start_imported(t, c, err);
    if (status)
        return status;
    md_checkpoint_cut_back(c);
    t->state = c;
    t->run->resumed = NULL;
    t->at = c->at;
    say_schedule(t);
    return md_capture_add_run(t, c, err);
}
