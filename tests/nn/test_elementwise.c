/* Sums, activations, loss and conversions, on awkward counts and awkward numbers. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "every_set.h"
#include "images.h"
#include "runner.h"

enum { MOST = 1000 };
static const size_t counts[] = {0, 1, 15, 16, 17, 127, MOST};
enum { COUNTS = sizeof counts / sizeof *counts };

static void check_column_sum(const md_kernels *kernels)
{
    float dy[7 * 145], db[145];
    md_fill_uniform(dy, 7 * 145, -1.0f, 1.0f, 1);
    for (size_t n = 0; n <= 7; n++) {
        kernels->column_sum(dy, n, 145, db);
        for (size_t j = 0; j < 145; j++) {
            double sum = 0.0;
            for (size_t i = 0; i < n; i++)
                sum += (double)dy[i * 145 + j];
            CU_ASSERT_DOUBLE_EQUAL((double)db[j], sum, 1e-6);
        }
    }
}

static void columns_are_summed_over_samples(void)
{
    md_for_every_set(check_column_sum);
}

static void check_relu(const md_kernels *kernels)
{
    float x[MOST], y[MOST], dy[MOST];
    for (size_t c = 0; c < COUNTS; c++) {
        md_fill_uniform(x, MOST, -1.0f, 1.0f, c);
        md_fill_uniform(dy, MOST, 1.0f, 2.0f, c);
        memcpy(y, x, sizeof y);
        kernels->relu(y, counts[c]);
        kernels->relu_gradient(y, dy, counts[c]);
        size_t wrong = 0;
        for (size_t i = 0; i < MOST; i++) {
            int touched = i<counts[c], open = x[i]> 0.0f;
            wrong += y[i] != (touched && !open ? 0.0f : x[i]);
            wrong += touched && !open ? dy[i] != 0.0f : dy[i] < 1.0f;
        }
        CU_ASSERT_EQUAL(wrong, 0);
    }
}

static void relu_passes_what_is_positive(void)
{
    md_for_every_set(check_relu);
}

static void check_relu_nan(const md_kernels *kernels)
{
    float y[33] = {0};
    y[5] = y[32] = NAN;
    kernels->relu(y, 33);
    CU_ASSERT(isnan(y[5]) && isnan(y[32]));
}

static void relu_keeps_nan(void)
{
    md_for_every_set(check_relu_nan);
}

/* Loss and gradient of one sample in double. */
static double softmax_twin(const float *z, size_t classes, size_t label, double *dz)
{
    double top = -DBL_MAX, sum = 0.0;
    for (size_t c = 0; c < classes; c++)
        top = fmax(top, (double)z[c]);
    for (size_t c = 0; c < classes; c++)
        sum += exp((double)z[c] - top);
    for (size_t c = 0; c < classes; c++)
        dz[c] = exp((double)z[c] - top) / sum - (c == label);
    return top + log(sum) - (double)z[label];
}

static void check_loss(const md_kernels *kernels)
{
    enum { N = 150, CLASSES = 11 }; /* more rows than are taken at a time */
    float z[N * CLASSES], dz[N * CLASSES], loss[N], alone[N];
    int32_t label[N];
    md_fill_uniform(z, N * CLASSES, -5.0f, 5.0f, 3);
    for (size_t i = 0; i < N; i++)
        label[i] = (int32_t)(i * 7 % CLASSES);
    for (size_t c = 0; c < CLASSES; c++) /* a range far beyond expf's */
        z[c] = c % 2 ? -3e4f : 3e4f - (float)c;
    size_t correct = kernels->softmax_loss(z, label, N, CLASSES, dz, loss), expected = 0;
    for (size_t i = 0; i < N; i++) {
        double twin[CLASSES],
            value = softmax_twin(z + i * CLASSES, CLASSES, (size_t)label[i], twin);
        CU_ASSERT_DOUBLE_EQUAL((double)loss[i], value, 1e-6 * (1.0 + value));
        size_t beaten = 0;
        for (size_t c = 0; c < CLASSES; c++) {
            CU_ASSERT_DOUBLE_EQUAL((double)dz[i * CLASSES + c], twin[c], 1e-6);
            beaten += z[i * CLASSES + (size_t)label[i]] > z[i * CLASSES + c];
        }
        expected += beaten == CLASSES - 1;
    }
    CU_ASSERT_EQUAL(correct, expected);
    CU_ASSERT(expected > 0 && expected < N);
    CU_ASSERT_EQUAL(kernels->softmax_loss(z, label, N, CLASSES, z, alone), correct);
    CU_ASSERT_EQUAL(memcmp(alone, loss, sizeof loss), 0);
    CU_ASSERT_EQUAL(memcmp(z, dz, sizeof z), 0);
}

