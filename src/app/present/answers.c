#include "answers.h"

#include <stdlib.h>

#include "mnist_dist/base/memory.h"

float md_answer_probability(const md_predictions *p, size_t image)
{
    const float *answer = p->answers + image * p->outputs;
    const int32_t predicted = p->predicted[image];
    if (p->outputs == p->classes)
        return answer[predicted];
    return predicted ? answer[0] : 1.0f - answer[0]; /* one sigmoid's */
}

static int surest_first(const void *a, const void *b, void *predictions)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    float of_x = md_answer_probability(predictions, x),
          of_y = md_answer_probability(predictions, y);
    if (of_x != of_y)
        return of_x < of_y ? 1 : -1;
    return x > y ? 1 : -1;
}

md_status md_answers_count(const md_predictions *p, md_answers *out, md_error *err)
{
    *out = (md_answers){0};
    md_status status = md_confusion_create(p->classes, &out->confusion, err);
    if (!status)
        status = md_allocate((void **)&out->mistakes, p->count, sizeof *out->mistakes,
                             "the wrong answers", err);
    if (status) {
        md_answers_clear(out);
        return status;
    }
    for (size_t i = 0; i < p->count; i++) {
        size_t actual = (size_t)p->labels[i], predicted = (size_t)p->predicted[i];
        md_confusion_count(&out->confusion, actual, predicted);
        if (actual == predicted)
            out->right++;
        else
            out->mistakes[out->wrong++] = i;
    }
    qsort_r(out->mistakes, out->wrong, sizeof *out->mistakes, surest_first, (void *)p);
    return MD_OK;
}

void md_answers_clear(md_answers *answers)
{
    free(answers->confusion.counts);
    free(answers->mistakes);
    *answers = (md_answers){0};
}
