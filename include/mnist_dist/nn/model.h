/* A feed-forward network over one flat parameter block. Local: knows nothing of ranks or files.
 * Layers own their activations; parameters and gradients belong to the caller, who may place them
 * in shared memory. Layout of both blocks: md_model_layout. */
#ifndef MNIST_DIST_NN_MODEL_H
#define MNIST_DIST_NN_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/base/error.h"
#include "mnist_dist/base/matrix.h"
#include "mnist_dist/base/range.h"
#include "mnist_dist/model/model_spec.h"
#include "mnist_dist/nn/kernels.h"

typedef struct md_model md_model;

/* Samples. Exactly one of `rows` and `pixels` is set; everything is borrowed for the call. */
typedef struct md_batch {
    size_t samples;
    size_t first; /* row of the model's matrices that belongs to the first of them; mostly 0 */
    const md_sparse_row *rows; /* [n]: non-zero pixels of each image */
    const float *pixels;       /* [n][rows * columns], scaled */
    const int32_t *labels;     /* [n]: classes; NULL: none */
    const float *targets;      /* [n][outputs]: numbers to be answered; NULL: none */
    const uint32_t *ids;       /* [n]: index in the training set, keys dropout; NULL: no dropout */
} md_batch;

typedef enum md_mode { MD_INFER, MD_TRAIN } md_mode;

/* What dropout masks depend on beside layer, sample and unit. */
typedef struct md_pass {
    md_mode mode;
    uint64_t seed;
    uint32_t epoch; /* from 0 */
} md_pass;

/* spec (checked; copied) for batches of up to max_samples. kernels is borrowed. *out is NULL on
 * error. */
md_status md_model_create(const md_model_spec *spec, size_t max_samples, const md_kernels *kernels,
                          md_model **out, md_error *err);
void md_model_destroy(md_model **model); /* NULL is fine; clears *model */

const md_layout *md_model_layout(const md_model *model);       /* borrowed from the model */
const md_model_spec *md_model_get_spec(const md_model *model); /* likewise */
size_t md_model_outputs(const md_model *model);

/* 1 when the first weighted layer reads the images themselves, so that batches may be sparse. */
int md_model_takes_sparse(const md_model *model);

/* Glorot-uniform kernels (Glorot & Bengio 2010: U(-l, l), l = sqrt(6 / (in + out))), zero biases;
 * a pure function of seed. */
void md_model_initialize(const md_model *model, uint64_t seed, float *parameters);

/* Logits [n][outputs] (before the last activation), owned by the model and valid until the next
 * forward. */
const float *md_model_forward(md_model *model, const float *parameters, const md_batch *batch,
                              const md_pass *pass);

/* After forward: what layer number `layer` made of the batch's samples, [n][values of its shape];
 * NULL where it has changed nothing yet of what the batch holds. Valid until the next forward. */
const float *md_model_output(const md_model *model, int layer);

/* After forward, with labels or targets: per-sample losses (owned by the model, valid until the
 * next forward), and the number of right answers: samples, or of several labels each one; 0 of a
 * model that answers with numbers. Prepares backward when the pass was MD_TRAIN. */
const float *md_model_loss(md_model *model, const md_batch *batch, size_t *correct);

/* Then each sample's mean absolute error, likewise; NULL unless the model answers with numbers. */
const float *md_model_errors(const md_model *model);

/* After loss: gradient of the SUM of the batch's losses, overwriting every element of `gradient`.
 * With zero samples: all zeros. */
void md_model_backward(md_model *model, const float *parameters, const md_batch *batch,
                       float *gradient);

/* Backward in two parts, for ranks that share a batch. What weight gradients are made of lies in
 * matrices that the ranks share: the layers' activations and the gradients by them, a row per
 * sample, or sums of gradients by weights, a row per micro-shard (md_tensor.summed). */
enum { MD_MODEL_MOST_MATRICES = 3 * MD_MAX_LAYERS + 1 };

/* Their number and shapes. */
int md_model_matrices(md_model *model, md_matrix matrices[MD_MODEL_MOST_MATRICES]);

/* From now on these lie one after another in `block`, with rows for `samples`, which the caller
 * keeps. A pass uses the rows from batch->first on, which begins a micro-shard. */
md_status md_model_place(md_model *model, float *block, size_t samples, md_error *err);

/* 1 when the gradients are also made of the samples themselves, so that md_model_gradient needs
 * those of the whole batch. */
int md_model_shares_inputs(const md_model *model);

/* After loss: fills the batch's rows of the gradients and sums. Returns those by the logits,
 * [samples][outputs]. */
float *md_model_propagate(md_model *model, const float *parameters, const md_batch *batch);

/* Then, with a batch of all samples, whose rows are filled by whomever (itself needed only by a
 * model that shares inputs): gets ready for gradients in `range`, which ends, as all ranges here,
 * between rows of tensors (md_tensor_row). */
void md_model_sort(md_model *model, const md_batch *batch, md_range range);

/* gradient[range.count]: of the parameters in `range`, each the sum over the samples in order, the
 * same bits whatever the range. */
void md_model_gradient(md_model *model, const md_batch *batch, md_range range, float *gradient);

/* The same in tiles of rows of one tensor: computes each in buffer[range.count] and hands it over
 * before the next. A tile with its weights and moments fills a first-level cache; only where the
 * model sorts sparse rows block by block it is all rows of the tensor. */
void md_model_gradient_tiles(md_model *model, const md_batch *batch, md_range range, float *buffer,
                             void (*consume)(void *context, md_range tile, const float *gradient),
                             void *context);

/* What the last activation makes of n rows of logits: probabilities, or numbers as they are; may be
 * in place. */
void md_model_answer(const md_model_spec *spec, const float *logits, size_t n, float *answers);

#endif
