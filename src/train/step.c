/* One optimizer step, the same for every reducer. */
#include <math.h>

#include "mnist_dist/base/clock.h"
#include "mnist_dist/base/fixed.h"
#include "trainer_internal.h"

enum { GATHER, FORWARD, BACKWARD, REDUCE, OPTIMIZER };

/* Adds the time since *since to a phase and starts the next one. */
static void lap(md_trainer *t, int phase, double *since)
{
    double now = md_clock_now();
    t->epoch_times.phase[phase] += now - *since;
    *since = now;
}

/* This rank's part of the coming step's batch. */
static md_range part_of_batch(const md_trainer *t)
{
    md_range batch = md_sampler_batch(t->shape.images, t->shape.batch, t->at.step_in_epoch);
    return md_sampler_part(batch, t->unit, t->rank, t->ranks);
}

void md_trainer_sort_epoch(md_trainer *t)
{
    if (t->order_epoch == t->at.epoch)
        return;
    md_sampler_order(t->config->train.seed, (uint32_t)t->at.epoch, t->config->train.shuffle,
                     t->order, t->shape.images);
    t->order_epoch = t->at.epoch;
}

/* Forward, loss and backward of one shard, handed to the reducer. */
static void compute_shard(md_trainer *t, md_range shard, size_t batch_size, double *since)
{
    const md_pass pass = {MD_TRAIN, t->config->train.seed, (uint32_t)t->at.epoch};
    const float *parameters = md_reducer_parameters(t->reducer);
    const md_batch *batch =
        md_batcher_gather(t->batcher, MD_SPLIT_TRAIN, t->order + shard.begin, shard.count);
    lap(t, GATHER, since);

    size_t correct;
    md_model_forward(t->model, parameters, batch, &pass);
    const float *loss = md_model_loss(t->model, batch, &correct);
    md_step_sums sums = {.correct = (int64_t)correct};
    sums.bad = !md_fixed_sum(loss, shard.count, (int64_t)batch_size, &sums.loss_q32);
    lap(t, FORWARD, since);

    md_model_backward(t->model, parameters, batch, md_reducer_gradient(t->reducer));
    md_fault_in_step(t->params->inject, t->rank, t->at.step + 1, md_reducer_gradient(t->reducer));
    md_reducer_add(t->reducer, &sums);
    lap(t, BACKWARD, since);
}

/* Shard by shard, as the reducer wants them. */
static void compute_part(md_trainer *t, md_range part, size_t batch_size, double *since)
{
    for (size_t done = 0; done < part.count; done += t->shard) {
        size_t left = part.count - done;
        md_range shard = {part.begin + done, left < t->shard ? left : t->shard};
        compute_shard(t, shard, batch_size, since);
    }
    if (part.count == 0)
        md_fault_in_step(t->params->inject, t->rank, t->at.step + 1,
                         md_reducer_gradient(t->reducer));
}

/* The factor that turns the gradient's sum into its clipped mean. */
static md_status gradient_scale(md_trainer *t, size_t batch_size, double *scale, double *norm,
                                md_error *err)
{
    const double limit = t->config->optimizer.clip_norm;
    *scale = 1.0 / (double)batch_size;
    *norm = NAN;
    if (limit <= 0.0 && !t->params->debug)
        return MD_OK;
    double squares;
    md_status status = md_reducer_square_sum(t->reducer, &squares, err);
    if (status)
        return status;
    *norm = sqrt(squares) * *scale;
    if (limit > 0.0 && *norm > limit)
        *scale *= limit / *norm;
    return MD_OK;
}

double md_trainer_rate(const md_trainer *t, int64_t step)
{
    const md_schedule_span span = {t->shape.steps_per_epoch, t->shape.schedule_steps};
    return md_schedule_rate(&t->config->schedule, t->config->optimizer.learning_rate, step, &span);
}

static void step_slice(md_trainer *t, double scale)
{
    size_t begin, count;
    md_reducer_begin_step(t->reducer);
    md_reducer_slice(t->reducer, &begin, &count);
    md_optimizer_slice slice = {.count = count,
                                .gradient = md_reducer_sum(t->reducer) + begin,
                                .parameters = md_reducer_parameters(t->reducer) + begin};
    for (int i = 0; i < t->optimizer->moments; i++)
        slice.moments[i] = md_reducer_moment(t->reducer, i) + begin;
    const md_optimizer_step step = {.spec = &t->config->optimizer,
                                    .kernels = t->kernels,
                                    .iteration = t->at.iterations + 1,
                                    .learning_rate = md_trainer_rate(t, t->at.step),
                                    .gradient_scale = scale};
    t->apply(&step, &slice);
    md_fault_in_weights(t->params->inject, t->rank, t->at.step + 1, slice.parameters, count);
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
    md_step_info info = {.step = t->at.step,
                         .epoch = t->at.epoch + 1,
                         .step_in_epoch = t->at.step_in_epoch,
                         .loss = md_fixed_value(t->at.loss_q32) / (double)t->at.samples,
                         .accuracy = (double)t->at.correct / (double)t->at.samples,
                         .step_loss = md_fixed_value(sums->loss_q32) / (double)batch_size,
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
    t->at.loss_q32 += sums->loss_q32;
    t->at.correct += sums->correct;
    t->at.samples += (int64_t)batch_size;
    t->process_images += (int64_t)batch_size;
    t->epoch_times.images += (int64_t)batch_size;
}

md_status md_trainer_step(md_trainer *t, int *stop, md_error *err)
{
    const md_times before = t->epoch_times;
    const double start = md_clock_now();
    const size_t batch_size =
        md_sampler_batch(t->shape.images, t->shape.batch, t->at.step_in_epoch).count;
    const md_range part = part_of_batch(t);
    double since = start, scale, norm;
    md_step_sums sums;

    md_trainer_sort_epoch(t);
    md_heartbeat_mark(t->heartbeat, MD_PHASE_COMPUTE, t->at.step);
    compute_part(t, part, batch_size, &since);

    md_status status =
        md_reducer_reduce(t->reducer, md_stop_wanted(t->params->stop, t->rank), &sums, err);
    if (!status && sums.bad)
        status = md_trainer_diagnose(t, part, err);
    if (!status)
        status = gradient_scale(t, batch_size, &scale, &norm, err);
    if (status)
        return status;
    lap(t, REDUCE, &since);

    md_heartbeat_mark(t->heartbeat, MD_PHASE_STEP, t->at.step);
    step_slice(t, scale);
    lap(t, OPTIMIZER, &since);

    status = md_reducer_publish(t->reducer, t->at.step + 1, err);
    if (status)
        return status;
    md_heartbeat_mark(t->heartbeat, MD_PHASE_RECORD, t->at.step + 1);
    advance(t, &sums, batch_size);
    lap(t, REDUCE, &since);
    t->epoch_times.steps += since - start;
    *stop = sums.stop > 0;
    report(t, &sums, batch_size, norm, &before);
    return MD_OK;
}
