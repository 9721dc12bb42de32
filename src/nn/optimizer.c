#include "mnist_dist/nn/optimizer.h"

#include <math.h>
#include <string.h>

typedef struct step {
    const md_optimizer_params *params;
    const md_kernels *kernels;
    int64_t iteration;
    double learning_rate, gradient_scale;
    const md_optimizer_slice *slice;
} step;

/* One optimizer. */
typedef struct optimizer_ops {
    const char *name;
    int moments;
    void (*step)(const step *s);
} optimizer_ops;

static void adam_decayed(const step *s, double weight_decay)
{
    const md_optimizer_params *p = s->params;
    double t = (double)s->iteration;
    double correction = sqrt(1.0 - pow(p->beta_2, t)) / (1.0 - pow(p->beta_1, t));
    md_adam_step constants = {.gradient_scale = (float)s->gradient_scale,
                              .step_size = (float)(s->learning_rate * correction),
                              .gain_1 = (float)(1.0 - p->beta_1),
                              .gain_2 = (float)(1.0 - p->beta_2),
                              .epsilon = (float)p->epsilon,
                              .decay = (float)(s->learning_rate * weight_decay)};
    const md_optimizer_slice *slice = s->slice;
    s->kernels->adam(&constants, slice->count, slice->gradient, slice->parameters,
                     slice->moments[0], slice->moments[1]);
}

static void adam(const step *s)
{
    adam_decayed(s, 0.0);
}

static void adamw(const step *s)
{
    adam_decayed(s, s->params->weight_decay);
}

static void sgd(const step *s)
{
    md_sgd_step constants = {.gradient_scale = (float)s->gradient_scale,
                             .learning_rate = (float)s->learning_rate,
                             .momentum = (float)s->params->momentum};
    const md_optimizer_slice *slice = s->slice;
    s->kernels->sgd(&constants, slice->count, slice->gradient, slice->parameters,
                    slice->moments[0]);
}

static const optimizer_ops optimizers[] = {{"adam", 2, adam}, {"adamw", 2, adamw}, {"sgd", 1, sgd}};

static const optimizer_ops *find(const char *name)
{
    for (size_t i = 0; i < sizeof optimizers / sizeof *optimizers; i++)
        if (strcmp(optimizers[i].name, name) == 0)
            return &optimizers[i];
    return NULL;
}

md_optimizer_params md_optimizer_default_params(void)
{
    return (md_optimizer_params){
        .name = "adam", .learning_rate = 0.001, .beta_1 = 0.9, .beta_2 = 0.999, .epsilon = 1e-7};
}

int md_optimizer_moments(const char *name)
{
    const optimizer_ops *ops = find(name);
    return ops ? ops->moments : -1;
}

void md_optimizer_step(const md_optimizer_params *params, const md_kernels *kernels,
                       int64_t iteration, double learning_rate, double gradient_scale,
                       const md_optimizer_slice *slice)
{
    step s = {.params = params,
              .kernels = kernels,
              .iteration = iteration,
              .learning_rate = learning_rate,
              .gradient_scale = gradient_scale,
              .slice = slice};
    find(params->name)->step(&s);
}
