/* Masks seen from outside: dropout between images of ones and an identity, so that the logits are
 * the mask. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/nn/model.h"
#include "runner.h"
#include "specs.h"

enum { WIDTH = 50, SAMPLES = 200 };

typedef struct probe {
    md_model *model;
    float *identity, *ones;
} probe;

/* `before` flatten layers move the dropout layer's place in the model. */
static probe create(double rate, int before)
{
    md_layer_spec layers[MD_MAX_LAYERS];
    for (int i = 0; i < before; i++)
        layers[i] = md_flatten();
    layers[before] = md_dropout(rate);
    layers[before + 1] = md_dense(WIDTH, MD_SOFTMAX);
    md_model_spec spec = md_spec(1, WIDTH, before + 2, layers);
    md_error err;
    probe p = {.identity = calloc(WIDTH * WIDTH + WIDTH, sizeof(float)),
               .ones = calloc(SAMPLES * WIDTH, sizeof(float))};
    CU_ASSERT_FATAL(md_model_create(&spec, SAMPLES, md_kernels_get(), &p.model, &err) == MD_OK);
    for (size_t j = 0; j < WIDTH; j++)
        p.identity[j * WIDTH + j] = 1.0f;
    for (size_t i = 0; i < SAMPLES * WIDTH; i++)
        p.ones[i] = 1.0f;
    return p;
}

static void destroy(probe *p)
{
    md_model_destroy(&p->model);
    free(p->identity);
    free(p->ones);
}

static void look(probe *p, const uint32_t *ids, size_t n, md_pass pass, float *mask)
{
    md_batch batch = {.samples = n, .pixels = p->ones, .ids = ids};
    memcpy(mask, md_model_forward(p->model, p->identity, &batch, &pass), n * WIDTH * sizeof *mask);
}

static void count_up(uint32_t ids[SAMPLES])
{
    for (uint32_t i = 0; i < SAMPLES; i++)
        ids[i] = 1000 + i;
}

static const md_pass usual = {MD_TRAIN, 42, 3};
static float mask[SAMPLES * WIDTH], other[SAMPLES * WIDTH];
static uint32_t ids[SAMPLES];

static void the_rate_is_dropped_and_the_rest_scaled_up(void)
{
    const double rates[] = {0.0, 0.1, 0.5, 0.9};
    count_up(ids);
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        probe p = create(rates[r], 1);
        look(&p, ids, SAMPLES, usual, mask);
        size_t zeros = 0, wrong = 0, count = SAMPLES * WIDTH;
        for (size_t i = 0; i < count; i++) {
            zeros += mask[i] == 0.0f;
            wrong += mask[i] != 0.0f && fabs((double)mask[i] * (1.0 - rates[r]) - 1.0) > 1e-6;
        }
        double error = 4.0 * sqrt((double)count * rates[r] * (1.0 - rates[r]));
        CU_ASSERT_DOUBLE_EQUAL((double)zeros, (double)count * rates[r], error);
        CU_ASSERT_EQUAL(wrong, 0);
        destroy(&p);
    }
}

static void masks_follow_the_sample_however_a_batch_is_split(void)
{
    probe p = create(0.3, 1);
    count_up(ids);
    look(&p, ids, SAMPLES, usual, mask);
    for (size_t at = 0, n = 1; at < SAMPLES; at += n, n = n * 2 + 1) {
        n = n < SAMPLES - at ? n : SAMPLES - at;
        look(&p, ids + at, n, usual, other + at * WIDTH);
    }
    CU_ASSERT_EQUAL(memcmp(mask, other, sizeof mask), 0);
    destroy(&p);
}

static size_t differences(void)
{
    size_t count = 0;
    for (size_t i = 0; i < SAMPLES * WIDTH; i++)
        count += mask[i] != other[i];
    return count;
}

/* Two independent masks of rate 0.5 differ in half of their places. */
static void check_unrelated(void)
{
    CU_ASSERT(differences() > SAMPLES * WIDTH * 45 / 100);
    CU_ASSERT(differences() < SAMPLES * WIDTH * 55 / 100);
}

static void masks_differ_by_seed_epoch_sample_and_layer(void)
{
    probe p = create(0.5, 1), deeper = create(0.5, 2);
    count_up(ids);
    look(&p, ids, SAMPLES, usual, mask);
    look(&p, ids, SAMPLES, (md_pass){MD_TRAIN, 43, 3}, other);
    check_unrelated();
    look(&p, ids, SAMPLES, (md_pass){MD_TRAIN, 42, 4}, other);
    check_unrelated();
    look(&deeper, ids, SAMPLES, usual, other);
    check_unrelated();
    look(&deeper, ids, SAMPLES, (md_pass){MD_TRAIN, 42, 2}, other);
    check_unrelated();
    for (size_t i = 0; i < SAMPLES; i++)
        ids[i]++;
    look(&p, ids, SAMPLES, usual, other);
    check_unrelated();
    destroy(&p);
    destroy(&deeper);
}

static void nothing_is_dropped_outside_training(void)
{
    probe p = create(0.5, 1);
    count_up(ids);
    look(&p, ids, SAMPLES, (md_pass){MD_INFER, 42, 3}, mask);
    CU_ASSERT_EQUAL(memcmp(mask, p.ones, sizeof mask), 0);
    look(&p, NULL, SAMPLES, usual, mask);
    CU_ASSERT_EQUAL(memcmp(mask, p.ones, sizeof mask), 0);
    destroy(&p);
}

const char md_suite[] = "nn.dropout";
CU_TestInfo md_tests[] = {
    {"the rate is dropped and the rest scaled up", the_rate_is_dropped_and_the_rest_scaled_up},
    {"masks follow the sample however a batch is split",
     masks_follow_the_sample_however_a_batch_is_split},
    {"masks differ by seed, epoch, sample and layer", masks_differ_by_seed_epoch_sample_and_layer},
    {"nothing is dropped outside training", nothing_is_dropped_outside_training},
    CU_TEST_INFO_NULL};
