/* One optimizer step, the same for every reducer. */
#include <math.h>
#include <string.h>

#include "mnist_dist/base/clock.h"
#include "mnist_dist/base/fixed.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/nn/slice.h"
#include "trainer_internal.h"

enum { GATHER, FORWARD, BACKWARD, REDUCE, OPTIMIZER };

/* Adds the time since *since to a phase and starts the next one. */
static void lap(md_trainer *t, int phase, double *since)
{
    double now = md_clock_now();
    t->epoch_times.phase[phase] += now - *since;
    *since = now;
}

/* This rank's part of the batch; and all that it takes a gradient over, whose samples themselves
 * only some models need. */
static void gather(md_trainer *t, md_range batch, md_range part, md_batch *all, md_batch *own)
{
    const int whole = t->exchanges && md_model_shares_inputs(t->model);
    const md_range wanted = whole ? batch : part;
    *all = *md_trainer_gather(t, wanted);
    *own = md_batcher_part(t->batcher, all, (md_range){part.begin - wanted.begin, part.count});
    if (!t->exchanges || whole)
        return;
    own->first = part.begin - batch.begin;
    *all = (md_batch){.samples = batch.count};
}

/* What the model is judged by, summed over this rank's samples. */
static md_step_sums sum_part(const md_trainer *t, const float *loss, size_t correct, size_t samples,
                             size_t batch_size)
{
    md_fixed losses = {0}, errors = {0};
    md_step_sums sums = {0};
    if (!t->answers_numbers) {
        sums.bad = !md_fixed_add_nats(&losses, loss, samples, (int64_t)batch_size);
        sums.values[0] = losses.piece[MD_FIXED_Q32];
        sums.values[1] = (int64_t)correct;
        return sums;
    }
    sums.bad = !md_fixed_add(&losses, loss, samples) ||
               !md_fixed_add(&errors, md_model_errors(t->model), samples);
    for (int i = 0; i < MD_FIXED_PIECES; i++) {
        sums.values[i] = losses.piece[i];
        sums.values[MD_FIXED_PIECES + i] = errors.piece[i];
    }
    return sums;
}

/* The same of a whole batch, taken apart again. */
static void take_apart(const md_trainer *t, const md_step_sums *sums, md_fixed *loss,
                       md_fixed *metric)
{
    *loss = *metric = (md_fixed){0};
    if (!t->answers_numbers) {
        loss->piece[MD_FIXED_Q32] = sums->values[0];
        metric->piece[MD_FIXED_ONE] = sums->values[1];
        return;
    }
    for (int i = 0; i < MD_FIXED_PIECES; i++) {
        loss->piece[i] = sums->values[i];
        metric->piece[i] = sums->values[MD_FIXED_PIECES + i];
    }
}

static void add(md_fixed *sum, const md_fixed *more)
{
    for (int i = 0; i < MD_FIXED_PIECES; i++)
        sum->piece[i] += more->piece[i];
}

/* Forward, loss and backward of this rank's samples, handed to the reducer. */
static void compute_part(md_trainer *t, const md_batch *batch, size_t batch_size, double *since)
{
    const md_pass pass = {MD_TRAIN, t->config->train.seed, (uint32_t)t->at.epoch};
    const float *parameters = md_reducer_parameters(t->reducer);
    float *gradient = md_reducer_gradient(t->reducer);
    size_t correct;
    md_model_forward(t->model, parameters, batch, &pass);
    const float *loss = md_model_loss(t->model, batch, &correct);
    md_step_sums sums = sum_part(t, loss, correct, batch->samples, batch_size);
    lap(t, FORWARD, since);

    if (t->exchanges)
        gradient = md_model_propagate(t->model, parameters, batch);
    else
        md_model_backward(t->model, parameters, batch, gradient);
    md_fault_in_step(t->params->inject, t->rank, t->at.step + 1, gradient);
    if (batch->samples > 0)
        md_reducer_add(t->reducer, batch_size, &sums);
    lap(t, BACKWARD, since);
}

static void square_row(void *context, size_t row, md_range range)
{
    const md_trainer *t = context;
    const float *gradient = md_reducer_gradient(t->reducer);
    md_reducer_squares(t->reducer)[row] = t->kernels->square_sum(
        gradient + (range.begin - md_reducer_slice(t->reducer).begin), range.count);
}

/* The factor that turns the gradient's sum into its clipped mean. */
static void gradient_scale(md_trainer *t, size_t batch_size, double *scale, double *norm)
{
    const double limit = t->config->optimizer.clip_norm;
    *scale = 1.0 / (double)batch_size;
    *norm = NAN;
    if (!t->needs_norm)
        return;
    md_slice_walk(md_model_layout(t->model), md_reducer_slice(t->reducer), square_row, t);
    *norm = sqrt(md_reducer_square_sum(t->reducer)) * *scale;
    if (limit > 0.0 && *norm > limit)
        *scale *= limit / *norm;
}

