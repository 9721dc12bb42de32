/* Sums, activations and the loss of small layers: loops the compiler vectorises. */
#include "set.h"

#include <math.h>

void MD_SET(column_sum)(const float *dy, size_t n, size_t out, float *restrict db)
{
    memset(db, 0, out * sizeof *db);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < out; j++)
            db[j] += dy[i * out + j];
}

/* Written so that NaN stays NaN: a broken step must not look like a dead unit. */
void MD_SET(relu)(float *y, size_t count)
{
    for (size_t i = 0; i < count; i++)
        y[i] = y[i] < 0.0f ? 0.0f : y[i];
}

void MD_SET(relu_gradient)(const float *y, float *restrict dy, size_t count)
{
    for (size_t i = 0; i < count; i++)
        dy[i] = y[i] > 0.0f ? dy[i] : 0.0f;
}

static size_t largest(const float *z, size_t classes)
{
    size_t top = 0;
    for (size_t c = 1; c < classes; c++)
        if (z[c] > z[top])
            top = c;
    return top;
}

/* e = exp(z - shift), unless e is NULL; returns the sum. */
static float exponentials(const float *z, float shift, size_t classes, float *e)
{
    float sum = 0.0f;
    for (size_t c = 0; c < classes; c++) {
        float value = expf(z[c] - shift);
        sum += value;
        if (e)
            e[c] = value;
    }
    return sum;
}

size_t MD_SET(softmax_loss)(const float *z, const uint8_t *label, size_t n, size_t classes,
                            float *dz, float *loss)
{
    size_t correct = 0;
    for (size_t i = 0; i < n; i++, z += classes) {
        size_t top = largest(z, classes);
        float shift = z[top], score = z[label[i]] - shift;
        float sum = exponentials(z, shift, classes, dz);
        correct += top == label[i];
        loss[i] = logf(sum) - score;
        if (!dz)
            continue;
        for (size_t c = 0; c < classes; c++)
            dz[c] /= sum;
        dz[label[i]] -= 1.0f;
        dz += classes;
    }
    return correct;
}
