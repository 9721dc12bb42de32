/* Adam (Kingma & Ba 2015) as Keras computes it:
 *
 *     m += (1-b1)(g-m), v += (1-b2)(g^2-v), w -= lr * sqrt(1-b2^t)/(1-b1^t) * m / (sqrt(v) + eps)
 *
 * and AdamW (Loshchilov & Hutter 2019), also as Keras: w -= lr * weight_decay * w first, of all
 * parameters. */
#include "mnist_dist/nn/optimizer.h"

#include "elementary.h"

static void begin_decayed(const md_optimizer_step *s, double weight_decay,
                          md_optimizer_constants *out)
{
    const md_optimizer_spec *p = s->spec;
    double correction = sqrt(1.0 - whole_power(p->beta_2, s->iteration)) /
                        (1.0 - whole_power(p->beta_1, s->iteration));
    out->kernels = s->kernels;
    out->adam = (md_adam_step){.gradient_scale = (float)s->gradient_scale,
                               .step_size = (float)(s->learning_rate * correction),
                               .gain_1 = (float)(1.0 - p->beta_1),
                               .gain_2 = (float)(1.0 - p->beta_2),
                               .epsilon = (float)p->epsilon,
                               .decay = (float)(s->learning_rate * weight_decay)};
}

static void begin_adam(const md_optimizer_step *step, md_optimizer_constants *out)
{
    begin_decayed(step, 0.0, out);
}

static void begin_adamw(const md_optimizer_step *step, md_optimizer_constants *out)
{
    begin_decayed(step, step->spec->weight_decay, out);
}

static void apply(const md_optimizer_constants *constants, const md_optimizer_slice *slice)
{
    constants->kernels->adam(&constants->adam, slice->count, slice->gradient, slice->parameters,
                             slice->moments[0], slice->moments[1]);
}

const md_optimizer md_optimizer_adam = {begin_adam, apply};
const md_optimizer md_optimizer_adamw = {begin_adamw, apply};