double md_trainer_rate(const md_trainer *t, int64_t step)
{
    const md_schedule_span span = {t->shape.steps_per_epoch, t->shape.schedule_steps};
    return md_schedule_rate(&t->config->schedule, t->config->optimizer.learning_rate, step, &span);
}

/* Steps the parameters in `range`, which lie at `parameters`. */
static void step_range(const md_trainer *t, md_range range, const float *gradient,
                       float *parameters)
{
    md_optimizer_slice slice = {
        .count = range.count, .gradient = gradient, .parameters = parameters};
    for (int i = 0; i < t->optimizer->moments; i++)
        slice.moments[i] = md_reducer_moment(t->reducer, i) + range.begin;
    t->updates->apply(&t->constants, &slice);
}

/* Do other ranks of the node read the parameters that this one steps? */
static int streams(const md_trainer *t)
{
    return t->exchanges && md_reducer_active_ranks(t->reducer) > 1;
}

enum { STREAMED = 2048 }; /* floats: they stay in the nearest cache until they are written */

/* Steps them where all ranks read them: if others do, in a copy that is written past the cache. */
static void step_shared(void *trainer, md_range range, const float *gradient)
{
    const md_trainer *t = trainer;
    _Alignas(MD_ALIGNMENT) float copy[STREAMED];
    float *shared = md_reducer_parameters(t->reducer) + range.begin;
    if (!streams(t)) {
        step_range(t, range, gradient, shared);
        return;
    }
    for (size_t at = 0; at < range.count; at += STREAMED) {
        const size_t left = range.count - at, count = left < STREAMED ? left : STREAMED;
        memcpy(copy, shared + at, count * sizeof *copy);
        step_range(t, (md_range){range.begin + at, count}, gradient + at, copy);
        t->kernels->stream(copy, count, shared + at);
    }
}

/* Tile by tile while a tile's gradient is in the nearest cache, if nobody needs it as a whole. */
static void step_slice(md_trainer *t, const md_batch *all, double scale)
{
    const md_range slice = md_reducer_slice(t->reducer);
    float *gradient = md_reducer_gradient(t->reducer);
    const md_optimizer_step step = {.spec = &t->config->optimizer,
                                    .kernels = t->kernels,
                                    .iteration = t->at.iterations + 1,
                                    .learning_rate = md_trainer_rate(t, t->at.step),
                                    .gradient_scale = scale};
    t->updates->begin(&step, &t->constants);
    md_reducer_begin_step(t->reducer);
    if (streams(t))
        t->kernels->stream_fence();
    if (t->exchanges && !t->needs_norm)
        md_model_gradient_tiles(t->model, all, slice, gradient, step_shared, t);
    else
        step_shared(t, slice, gradient);
    if (streams(t))
        t->kernels->stream_fence();
    md_fault_in_weights(t->params->inject, t->rank, t->at.step + 1,
                        md_reducer_parameters(t->reducer) + slice.begin, slice.count);
}

double md_trainer_loss(const md_trainer *t)
{
    return md_fixed_value(&t->at.loss) / (double)t->at.samples;
}

/* Of labels that can be true together, each one of a sample's counts. */
double md_trainer_metric(const md_trainer *t)
{
    double answers = (double)t->at.samples;
    if (md_model_spec_answer(&t->spec) == MD_ANSWER_LABELS)
        answers *= md_model_spec_outputs(&t->spec);
    return md_fixed_value(&t->at.metric) / answers;
}

static double weight_norm(const md_trainer *t)
{
    return sqrt(t->kernels->square_sum(md_reducer_parameters(t->reducer),
                                       md_model_layout(t->model)->parameters));
}

static void report(md_trainer *t, const md_step_sums *sums, size_t batch_size, double norm,
                   const md_times *before)
{
    const md_observer *observers = t->params->observers;
    if (t->rank != 0 || t->params->observer_count == 0)
        return;
    md_fixed loss, metric;
    take_apart(t, sums, &loss, &metric);
    md_step_info info = {.step = t->at.step,
                         .epoch = t->at.epoch + 1,
                         .step_in_epoch = t->at.step_in_epoch,
                         .loss = md_trainer_loss(t),
                         .metric = md_trainer_metric(t),
                         .step_loss = md_fixed_value(&loss) / (double)batch_size,
                         .learning_rate = md_trainer_rate(t, t->at.step - 1),
                         .images_per_second = (double)t->process_images /
                                              (t->run_times.steps + t->epoch_times.steps),
                         .gradient_norm = norm,
                         .weight_norm = t->params->debug ? weight_norm(t) : NAN};
    for (int i = 0; i < MD_STEP_PHASES; i++)
        info.phase_s[i] = t->epoch_times.phase[i] - before->phase[i];
    for (size_t i = 0; i < t->params->observer_count; i++)
        if (observers[i].step)
            observers[i].step(observers[i].context, &info);
}

