#include "inputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mnist_dist/base/files.h"
#include "mnist_dist/base/log.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/data/source.h"
#include "mnist_dist/rundir/folder.h"
#include "pixel_scale.h"

const char *const md_split_words[] = {"train", "test", NULL};

md_status md_fail_folder(const char *folder, int reason, md_error *err)
{
    return md_fail(err, MD_BAD_CHECKPOINT, "folder '%s' cannot be read: %s; %s", folder,
                   strerror(reason), md_files_cure(reason));
}

/* Of a folder without a last.h5: what else is there, or what a folder that is no run's lacks. */
static md_status open_other(const char *folder, char *name, md_checkpoint **out, md_error *err)
{
    if (access(folder, R_OK | X_OK) != 0)
        return md_fail_folder(folder, errno, err);
    md_status status = md_folder_look(folder, out, name, PATH_MAX, err);
    if (*out)
        md_warn("%s has no " MD_FILE_LAST ": %s is read", folder, name);
    if (status || *out)
        return status;
    if (md_folder_has_traces(folder))
        return md_fail(err, MD_BAD_CHECKPOINT,
                       "%s: the run in this folder has saved no checkpoint yet; wait for its first "
                       "save, or name another folder",
                       folder);
    return md_fail(err, MD_BAD_CHECKPOINT,
                   "%s: there is no run in this folder (no " MD_FILE_LAST "); name a checkpoint "
                   "file or a training's output folder",
                   folder);
}

md_status md_open_checkpoint(const char *path, char *name, md_checkpoint **out, md_error *err)
{
    struct stat info;
    char file[PATH_MAX];
    const int folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    *out = NULL;
    if (strlen(path) + sizeof "/" MD_FILE_LAST > sizeof file)
        return md_fail(err, MD_BAD_CHECKPOINT, "%.200s...: the path is too long", path);
    snprintf(file, sizeof file, "%s%s", path, folder ? "/" MD_FILE_LAST : "");
    const int absent = folder && access(file, F_OK) != 0 && errno == ENOENT;
    md_status status =
        absent ? open_other(path, file, out, err) : md_checkpoint_read(file, out, err);
    if (name)
        memcpy(name, file, sizeof file);
    return status;
}

md_status md_checkpoint_config(const md_checkpoint *checkpoint, md_config *out, md_error *err)
{
    *out = md_config_default();
    if (checkpoint->run_count == 0)
        return MD_OK;
    const char *text = checkpoint->runs[checkpoint->run_count - 1].config;
    if (!md_config_parse_saved(out, text, err))
        return MD_OK;
    err->status = MD_BAD_CHECKPOINT; /* not a mistake of whoever called the program */
    return MD_BAD_CHECKPOINT;
}

md_status md_choose_data(const char *given, const md_checkpoint *checkpoint, md_data_choice *out,
                         md_error *err)
{
    *out = (md_data_choice){.config = md_config_default()};
    md_status status = MD_OK;
    if (!given && checkpoint && checkpoint->at.step == 0)
        return md_fail(err, MD_BAD_DATA,
                       "an imported model that was not trained on yet knows no data set; name one "
                       "with --data PATH");
    if (checkpoint) {
        status = md_checkpoint_config(checkpoint, &out->config, err);
        out->config.model = checkpoint->model;
        out->asks = 1;
        out->storage = md_checkpoint_storage(checkpoint);
        out->as_is = checkpoint->at.step == 0 && md_scale_is_assumed(&checkpoint->scale);
        out->scale = out->as_is ? NULL : &checkpoint->scale;
    }
    const char *source = given ? given : out->config.data.source;
    if (!given && !checkpoint && access(source, F_OK) != 0) {
        const char *missing = source;
        source = md_source_instead();
        if (strcmp(source, "synthetic") == 0)
            md_warn("%s is not there: showing digits the program draws itself (synthetic); "
                    "data/fetch_mnist.sh fetches MNIST",
                    missing);
    }
    if (strlen(source) >= MD_PATH_SIZE)
        return md_fail(err, MD_USAGE, "--data %.200s...: the path is too long", source);
    memmove(out->config.data.source, source, strlen(source) + 1);
    return status;
}

md_storage md_checkpoint_storage(const md_checkpoint *checkpoint)
{
    if (checkpoint->run_count == 0)
        return MD_STORAGE_AUTO;
    const char *word = checkpoint->runs[checkpoint->run_count - 1].storage;
    return word ? md_storage_find(word) : MD_STORAGE_AUTO;
}

md_status md_split_read(md_comm *comm, const md_data_choice *choice, md_split split,
                        md_dataset **out, md_error *err)
{
    md_dataset_params params = md_dataset_params_of(&choice->config);
    params.validation = "none";
    params.storage = choice->storage;
    params.memory = MD_MEMORY_RESIDENT;
    params.scale = choice->scale;
    params.as_is = choice->as_is;
    params.only = &split;
    params.model = choice->asks ? &choice->config.model : NULL;
    md_status status = md_dataset_create(comm, &params, out, err);
    if (status || md_store_images(md_dataset_store(*out), split) > 0)
        return status;
    md_dataset_destroy(out);
    return md_fail(err, MD_BAD_DATA, "%s holds no %s images", choice->config.data.source,
                   md_split_words[split]);
}