static void loss_and_its_gradient_agree(void)
{
    md_for_every_set(check_loss);
}

static void check_odd_logits(const md_kernels *kernels)
{
    const int32_t label[] = {0, 1};
    float loss[2], dz[6], nan_late[] = {1, 2, NAN}, nan_first[] = {NAN, 2, 1},
                          endless[] = {1, INFINITY, 0};
    float tie[] = {2, 2, 1, 2, 2, 1};
    kernels->softmax_loss(nan_late, label, 1, 3, dz, loss);
    CU_ASSERT(isnan(loss[0]));
    kernels->softmax_loss(nan_first, label + 1, 1, 3, dz, loss);
    CU_ASSERT(isnan(loss[0]));
    kernels->softmax_loss(endless, label, 1, 3, dz, loss);
    CU_ASSERT(!isfinite(loss[0]));
    CU_ASSERT_EQUAL(kernels->softmax_loss(tie, label, 2, 3, dz, loss), 1);
}

static void nan_is_not_hidden_and_the_first_of_equals_wins(void)
{
    md_for_every_set(check_odd_logits);
}

static void check_bound(const md_kernels *kernels)
{
    const float bad[] = {1.0001f, -1.0001f, INFINITY, -INFINITY, NAN, -NAN};
    float x[MOST];
    for (size_t c = 0; c < COUNTS; c++) {
        md_fill_uniform(x, MOST, -1.0f, 1.0f, c);
        if (counts[c])
            x[counts[c] / 2] = -1.0f;
        CU_ASSERT(kernels->all_within(x, counts[c], 1.0f));
        for (size_t b = 0; b < sizeof bad / sizeof *bad && counts[c]; b++) {
            x[counts[c] - 1] = bad[b];
            CU_ASSERT(!kernels->all_within(x, counts[c], 1.0f));
        }
    }
}

static void a_bound_holds_for_every_value_and_never_for_nan(void)
{
    md_for_every_set(check_bound);
}

static void check_bytes(const md_kernels *kernels)
{
    uint8_t pixel[256];
    float x[256];
    for (size_t i = 0; i < 256; i++)
        pixel[i] = (uint8_t)i;
    kernels->bytes_to_floats(pixel, x, 256);
    for (size_t i = 0; i < 256; i++)
        CU_ASSERT_DOUBLE_EQUAL((double)x[i], (double)(float)((double)i / 255.0), 0.0);
}

static void bytes_become_the_nearest_floats(void)
{
    md_for_every_set(check_bytes);
}

/* Nothing beside the values is written, wherever they begin and end. */
static void check_stream(const md_kernels *kernels)
{
    enum { LONGEST = 80 };
    float x[LONGEST], to[LONGEST + 2];
    for (size_t i = 0; i < LONGEST; i++)
        x[i] = (float)i + 0.5f;
    for (size_t begin = 0; begin < 20; begin++)
        for (size_t count = 0; begin + count <= LONGEST; count += 1 + count / 3) {
            memset(to, 0, sizeof to);
            kernels->stream(x, count, to + 1 + begin);
            kernels->stream_fence();
            CU_ASSERT_EQUAL(memcmp(to + 1 + begin, x, count * sizeof *x), 0);
            CU_ASSERT(to[begin] == 0.0f && to[1 + begin + count] == 0.0f);
        }
}

static void what_is_streamed_arrives_whole(void)
{
    md_for_every_set(check_stream);
}

const char md_suite[] = "nn.elementwise";
CU_TestInfo md_tests[] = {
    {"columns are summed over samples", columns_are_summed_over_samples},
    {"relu passes what is positive, and so does its gradient", relu_passes_what_is_positive},
    {"relu keeps NaN", relu_keeps_nan},
    {"loss and its gradient agree with double", loss_and_its_gradient_agree},
    {"NaN is not hidden, and the first of equals wins",
     nan_is_not_hidden_and_the_first_of_equals_wins},
    {"a bound holds for every value and never for NaN",
     a_bound_holds_for_every_value_and_never_for_nan},
    {"bytes become the nearest floats to v / 255", bytes_become_the_nearest_floats},
    {"what is streamed arrives whole", what_is_streamed_arrives_whole},
    CU_TEST_INFO_NULL};
