#include <stdlib.h>
#include <string.h>

#include "cli/inputs.h"
#include "cli/pixel_scale.h"
#include "cli/shared_options.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/base/text.h"
#include "mnist_dist/comm/agree.h"
#include "mnist_dist/train/evaluate.h"
#include "present/confusion.h"

static const struct argp_option options[] = {
    {"data", MD_OPTION_DATA, "PATH", 0, "data set, if not the run's own", 0}, {0}};

const struct argp md_evaluate_argp = {
    .options = options,
    .parser = md_shared_options_parse,
    .args_doc = "FILE",
    .doc = "Loss and accuracy on the test set, accuracy per class, and the confusion matrix; of a "
           "model that answers with numbers, mean absolute error and R2: the same at any rank "
           "count."};

/* What rank 0 reads for everybody. */
typedef struct subject {
    md_model_spec model;
    char name[PATH_MAX];
    md_data_choice data;
    md_scale scale; /* where `data` has one: every rank's own copy */
    int scaled, scale_is_open;
    int own; /* the data that the model was trained on */
} subject;

static md_status is_own(const char *data, const md_checkpoint *c, int *own, md_error *err)
{
    md_config config;
    md_status status = md_checkpoint_config(c, &config, err);
    *own = !data || (c->at.step > 0 && strcmp(data, config.data.source) == 0);
    return status;
}

static md_status read_subject(const char *file, const char *data, subject *s, md_checkpoint **c,
                              md_error *err)
{
    md_status status = md_open_checkpoint(file, s->name, c, err);
    if (!status)
        status = md_choose_data(data, *c, &s->data, err);
    if (!status)
        status = is_own(data, *c, &s->own, err);
    if (status)
        return status;
    s->model = (*c)->model;
    s->scale_is_open = md_scale_is_open(*c);
    s->scaled = s->data.scale != NULL;
    return MD_OK;
}

/* Collective. */
static md_status share_scale(md_comm *comm, const md_checkpoint *c, subject *s, md_error *err)
{
    s->scale = (md_scale){0};
    md_status status = c && s->scaled ? md_scale_copy(&c->scale, &s->scale, err) : MD_OK;
    status = md_agree(comm, status, err);
    if (!status)
        status = md_scale_share(comm, &s->scale, err);
    s->data.scale = s->scaled ? &s->scale : NULL;
    return status;
}

/* Collective. *parameters is a new block on every rank (free()). */
static md_status share_subject(md_comm *comm, const char *file, const char *data, subject *s,
                               float **parameters, md_error *err)
{
    md_checkpoint *c = NULL;
    size_t bytes = 0;
    void *block = NULL;
    md_status status = MD_OK;
    if (md_comm_rank(comm) == 0)
        status = read_subject(file, data, s, &c, err);
    status = md_agree(comm, status, err);
    if (!status)
        status = md_comm_broadcast(comm, s, sizeof *s, 0, err);
    if (!status)
        status = share_scale(comm, c, s, err);
    if (!status) {
        md_layout layout;
        md_model_spec_layout(&s->model, &layout);
        bytes = layout.parameters * sizeof(float);
        status = md_allocate(&block, layout.parameters, sizeof(float), "the model", err);
        status = md_agree(comm, status, err);
    }
    if (!status && c)
        memcpy(block, c->parameters, bytes);
    if (!status)
        status = md_comm_broadcast(comm, block, bytes, 0, err);
    *parameters = block;
    md_checkpoint_destroy(&c);
    return status;
}

/* Scores first, since names have any length. */
static void print_name(const subject *s, size_t output)
{
    char name[MD_CLASS_NAME], shown[MD_SNIPPET_SIZE];
    md_text_snippet(md_scale_class(&s->scale, output, name), shown);
    printf("  %s\n", shown);
}

static void print_labels(const subject *s, const md_evaluation *e)
{
    printf("accuracy  label\n");
    for (size_t k = 0; k < e->outputs; k++) {
        printf("%8.4f", (double)e->scores[k].correct / (double)e->images);
        print_name(s, k);
    }
}

/* Of one there is nothing to add. */
static void print_numbers(const subject *s, const md_evaluation *e)
{
    if (e->outputs < 2)
        return;
    printf("\n         mae        r2  target\n");
    for (size_t k = 0; k < e->outputs; k++) {
        printf("%12.6g  %8.6f", e->scores[k].mae, e->scores[k].r2);
        print_name(s, k);
    }
}

/* What has one part was trained on, and is judged as a whole. */
static void print_evaluation(const subject *s, int single, const md_evaluation *e)
{
    const char *kind = s->model.rows > 1 ? "images" : "rows";
    const char *source = s->data.config.data.source;
    printf("model %s\n", s->name);
    if (s->own && single)
        printf("all %lld %s of %s, also those trained on\n", (long long)e->images, kind, source);
    else
        printf("test %s of %s\n", kind, source);
    switch (md_model_spec_answer(&s->model)) {
    case MD_ANSWER_CLASS:
        printf("loss %.6f  accuracy %.4f  (%lld of %lld right)\n\n", e->loss, e->accuracy,
               (long long)e->correct, (long long)e->images);
        md_confusion_print(&e->confusion, &s->scale, stdout);
        break;
    case MD_ANSWER_LABELS:
        printf("loss %.6f  accuracy %.4f  (%lld of %lld labels right)\n\n", e->loss, e->accuracy,
               (long long)e->correct, (long long)e->images * (long long)e->outputs);
        print_labels(s, e);
        break;
    case MD_ANSWER_NUMBERS:
        printf("loss %.6g  mae %.6g  r2 %.6f  (%lld rows)\n", e->loss, e->mae, e->r2,
               (long long)e->images);
        print_numbers(s, e);
    }
}

static md_status evaluate(md_comm *comm, const subject *s, const float *parameters, md_error *err)
{
    const char *source = s->data.config.data.source;
    md_dataset *dataset = NULL;
    md_evaluation evaluation = {0};
    md_inference inference = {0};
    md_status status = md_split_read(comm, &s->data, MD_SPLIT_TEST, &dataset, err);
    if (!status) {
        status = md_open_inference(&s->model, parameters, dataset, source, &inference, err);
        status = md_agree(comm, status, err);
    }
    if (!status)
        status = md_check_answers(dataset, MD_SPLIT_TEST, source, err);
    if (!status)
        status = md_evaluate(comm, &inference, md_dataset_test(dataset), 1, &evaluation, err);
    if (!status && s->scale_is_open)
        status = md_scale_check(comm, &s->model, parameters, dataset, source, err);
    if (!status && md_comm_rank(comm) == 0)
        print_evaluation(s, md_dataset_is_single(dataset), &evaluation);
    md_evaluation_clear(&evaluation);
    md_inference_close(&inference);
    md_dataset_destroy(&dataset);
    return status;
}

md_status md_command_evaluate(md_comm *comm, int argc, char **argv, md_error *err)
{
    md_shared_options a = {.err = err};
    const char *file;
    subject s = {0};
    float *parameters = NULL;
    md_status status = md_options_parse(&md_evaluate_argp, argc, argv, &a, &file, err);
    if (!status)
        status = share_subject(comm, file, a.data, &s, &parameters, err);
    if (!status)
        status = evaluate(comm, &s, parameters, err);
    md_scale_clear(&s.scale);
    free(parameters);
    return status;
}