md_status md_open_inference(const md_model_spec *model, const float *parameters,
                            const md_dataset *dataset, const char *source, md_inference *out,
                            md_error *err)
{
    md_status status = md_inference_open(model, parameters, md_dataset_store(dataset), out, err);
    return status == MD_BAD_DATA ? md_fail_context(err, status, "%s: ", source) : status;
}

md_status md_check_index(const md_dataset *dataset, md_split split, const char *source,
                         int64_t index, md_error *err)
{
    const size_t count = md_store_images(md_dataset_store(dataset), split);
    if ((size_t)index < count)
        return MD_OK;
    return md_fail(err, MD_USAGE, "--index %lld: %s holds %zu %s images, counted from 0",
                   (long long)index, source, count, md_split_words[split]);
}

md_status md_check_answers(const md_dataset *dataset, md_split split, const char *source,
                           md_error *err)
{
    const md_store *store = md_dataset_store(dataset);
    if (md_store_labels(store, split) || md_store_values(store, split))
        return MD_OK;
    return md_fail(err, MD_BAD_DATA,
                   "%s holds no answers to compare with; predict --output needs none", source);
}

/* Room for what is found out about n images. */
static md_status allocate(md_predictions *p, md_error *err)
{
    md_status status = md_allocate((void **)&p->answers, p->count * p->outputs, sizeof *p->answers,
                                   "predictions", err);
    if (!status && p->classes > 0)
        status =
            md_allocate((void **)&p->predicted, p->count, sizeof *p->predicted, "predictions", err);
    if (!status)
        status = md_allocate((void **)&p->room, p->rows * p->columns, 1, "an image", err);
    return status;
}

static void predict(const md_inference *inference, const md_model_spec *spec, md_predictions *p)
{
    md_infer_range(inference, (md_image_range){p->split, 0, p->count}, p->answers);
    for (size_t i = 0; p->predicted && i < p->count; i++)
        p->predicted[i] = (int32_t)md_infer_class(spec, p->answers + i * p->outputs);
    md_model_answer(spec, p->answers, p->count, p->answers);
}

static md_status predict_store(const md_checkpoint *checkpoint, const char *source, md_split split,
                               md_predictions *out, md_error *err)
{
    const md_store *store = md_dataset_store(out->dataset);
    md_inference inference;
    out->split = split;
    out->answer = md_model_spec_answer(&checkpoint->model);
    out->outputs = (size_t)md_model_spec_outputs(&checkpoint->model);
    out->classes = (size_t)md_model_spec_classes(&checkpoint->model);
    out->count = md_store_images(store, split);
    out->rows = store->header->shape.rows;
    out->columns = store->header->shape.columns;
    out->scale = &checkpoint->scale;
    out->labels = md_store_labels(store, split);
    out->targets = md_store_values(store, split);
    md_status status = md_open_inference(&checkpoint->model, checkpoint->parameters, out->dataset,
                                         source, &inference, err);
    if (!status)
        status = allocate(out, err);
    if (!status)
        predict(&inference, &checkpoint->model, out);
    md_inference_close(&inference);
    return status;
}

md_status md_predictions_compute(md_comm *comm, const md_checkpoint *checkpoint,
                                 const md_data_choice *choice, md_split split, md_predictions *out,
                                 md_error *err)
{
    const char *source = choice->config.data.source;
    *out = (md_predictions){0};
    md_status status = md_split_read(comm, choice, split, &out->dataset, err);
    if (!status)
        status = predict_store(checkpoint, source, split, out, err);
    if (!status && split == MD_SPLIT_TEST && md_scale_is_open(checkpoint))
        status = md_scale_check(comm, &checkpoint->model, checkpoint->parameters, out->dataset,
                                source, err);
    if (status)
        md_predictions_clear(out);
    return status;
}

const uint8_t *md_predictions_image(const md_predictions *p, size_t image)
{
    md_store_image(md_dataset_store(p->dataset), p->split, image, p->room);
    return p->room;
}

void md_predictions_clear(md_predictions *predictions)
{
    md_dataset_destroy(&predictions->dataset);
    free(predictions->answers);
    free(predictions->predicted);
    free(predictions->room);
    *predictions = (md_predictions){0};
}

const char *md_input_text(const md_model_spec *spec, char out[MD_INPUT_TEXT])
{
    if (spec->rows > 1)
        snprintf(out, MD_INPUT_TEXT, "%d x %d images", spec->rows, spec->columns);
    else
        snprintf(out, MD_INPUT_TEXT, "%d feature%s", spec->columns, spec->columns == 1 ? "" : "s");
    return out;
}

const char *md_answer_text(const md_model_spec *spec, char out[MD_ANSWER_TEXT])
{
    const int classes = md_model_spec_classes(spec), outputs = md_model_spec_outputs(spec);
    if (classes > 0)
        snprintf(out, MD_ANSWER_TEXT, "%d classes", classes);
    else if (md_model_spec_answer(spec) == MD_ANSWER_LABELS)
        snprintf(out, MD_ANSWER_TEXT, "%d labels", outputs);
    else
        snprintf(out, MD_ANSWER_TEXT, "%d number%s", outputs, outputs == 1 ? "" : "s");
    return out;
}
