/* Sums, activations and the loss of small layers: loops the compiler vectorises. */
#include "set.h"

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

void MD_SET(exp)(float *x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        x[i] = nearest_exp(x[i]);
}

void MD_SET(log)(float *x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        x[i] = nearly_log(x[i]);
}

void MD_SET(tanh)(float *x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        x[i] = nearest_tanh(x[i]);
}

void MD_SET(sigmoid)(float *x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        x[i] = nearly_sigmoid(x[i]);
}

/* dz = z - the row's largest, loss = -that of the label. */
static size_t shift_rows(const float *z, const int32_t *label, size_t n, size_t classes, float *dz,
                         float *loss)
{
    size_t correct = 0;
    for (size_t i = 0; i < n; i++, z += classes, dz += classes) {
        size_t top = largest(z, classes);
        float shift = z[top];
        correct += top == (size_t)label[i];
        loss[i] = shift - z[label[i]];
        for (size_t c = 0; c < classes; c++)
            dz[c] = z[c] - shift;
    }
    return correct;
}

/* Each row of exponentials divided by its sum, which sum[i] receives. */
static void normalize_rows(float *dz, const int32_t *label, size_t n, size_t classes, float *sum)
{
    for (size_t i = 0; i < n; i++, dz += classes) {
        sum[i] = 0.0f;
        for (size_t c = 0; c < classes; c++)
            sum[i] += dz[c];
        for (size_t c = 0; c < classes; c++)
            dz[c] /= sum[i];
        dz[label[i]] -= 1.0f;
    }
}

/* Exponentials and logarithms of many rows at a time, since a row is shorter than a few vectors. */
size_t MD_SET(softmax_loss)(const float *z, const int32_t *label, size_t n, size_t classes,
                            float *dz, float *loss)
{
    enum { ROWS = 64 };
    float sum[ROWS];
    size_t correct = 0;
    while (n > 0) {
        size_t rows = n < ROWS ? n : ROWS;
        correct += shift_rows(z, label, rows, classes, dz, loss);
        MD_SET(exp)(dz, rows * classes);
        normalize_rows(dz, label, rows, classes, sum);
        MD_SET(log)(sum, rows);
        for (size_t i = 0; i < rows; i++)
            loss[i] += sum[i];
        z += rows * classes;
        dz += rows * classes;
        label += rows;
        loss += rows;
        n -= rows;
    }
    return correct;
}
