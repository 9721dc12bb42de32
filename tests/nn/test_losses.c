/* Each loss by itself: against its twin and the twin's differences, in every kernel set; the twins
 * against numbers that NumPy worked out. */
#include <math.h>
#include <string.h>

#include "every_set.h"
#include "images.h"
#include "mnist_dist/nn/loss.h"
#include "runner.h"

enum { N = 37, MOST_WIDTH = 300 };
static const md_model_spec spec = {.huber_delta = 0.75};

/* Outputs of all sizes, and what they should be. */
typedef struct scene {
    size_t width;
    float z[N * MOST_WIDTH], targets[N * MOST_WIDTH];
    int32_t labels[N];
    float loss[N], error[N], dz[N * MOST_WIDTH];
} scene;

static int is_of_classes(const md_loss_descriptor *d)
{
    return d->goes_with == MD_SOFTMAX;
}

static void fill(scene *s, const md_loss_descriptor *d, size_t width)
{
    static const float odd[] = {0.0f, 90.0f, -90.0f, 1e-6f, 25.0f, -25.0f};
    s->width = width;
    md_fill_uniform(s->z, N * width, -4.0f, 4.0f, 5);
    md_fill_uniform(s->targets, N * width, -4.0f, 4.0f, 6);
    for (size_t i = 0; i < N * width; i++) {
        if (i % 5 == 2)
            s->z[i] = odd[i / 5 % 6];
        if (d->goes_with == MD_SIGMOID)
            s->targets[i] = s->targets[i] > 1.0f;
    }
    for (size_t i = 0; i < N; i++)
        s->labels[i] = (int32_t)(i * 7 % width);
}

static size_t compute(const md_loss *loss, const md_loss_descriptor *d, const md_kernels *kernels,
                      scene *s)
{
    const md_loss_batch batch = {.kernels = kernels,
                                 .spec = &spec,
                                 .n = N,
                                 .width = s->width,
                                 .z = s->z,
                                 .labels = is_of_classes(d) ? s->labels : NULL,
                                 .targets = is_of_classes(d) ? NULL : s->targets,
                                 .loss = s->loss,
                                 .dz = s->dz,
                                 .error = s->error};
    return loss->compute(&batch);
}

static double twin(const md_loss *loss, const md_loss_descriptor *d, const scene *s, size_t i,
                   size_t moved, double way)
{
    double z[MOST_WIDTH], target[MOST_WIDTH];
    for (size_t k = 0; k < s->width; k++) {
        z[k] = (double)s->z[i * s->width + k] + (k == moved ? way : 0.0);
        target[k] = (double)s->targets[i * s->width + k];
    }
    if (is_of_classes(d))
        target[0] = s->labels[i];
    return loss->twin(&spec, z, target, s->width);
}

/* Away from kinks, where no derivative is. */
static int is_smooth(const md_loss_descriptor *d, const scene *s, size_t at)
{
    const double off = fabs((double)s->z[at] - (double)s->targets[at]);
    return d->goes_with != MD_LINEAR || off > 1e-3;
}

static void check_against_twin(const md_loss *loss, const md_loss_descriptor *d, const scene *s)
{
    const double way = 1e-5;
    for (size_t i = 0; i < N; i++) {
        const double exact = twin(loss, d, s, i, MOST_WIDTH, 0.0);
        CU_ASSERT_DOUBLE_EQUAL((double)s->loss[i], exact, 2e-7 + 2e-6 * exact);
        for (size_t k = 0; k < s->width; k += 1 + s->width / 5) {
            const double slope =
                (twin(loss, d, s, i, k, way) - twin(loss, d, s, i, k, -way)) / (2.0 * way);
            if (is_smooth(d, s, i * s->width + k))
                CU_ASSERT_DOUBLE_EQUAL((double)s->dz[i * s->width + k], slope,
                                       1e-6 + 1e-5 * fabs(slope));
        }
    }
}

static void check_errors(const md_loss_descriptor *d, const scene *s)
{
    for (size_t i = 0; d->goes_with == MD_LINEAR && i < N; i++) {
        double sum = 0.0;
        for (size_t k = i * s->width; k < (i + 1) * s->width; k++)
            sum += fabs((double)s->z[k] - (double)s->targets[k]);
        CU_ASSERT_DOUBLE_EQUAL((double)s->error[i], sum / (double)s->width, 1e-5);
    }
}

static size_t count_right(const md_loss_descriptor *d, const scene *s)
{
    size_t right = 0;
    if (d->goes_with == MD_LINEAR)
        return 0;
    if (d->goes_with == MD_SIGMOID) {
        for (size_t i = 0; i < N * s->width; i++)
            right += (s->z[i] > 0.0f) == (s->targets[i] > 0.0f);
        return right;
    }
    for (size_t i = 0; i < N; i++) {
        const float *z = s->z + i * s->width;
        size_t best = 0;
        for (size_t k = 1; k < s->width; k++)
            best = z[k] > z[best] ? k : best;
        right += best == (size_t)s->labels[i];
    }
    return right;
}

