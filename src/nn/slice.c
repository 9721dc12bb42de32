#include "mnist_dist/nn/slice.h"

#include <math.h>

/* In terms of a weight's gradient over sparse rows: a step of Adam costs as much as five and a half
 * of them, and one of a dense product a third (AVX-512, batch 1,024: 5.3 and 0.35). Adding a
 * micro-shard's sum is taken for one of these. */
static const double step_cost = 5.5, dense_cost = 0.33;

size_t md_slice_rows(const md_layout *layout)
{
    size_t rows = 0;
    for (int k = 0; k < layout->tensor_count; k++)
        rows += layout->tensors[k].count / md_tensor_row(&layout->tensors[k]);
    return rows;
}

static double row_cost(const md_layout *layout, int tensor, size_t row, const float *density,
                       size_t samples)
{
    const md_tensor *t = &layout->tensors[tensor];
    double cost = density && tensor == 0 ? (double)density[row] : dense_cost;
    if (t->summed)
        cost /= MD_MICRO_SHARD;
    return (double)md_tensor_row(t) * (step_cost + cost * (double)samples);
}

/* Adds the rows' costs up to the row in whose middle they exceed `most`, where *cut is set; returns
 * the sum before it. */
static double add_costs(const md_layout *layout, const float *density, size_t samples, double most,
                        size_t *cut)
{
    double sum = 0.0;
    *cut = layout->parameters;
    for (int k = 0; k < layout->tensor_count; k++) {
        const md_tensor *tensor = &layout->tensors[k];
        const size_t length = md_tensor_row(tensor), rows = tensor->count / length;
        for (size_t row = 0; row < rows; row++) {
            const double cost = row_cost(layout, k, row, density, samples);
            if (sum + cost / 2 > most) {
                *cut = tensor->offset + row * length;
                return sum;
            }
            sum += cost;
        }
    }
    return sum;
}

md_range md_slice_cut(const md_layout *layout, const float *density, size_t samples, int part,
                      int parts)
{
    size_t begin = 0, end;
    const double all = add_costs(layout, density, samples, INFINITY, &end);
    if (part > 0)
        add_costs(layout, density, samples, all * part / parts, &begin);
    if (part + 1 < parts)
        add_costs(layout, density, samples, all * (part + 1) / parts, &end);
    return (md_range){begin, end - begin};
}

void md_slice_walk(const md_layout *layout, md_range slice,
                   void (*take)(void *context, size_t row, md_range range), void *context)
{
    size_t number = 0;
    for (int k = 0; k < layout->tensor_count; k++) {
        const md_tensor *tensor = &layout->tensors[k];
        const size_t length = md_tensor_row(tensor);
        for (size_t at = tensor->offset; at < tensor->offset + tensor->count; at += length) {
            if (at >= slice.begin && at < slice.begin + slice.count)
                take(context, number, (md_range){at, length});
            number++;
        }
    }
}
