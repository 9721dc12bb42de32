#include "export_compile.h"

#include "mnist_dist/base/log.h"
#include "mnist_dist/model/loss_spec.h"

static json_t *schedule_json(const char *class_name, json_t *config)
{
    return json_pack("{s:s, s:s, s:o, s:n}", "module", "keras.optimizers.schedules", "class_name",
                     class_name, "config", config, "registered_name");
}

/* Keras counts with the optimizer's iterations, as ours does when nothing was imported before. A
 * warm-up of ours is a step ahead of Keras', so only one that is over is the same. */
static int goes_on_the_same(const md_checkpoint *c, const md_export_rate *rate)
{
    return c->at.iterations == c->at.step && c->at.step >= rate->schedule.warmup_steps &&
           rate->steps_per_epoch > 0 && rate->total_steps > rate->schedule.warmup_steps;
}

static json_t *cosine(const md_checkpoint *c, const md_export_rate *rate)
{
    const md_schedule *s = &rate->schedule;
    const double base = c->optimizer.learning_rate;
    json_t *config = json_pack("{s:f, s:I, s:f, s:s}", "initial_learning_rate", base, "decay_steps",
                               (json_int_t)(rate->total_steps - s->warmup_steps), "alpha", s->final,
                               "name", "CosineDecay");
    if (s->warmup_steps > 0) {
        json_object_set_new(config, "warmup_target", json_real(base));
        json_object_set_new(config, "warmup_steps", json_integer(s->warmup_steps));
    }
    return schedule_json("CosineDecay", config);
}

static json_t *staircase(const md_checkpoint *c, const md_export_rate *rate)
{
    const md_schedule *s = &rate->schedule;
    return schedule_json("ExponentialDecay",
                         json_pack("{s:f, s:I, s:f, s:b, s:s}", "initial_learning_rate",
                                   c->optimizer.learning_rate, "decay_steps",
                                   (json_int_t)s->step_epochs * rate->steps_per_epoch, "decay_rate",
                                   s->factor, "staircase", 1, "name", "ExponentialDecay"));
}

/* For a Keras that has no schedule for what comes. */
static json_t *stay(const md_export_rate *rate)
{
    md_warn("Keras has no schedule that goes on as this run's does: its learning rate stays at %g",
            rate->next);
    return json_real(rate->next);
}

static json_t *rate_json(const md_checkpoint *c, const md_export_rate *rate, int *scheduled)
{
    const md_schedule_kind kind = rate ? rate->schedule.kind : MD_SCHEDULE_CONSTANT;
    *scheduled = 0;
    if (!rate || (kind == MD_SCHEDULE_CONSTANT && c->at.step >= rate->schedule.warmup_steps))
        return json_real(c->optimizer.learning_rate);
    if (kind == MD_SCHEDULE_CONSTANT || !goes_on_the_same(c, rate))
        return stay(rate);
    *scheduled = 1;
    return kind == MD_SCHEDULE_COSINE ? cosine(c, rate) : staircase(c, rate);
}

/* Keras' word, or its class where there is something to be told. */
static json_t *loss_json(const md_model_spec *spec)
{
    const md_loss_descriptor *loss = md_loss_describe(md_model_spec_loss(spec));
    if (md_model_spec_loss(spec) != MD_LOSS_HUBER)
        return json_string(loss->word);
    return json_pack("{s:s, s:s, s:{s:f}}", "module", "keras.losses", "class_name",
                     loss->keras_class, "config", "delta", spec->huber_delta);
}

/* What Keras would take `accuracy` for, of several sigmoids, is about classes. */
static const char *metric_word(const md_model_spec *spec)
{
    static const char *const words[] = {[MD_ANSWER_CLASS] = "accuracy",
                                        [MD_ANSWER_LABELS] = "binary_accuracy",
                                        [MD_ANSWER_NUMBERS] = "mae"};
    return words[md_model_spec_answer(spec)];
}

json_t *md_export_compile_config(const md_checkpoint *c, const md_export_rate *rate, int *scheduled)
{
    md_optimizer_spec spec = c->optimizer;
    const md_optimizer_descriptor *d = md_optimizer_describe(spec.kind);
    json_t *config =
        json_pack("{s:s, s:o}", "name", d->word, "learning_rate", rate_json(c, rate, scheduled));
    double *value;
    const md_key *key;
    for (int i = 0; (key = md_optimizer_hyper(&spec, i, &value)) != NULL; i++)
        json_object_set_new(config, key->name, json_real(*value));
    if (spec.clip_norm > 0.0)
        json_object_set_new(config, "global_clipnorm", json_real(spec.clip_norm));
    return json_pack("{s:{s:s, s:s, s:o, s:n}, s:o, s:[s]}", "optimizer", "module",
                     "keras.optimizers", "class_name", d->keras_class, "config", config,
                     "registered_name", "loss", loss_json(&c->model), "metrics",
                     metric_word(&c->model));
}
