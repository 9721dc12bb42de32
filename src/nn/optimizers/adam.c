/* Adam (Kingma & Ba 2015) as Keras computes it:
 *
 *     m += (1-b1)(g-m), v += (1-b2)(g^2-v), w -= lr * sqrt(1-b2^t)/(1-b1^t) * m / (sqrt(v) + eps)
 *
 * and AdamW (Loshchilov & Hutter 2019), also as Keras: w -= lr * weight_decay * w first, of all
 * parameters. */
#include "mnist_dist/nn/optimizer.h"

#include "elementary.h"

md_optimizer_apply md_optimizer_adam, md_optimizer_adamw;

static void step_decayed(const md_optimizer_step *s, const md_optimizer_slice *slice,
                         double weight_decay)
{
    const md_optimizer_spec *p = s->spec;
    double correction = sqrt(1.0 - whole_power(p->beta_2, s->iteration)) /
                        (1.0 - whole_power(p->beta_1, s->iteration));
    md_adam_step constants = {.gradient_scale = (float)s->gradient_scale,
                              .step_size = (float)(s->learning_rate * correction),
                              .gain_1 = (float)(1.0 - p->beta_1),
                              .gain_2 = (float)(1.0 - p->beta_2),
                              .epsilon = (float)p->epsilon,
                              .decay = (float)(s->learning_rate * weight_decay)};
    s->kernels->adam(&constants, slice->count, slice->gradient, slice->parameters,
                     slice->moments[0], slice->moments[1]);
}

void md_optimizer_adam(const md_optimizer_step *s, const md_optimizer_slice *slice)
{
    step_decayed(s, slice, 0.0);
}

void md_optimizer_adamw(const md_optimizer_step *s, const md_optimizer_slice *slice)
{
    step_decayed(s, slice, s->spec->weight_decay);
}
