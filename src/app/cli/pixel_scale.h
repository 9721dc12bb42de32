/* Was an imported model told what its pixels are? Keras' files do not say what a model was trained
 * on, and one that was given raw bytes answers nonsense to pixels / 255 without any error. */
#ifndef MNIST_DIST_APP_PIXEL_SCALE_H
#define MNIST_DIST_APP_PIXEL_SCALE_H

#include "mnist_dist/checkpoint/checkpoint.h"
#include "mnist_dist/train/dataset.h"

/* An imported model that was not trained on yet and does no scaling of its own: the only kind whose
 * scale may be wrong. */
int md_scale_is_open(const md_checkpoint *checkpoint);

/* Collective. On the first test images, warns when the model would be right far more often if their
 * pixels were 255 times larger, or smaller. Model, parameters and data identical on all
 * ranks. MD_BAD_DATA naming the source when the model cannot take its images. */
md_status md_scale_check(md_comm *comm, const md_model_spec *model, const float *parameters,
                         const md_dataset *dataset, const char *source, md_error *err);

#endif
