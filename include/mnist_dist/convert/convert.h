/* A checkpoint in the forms other programs read, and their files as a checkpoint. Local. */
#ifndef MNIST_DIST_CONVERT_CONVERT_H
#define MNIST_DIST_CONVERT_CONVERT_H

#include "mnist_dist/checkpoint/checkpoint.h"
#include "mnist_dist/keras/keras_weights.h"
#include "mnist_dist/model/schedule_spec.h"

typedef enum md_export_format {
    /* A zip archive for Keras 3's load_model, compiled. Ends in .keras. */
    MD_EXPORT_KERAS,
    /* HDF5 for Keras 3's load_weights, optimizer state included, and, since the same datasets stand
     * in both places, a whole model too. Ends in .weights.h5. */
    MD_EXPORT_WEIGHTS_H5,
    /* A zip archive of NumPy arrays, one per tensor: numpy.load(FILE)["dense_1/kernel"]. Ends in
     * .npz. */
    MD_EXPORT_NPZ
} md_export_format;

/* "keras", "weights.h5", "npz" and NULL, by md_export_format; after a dot, what the file ends in.
 */
extern const char *const md_export_words[];

/* What the run knows of its learning rate and the checkpoint does not. */
typedef struct md_export_rate {
    md_schedule schedule;
    int64_t steps_per_epoch, total_steps; /* 0: not known */
    double next;                          /* what the rate of the next step is */
} md_export_rate;

/* Model and weights of c as file `path`, which appears whole or not at all. An archive tells Keras
 * the optimizer, its clip_norm and the schedule `rate`; where Keras has none that goes on the same
 * way, that is said in a line (md_warn) and the rate stays what it is. MD_USAGE when path does not
 * end as the format wants, MD_FAILED when it cannot be written. */
md_status md_export(const md_checkpoint *c, const md_export_rate *rate, md_export_format format,
                    const char *path, md_error *err);

/* A model file as a checkpoint before its first step: a checkpoint of ours (as it is), a
 * whole-model .h5 of Keras 2 or 3, weights-only .h5, .weights.h5, .keras, told apart by content.
 * The optimizer's hyper-parameters, clip_norm, moments and iterations are taken over where the file
 * has them and they have a counterpart. `pixels`: what the model takes; what
 * it makes of raw values first (Rescaling, Normalization) is the checkpoint's scale, and else its
 * weights are made to take ours. A file with weights only takes its model from `spec`, whose rows
 * may be 0 when its input's size is unknown, or, when that is NULL, from the shapes of its kernels:
 * ReLU between and softmax last, said in one line (md_info). A flat input becomes that of a
 * Flatten, of square images when its size is that of a square from 8 x 8 on. MD_BAD_CHECKPOINT
 * naming what has no counterpart here. *out is NULL on error.
 */
md_status md_import(const char *path, const md_model_spec *spec, md_keras_pixels pixels,
                    md_checkpoint **out, md_error *err);

/* Model and weights of a file of ours or of Keras, in any form that md_import reads. Those of Keras
 * whose first layers scale their input are made to answer the same to features that are scaled as
 * `seen` says; all others are as they are. *parameters is a new block (free()), NULL on error.
 * MD_USAGE when the first layer cannot do so. */
md_status md_keras_read(const char *path, const md_scale *seen, md_model_spec *spec,
                        float **parameters, md_error *err);

#endif
