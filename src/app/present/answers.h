/* What predictions amount to: which class was taken for which, and the mistakes. Local. */
#ifndef MNIST_DIST_APP_ANSWERS_H
#define MNIST_DIST_APP_ANSWERS_H

#include "cli/inputs.h"
#include "confusion.h"

typedef struct md_answers {
    size_t right, wrong;
    md_confusion confusion;
    size_t *mistakes; /* [wrong]: images, those the model was surest of first */
} md_answers;

/* Of predictions for labelled data: see md_check_answers. */
md_status md_answers_count(const md_predictions *predictions, md_answers *out, md_error *err);
void md_answers_clear(md_answers *answers);

/* How probable the model found its answer to an image. */
float md_answer_probability(const md_predictions *predictions, size_t image);

#endif