static void advance(md_trainer *t, const md_step_sums *sums, size_t batch_size)
{
    t->at.step++;
    t->at.iterations++;
    t->at.step_in_epoch++;
    md_fixed loss, metric;
    take_apart(t, sums, &loss, &metric);
    add(&t->at.loss, &loss);
    add(&t->at.metric, &metric);
    t->at.samples += (int64_t)batch_size;
    t->process_images += (int64_t)batch_size;
    t->epoch_times.images += (int64_t)batch_size;
}

/* A checkpoint has to hold the epoch's sums. The same on all ranks. */
static md_status check_sums(const md_trainer *t, const md_step_sums *sums, md_error *err)
{
    md_fixed loss, metric;
    take_apart(t, sums, &loss, &metric);
    if (md_fixed_can_add(&t->at.loss, &loss) && md_fixed_can_add(&t->at.metric, &metric))
        return MD_OK;
    return md_fail(
        err, MD_FAILED,
        "step %lld: the losses of this epoch's samples add up to more than can be summed "
        "exactly, %.3g so far and %.3g now; no weight was stepped and %s; lower "
        "optimizer.learning_rate, or train on fewer samples an epoch",
        (long long)t->at.step + 1, md_fixed_value(&t->at.loss), md_fixed_value(&loss),
        md_trainer_what_is_left(t));
}

/* Steps this rank's slice by the gradient of the whole batch; its norm is NAN unless needed. */
static void update(md_trainer *t, const md_batch *all, size_t batch_size, double *norm)
{
    double scale;
    if (t->exchanges)
        md_model_sort(t->model, all, md_reducer_slice(t->reducer));
    if (t->exchanges && t->needs_norm)
        md_model_gradient(t->model, all, md_reducer_slice(t->reducer),
                          md_reducer_gradient(t->reducer));
    gradient_scale(t, batch_size, &scale, norm);
    step_slice(t, all, scale);
}

/* Rank 0 says how many ranks compute. */
static void set_pace(md_trainer *t, double seconds)
{
    if (!t->varies)
        return;
    const int ranks = md_pace_step(&t->pace, seconds);
    if (ranks != md_reducer_active_ranks(t->reducer))
        md_reducer_suggest(t->reducer, ranks);
}

md_status md_trainer_step(md_trainer *t, int *stop, md_error *err)
{
    const md_times before = t->epoch_times;
    const double start = md_clock_now();
    const md_range batch = md_trainer_batch(t), part = md_trainer_part(t);
    double since = start, norm = NAN;
    md_step_sums sums;

    md_status status = md_trainer_fetch(t, err);
    if (status)
        return status;
    const double fetched = md_clock_now();
    md_heartbeat_mark(t->heartbeat, MD_PHASE_COMPUTE, t->at.step);
    md_batch all, own;
    if (md_reducer_is_active(t->reducer)) {
        gather(t, batch, part, &all, &own);
        lap(t, GATHER, &since);
        compute_part(t, &own, batch.count, &since);
    } else {
        md_fault_in_step(t->params->inject, t->rank, t->at.step + 1, NULL);
    }

    status = md_reducer_reduce(t->reducer, batch.count, md_stop_wanted(t->params->stop, t->rank),
                               &sums, err);
    if (!status && sums.bad)
        status = md_trainer_diagnose(t, part, err);
    if (!status)
        status = check_sums(t, &sums, err);
    if (status)
        return status;
    lap(t, REDUCE, &since);

    md_heartbeat_mark(t->heartbeat, MD_PHASE_STEP, t->at.step);
    if (md_reducer_is_active(t->reducer))
        update(t, &all, batch.count, &norm);
    lap(t, OPTIMIZER, &since);

    t->active_steps += md_reducer_active_ranks(t->reducer);
    md_reducer_publish(t->reducer, t->at.step + 1);
    set_pace(t, md_clock_now() - fetched);
    md_heartbeat_mark(t->heartbeat, MD_PHASE_RECORD, t->at.step + 1);
    advance(t, &sums, batch.count);
    lap(t, REDUCE, &since);
    t->epoch_times.steps += since - start;
    *stop = sums.stop > 0;
    report(t, &sums, batch.count, norm, &before);
    return MD_OK;
}
