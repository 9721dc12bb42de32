/* Optimizers against their recurrences in double. */
#include <math.h>
#include <string.h>

#include "every_set.h"
#include "gradcheck.h"
#include "images.h"
#include "mnist_dist/nn/optimizer.h"
#include "reference.h"
#include "runner.h"

enum { COUNT = 333, STEPS = 50 };

static const double scale = 1.0 / 32.0;

static md_optimizer_params named(const char *name)
{
    md_optimizer_params params = md_optimizer_default_params();
    memcpy(params.name, name, strlen(name) + 1);
    params.learning_rate = 0.01;
    params.momentum = 0.9;
    params.weight_decay = 0.04;
    return params;
}

/* Follows both through STEPS steps of made-up gradients. */
static double distance_after(const md_optimizer_params *params, const md_kernels *kernels)
{
    static float g[COUNT], w[COUNT], m[COUNT], v[COUNT];
    static double dg[COUNT], dw[COUNT], dm[COUNT], dv[COUNT];
    md_fill_uniform(w, COUNT, -0.5f, 0.5f, 99);
    for (size_t i = 0; i < COUNT; i++) {
        dw[i] = (double)w[i];
        m[i] = v[i] = 0.0f;
        dm[i] = dv[i] = 0.0;
    }
    for (int64_t t = 1; t <= STEPS; t++) {
        md_fill_uniform(g, COUNT, -3.0f, 4.0f, (uint64_t)t);
        g[7] = 0.0f;
        for (size_t i = 0; i < COUNT; i++)
            dg[i] = (double)g[i];
        md_optimizer_slice slice = {COUNT, g, w, {m, v}};
        md_optimizer_step(params, kernels, t, params->learning_rate, scale, &slice);
        md_reference_step(params, t, scale, COUNT, dg, dw, (double *[]){dm, dv});
    }
    return md_relative_distance(w, dw, COUNT);
}

static void check_recurrences(const md_kernels *kernels)
{
    const char *const names[] = {"adam", "adamw", "sgd"};
    for (size_t i = 0; i < 3; i++) {
        md_optimizer_params params = named(names[i]);
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
    const char *const names[] = {"adam", "adamw", "sgd"};
    const size_t cuts[] = {0, 1, 17, 100, 133, COUNT};
    static float g[COUNT], whole[3][COUNT], parts[3][COUNT];
    md_fill_uniform(g, COUNT, -3.0f, 4.0f, 5);
    for (size_t k = 0; k < 3; k++) {
        md_optimizer_params params = named(names[k]);
        for (size_t b = 0; b < 3; b++)
            md_fill_uniform(whole[b], COUNT, 0.0f, 1.0f, b);
        memcpy(parts, whole, sizeof parts);
        md_optimizer_slice all = {COUNT, g, whole[0], {whole[1], whole[2]}};
        md_optimizer_step(&params, kernels, 9, 0.02, scale, &all);
        for (size_t c = 0; c + 1 < sizeof cuts / sizeof *cuts; c++) {
            size_t at = cuts[c];
            md_optimizer_slice part = {
                cuts[c + 1] - at, g + at, parts[0] + at, {parts[1] + at, parts[2] + at}};
            md_optimizer_step(&params, kernels, 9, 0.02, scale, &part);
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
    md_optimizer_params adam = named("adam"), sgd = named("sgd");
    adam.beta_2 = 0.99;
    for (int64_t t = 1; t <= 8000; t++) {
        md_optimizer_slice a = {1, g, w, {m, v}}, s = {1, g, w, {u, NULL}};
        md_optimizer_step(&adam, kernels, t, 0.001, 1.0, &a);
        md_optimizer_step(&sgd, kernels, t, 0.001, 1.0, &s);
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

static void names_and_moments_are_known(void)
{
    CU_ASSERT_EQUAL(md_optimizer_moments("adam"), 2);
    CU_ASSERT_EQUAL(md_optimizer_moments("adamw"), 2);
    CU_ASSERT_EQUAL(md_optimizer_moments("sgd"), 1);
    CU_ASSERT_EQUAL(md_optimizer_moments("Adam"), -1);
    CU_ASSERT_EQUAL(md_optimizer_moments(""), -1);
}

static void the_default_is_the_notebooks(void)
{
    md_optimizer_params params = md_optimizer_default_params();
    CU_ASSERT_STRING_EQUAL(params.name, "adam");
    CU_ASSERT_DOUBLE_EQUAL(params.learning_rate, 0.001, 0.0);
    CU_ASSERT_DOUBLE_EQUAL(params.epsilon, 1e-7, 0.0);
}

const char md_suite[] = "nn.optimizer";
CU_TestInfo md_tests[] = {{"steps follow the recurrences", steps_follow_the_recurrences},
                          {"slices give the bits of the whole", slices_give_the_bits_of_the_whole},
                          {"moments never become subnormal", moments_never_become_subnormal},
                          {"names and moments are known", names_and_moments_are_known},
                          {"the default is the notebook's", the_default_is_the_notebooks},
                          CU_TEST_INFO_NULL};
