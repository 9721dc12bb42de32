/* Optimizers against their recurrences in double. */
#include <math.h>
#include <string.h>

#include "distance.h"
#include "every_set.h"
#include "images.h"
#include "mnist_dist/nn/optimizer.h"
#include "runner.h"

enum { COUNT = 333, STEPS = 50 };

static const double scale = 1.0 / 32.0;

static md_optimizer_spec of(md_optimizer_kind kind)
{
    md_optimizer_spec params = md_optimizer_default();
    params.kind = kind;
    params.learning_rate = 0.01;
    params.momentum = 0.9;
    params.weight_decay = 0.04;
    return params;
}

static void step(const md_optimizer_spec *spec, const md_kernels *kernels, int64_t iteration,
                 double rate, double gradient_scale, const md_optimizer_slice *slice)
{
    const md_optimizer_step s = {spec, kernels, iteration, rate, gradient_scale};
    const md_optimizer *optimizer = md_optimizer_find(spec->kind);
    md_optimizer_constants constants;
    optimizer->begin(&s, &constants);
    optimizer->apply(&constants, slice);
}

/* An optimizer in double, as its paper or Keras writes it: step t, from 1, of one weight. */
typedef void recurrence(const md_optimizer_spec *p, double t, double g, double *w, double *m,
                        double *v);

static void sgd(const md_optimizer_spec *p, double t, double g, double *w, double *m, double *v)
{
    (void)t, (void)v;
    *m = p->momentum * *m - p->learning_rate * g;
    *w += *m;
}

static void adam(const md_optimizer_spec *p, double t, double g, double *w, double *m, double *v)
{
    *m = p->beta_1 * *m + (1.0 - p->beta_1) * g;
    *v = p->beta_2 * *v + (1.0 - p->beta_2) * g * g;
    const double rate =
        p->learning_rate * sqrt(1.0 - pow(p->beta_2, t)) / (1.0 - pow(p->beta_1, t));
    *w -= rate * *m / (sqrt(*v) + p->epsilon);
}

static void adamw(const md_optimizer_spec *p, double t, double g, double *w, double *m, double *v)
{
    *w -= p->learning_rate * p->weight_decay * *w;
    adam(p, t, g, w, m, v);
}

static recurrence *const recurrences[MD_OPTIMIZER_COUNT] = {
    [MD_OPTIMIZER_ADAM] = adam, [MD_OPTIMIZER_ADAMW] = adamw, [MD_OPTIMIZER_SGD] = sgd};

/* Follows both through STEPS steps of made-up gradients. */
static double distance_after(const md_optimizer_spec *params, const md_kernels *kernels)
{
    static float g[COUNT], w[COUNT], m[COUNT], v[COUNT];
    static double dw[COUNT], dm[COUNT], dv[COUNT];
    md_fill_uniform(w, COUNT, -0.5f, 0.5f, 99);
    for (size_t i = 0; i < COUNT; i++) {
        dw[i] = (double)w[i];
        m[i] = v[i] = 0.0f;
        dm[i] = dv[i] = 0.0;
    }
    for (int64_t t = 1; t <= STEPS; t++) {
        md_fill_uniform(g, COUNT, -3.0f, 4.0f, (uint64_t)t);
        g[7] = 0.0f;
        md_optimizer_slice slice = {COUNT, g, w, {m, v}};
        step(params, kernels, t, params->learning_rate, scale, &slice);
        for (size_t i = 0; i < COUNT; i++)
            recurrences[params->kind](params, (double)t, scale * (double)g[i], &dw[i], &dm[i],
                                      &dv[i]);
    }
    return md_relative_distance(w, dw, COUNT);
}

static void check_recurrences(const md_kernels *kernels)
{
    for (int kind = 0; kind < MD_OPTIMIZER_COUNT; kind++) {
        md_optimizer_spec params = of((md_optimizer_kind)kind);
        CU_ASSERT_PTR_NOT_NULL_FATAL(recurrences[kind]); /* a new one needs its judge above */
        CU_ASSERT(distance_after(&params, kernels) < 2e-6);
        params.momentum = 0.0;
        params.weight_decay = 0.0;
        CU_ASSERT(distance_after(&params, kernels) < 2e-6);
    }
}

static void steps_follow_the_recurrences(void)
{
    md_for_every_set(check_recurrences);
}