static void check(const md_kernels *kernels)
{
    static const size_t widths[] = {1, 3, MOST_WIDTH};
    static scene s, baseline;
    size_t sets;
    const md_kernels *const *available = md_kernels_available(&sets);
    for (int kind = MD_LOSS_AUTO + 1; kind < MD_LOSS_COUNT; kind++)
        for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
            const md_loss *loss = md_loss_find((md_loss_kind)kind);
            const md_loss_descriptor *d = md_loss_describe((md_loss_kind)kind);
            fill(&s, d, widths[w]);
            baseline = s;
            CU_ASSERT_EQUAL(compute(loss, d, kernels, &s), count_right(d, &s));
            check_against_twin(loss, d, &s);
            check_errors(d, &s);
            compute(loss, d, available[sets - 1], &baseline);
            CU_ASSERT_EQUAL(memcmp(&s, &baseline, sizeof s), 0);
        }
}

static void losses_are_their_twins_in_every_set(void)
{
    md_for_every_set(check);
}

static void gradients_may_replace_the_outputs(void)
{
    static scene s, in_place;
    for (int kind = MD_LOSS_AUTO + 1; kind < MD_LOSS_COUNT; kind++) {
        const md_loss_descriptor *d = md_loss_describe((md_loss_kind)kind);
        fill(&s, d, 3);
        in_place = s;
        compute(md_loss_find((md_loss_kind)kind), d, md_kernels_get(), &s);
        const md_loss_batch batch = {.kernels = md_kernels_get(),
                                     .spec = &spec,
                                     .n = N,
                                     .width = 3,
                                     .z = in_place.z,
                                     .labels = is_of_classes(d) ? in_place.labels : NULL,
                                     .targets = is_of_classes(d) ? NULL : in_place.targets,
                                     .loss = in_place.loss,
                                     .dz = in_place.z,
                                     .error = in_place.error};
        md_loss_find((md_loss_kind)kind)->compute(&batch);
        CU_ASSERT_EQUAL(memcmp(in_place.z, s.dz, N * 3 * sizeof(float)), 0);
        CU_ASSERT_EQUAL(memcmp(in_place.loss, s.loss, sizeof s.loss), 0);
    }
}

static void twins_are_what_numpy_says(void)
{
    static const double z[] = {0.7, -1.2, 2.5}, numbers[] = {0.5, -3.0, 2.6}, yes[] = {1, 0, 1};
    static const double second = 1;
    const struct {
        md_loss_kind kind;
        const double *target;
        double loss;
    } cases[] = {{MD_LOSS_SPARSE_CATEGORICAL_CROSSENTROPY, &second, 3.8739721428216134},
                 {MD_LOSS_BINARY_CROSSENTROPY, yes, 0.24845275017201293},
                 {MD_LOSS_MSE, numbers, 1.096666666666667},
                 {MD_LOSS_MAE, numbers, 0.7000000000000001},
                 {MD_LOSS_HUBER, numbers, 0.3645833333333334}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CU_ASSERT_DOUBLE_EQUAL(md_loss_find(cases[i].kind)->twin(&spec, z, cases[i].target, 3),
                               cases[i].loss, 1e-14);
    CU_ASSERT_PTR_NULL(md_loss_find(MD_LOSS_AUTO));
}

/* The gradient of a class given as a label is that of 0 or 1 as a target. */
static void one_sigmoid_takes_classes(void)
{
    float z[] = {0.5f, -2.0f, 3.0f}, targets[] = {1, 1, 0}, loss[2][3], dz[2][3];
    const int32_t labels[] = {1, 1, 0};
    for (int k = 0; k < 2; k++) {
        const md_loss_batch batch = {.kernels = md_kernels_get(),
                                     .spec = &spec,
                                     .n = 3,
                                     .width = 1,
                                     .z = z,
                                     .labels = k ? labels : NULL,
                                     .targets = k ? NULL : targets,
                                     .loss = loss[k],
                                     .dz = dz[k]};
        CU_ASSERT_EQUAL(md_loss_find(MD_LOSS_BINARY_CROSSENTROPY)->compute(&batch), 1);
    }
    CU_ASSERT_EQUAL(memcmp(loss[0], loss[1], sizeof loss[0]), 0);
    CU_ASSERT_EQUAL(memcmp(dz[0], dz[1], sizeof dz[0]), 0);
}

const char md_suite[] = "nn.losses";
CU_TestInfo md_tests[] = {
    {"losses are their twins, in every set", losses_are_their_twins_in_every_set},
    {"gradients may replace the outputs", gradients_may_replace_the_outputs},
    {"twins are what NumPy says", twins_are_what_numpy_says},
    {"one sigmoid takes classes", one_sigmoid_takes_classes},
    CU_TEST_INFO_NULL};