static void check_slices(const md_kernels *kernels)
{
    const size_t cuts[] = {0, 1, 17, 100, 133, COUNT};
    static float g[COUNT], whole[3][COUNT], parts[3][COUNT];
    md_fill_uniform(g, COUNT, -3.0f, 4.0f, 5);
    for (int kind = 0; kind < MD_OPTIMIZER_COUNT; kind++) {
        md_optimizer_spec params = of((md_optimizer_kind)kind);
        for (size_t b = 0; b < 3; b++)
            md_fill_uniform(whole[b], COUNT, 0.0f, 1.0f, b);
        memcpy(parts, whole, sizeof parts);
        md_optimizer_slice all = {COUNT, g, whole[0], {whole[1], whole[2]}};
        step(&params, kernels, 9, 0.02, scale, &all);
        for (size_t c = 0; c + 1 < sizeof cuts / sizeof *cuts; c++) {
            size_t at = cuts[c];
            md_optimizer_slice part = {
                cuts[c + 1] - at, g + at, parts[0] + at, {parts[1] + at, parts[2] + at}};
            step(&params, kernels, 9, 0.02, scale, &part);
        }
        CU_ASSERT_EQUAL(memcmp(whole, parts, sizeof whole), 0);
    }
}

static void slices_give_the_bits_of_the_whole(void)
{
    md_for_every_set(check_slices);
}

/* A weight whose gradient has stopped must not slow the step down for ever. */
static void check_decay(const md_kernels *kernels)
{
    const float g[1] = {0.0f};
    float w[1] = {1.0f}, m[1] = {1.0f}, v[1] = {1.0f}, u[1] = {1.0f};
    md_optimizer_spec adam = of(MD_OPTIMIZER_ADAM), sgd = of(MD_OPTIMIZER_SGD);
    adam.beta_2 = 0.99;
    for (int64_t t = 1; t <= 8000; t++) {
        md_optimizer_slice a = {1, g, w, {m, v}}, s = {1, g, w, {u, NULL}};
        step(&adam, kernels, t, 0.001, 1.0, &a);
        step(&sgd, kernels, t, 0.001, 1.0, &s);
        CU_ASSERT(fpclassify(m[0]) != FP_SUBNORMAL && fpclassify(v[0]) != FP_SUBNORMAL);
        CU_ASSERT(fpclassify(u[0]) != FP_SUBNORMAL);
    }
    CU_ASSERT(m[0] == 0.0f && v[0] == 0.0f && u[0] == 0.0f);
    CU_ASSERT(isfinite(w[0]));
}

static void moments_never_become_subnormal(void)
{
    md_for_every_set(check_decay);
}

static void words_and_moments_are_known(void)
{
    const char *const words[] = {"adam", "adamw", "sgd", "Adam", "AdamW", "SGD"};
    const int moments[] = {2, 2, 1, 2, 2, 1};
    md_optimizer_kind kind;
    for (size_t i = 0; i < 6; i++) {
        CU_ASSERT(md_optimizer_parse(words[i], &kind));
        CU_ASSERT_EQUAL(md_optimizer_describe(kind)->moments, moments[i]);
    }
    CU_ASSERT(!md_optimizer_parse("", &kind) && !md_optimizer_parse("adamax", &kind));
}

/* A number that stands for nothing has no row, and no step reads past the table. */
static void what_is_no_optimizer_has_no_step(void)
{
    CU_ASSERT_PTR_NULL(md_optimizer_find(MD_OPTIMIZER_COUNT));
    CU_ASSERT_PTR_NULL(md_optimizer_find((md_optimizer_kind)-1));
    CU_ASSERT_PTR_NULL(md_optimizer_describe(MD_OPTIMIZER_COUNT));
}

/* Each hyper-parameter once, by the name that Keras has for it, with a default in its range. */
static void hypers_are_those_of_the_optimizer(void)
{
    md_optimizer_spec spec = of(MD_OPTIMIZER_ADAMW);
    const char *const names[] = {"beta_1", "beta_2", "epsilon", "weight_decay"};
    double *const values[] = {&spec.beta_1, &spec.beta_2, &spec.epsilon, &spec.weight_decay};
    double *value;
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_STRING_EQUAL(md_optimizer_hyper(&spec, i, &value)->name, names[i]);
        CU_ASSERT_PTR_EQUAL(value, values[i]);
    }
    CU_ASSERT_PTR_NULL(md_optimizer_hyper(&spec, 4, &value));
}

static void the_default_is_the_notebooks(void)
{
    md_optimizer_spec params = md_optimizer_default();
    CU_ASSERT_EQUAL(params.kind, MD_OPTIMIZER_ADAM);
    CU_ASSERT_DOUBLE_EQUAL(params.learning_rate, 0.001, 0.0);
    CU_ASSERT_DOUBLE_EQUAL(params.epsilon, 1e-7, 0.0);
}

const char md_suite[] = "nn.optimizer";
CU_TestInfo md_tests[] = {{"steps follow the recurrences", steps_follow_the_recurrences},
                          {"slices give the bits of the whole", slices_give_the_bits_of_the_whole},
                          {"moments never become subnormal", moments_never_become_subnormal},
                          {"words and moments are known", words_and_moments_are_known},
                          {"what is no optimizer has no step", what_is_no_optimizer_has_no_step},
                          {"hypers are those of the optimizer", hypers_are_those_of_the_optimizer},
                          {"the default is the notebook's", the_default_is_the_notebooks},
                          CU_TEST_INFO_NULL};
