#include "config_keys.h"

#include <math.h>
#include <string.h>

#include "mnist_dist/base/log.h"
#include "mnist_dist/base/nearest.h"
#include "mnist_dist/base/text.h"

static const char *const validations[] = {"test", "none", "split:N", NULL};
#define STORAGE_NAME(ID, name) #name,
static const char *const storages[] = {MD_STORAGES(STORAGE_NAME) NULL};
static const char *const memories[] = {MD_MEMORIES(STORAGE_NAME) NULL};
const char *const md_monitor_words[] = {"val_loss", "val_accuracy", "loss", "accuracy",
                                        "val_mae",  "mae",          NULL};
#define REDUCER_NAME(ID, id, name, promise, how) name,
static const char *const reducers[] = {MD_REDUCERS(REDUCER_NAME) NULL};
#define FORMER_REDUCER(name, ID) {name, MD_REDUCER_##ID},
static const md_former former_reducers[] = {MD_FORMER_REDUCERS(FORMER_REDUCER){NULL, 0}};

const md_key md_config_keys[] = {
    {"data.source", MD_KEY_TEXT, MD_AT(md_config, data.source), .standard = "data/mnist",
     .may_differ = 1,
     .help = "folder with IDX files, `.h5 file`, `.npz file`, `CSV file`, or `synthetic[:N]`"},
    {"data.validation", MD_KEY_WORD, MD_AT(md_config, data.validation), .standard = "test",
     .choices = validations,
     .help = "what validation uses; `split:N`: the last N training images, then not trained on"},
    {"data.storage", MD_KEY_CHOICE, MD_AT(md_config, data.storage), .standard = "auto",
     .choices = storages, .may_differ = 1,
     .help = "pixels as bytes or as compressed rows; auto decides by density"},
    {"data.memory", MD_KEY_CHOICE, MD_AT(md_config, data.memory), .standard = "auto",
     .choices = memories,
     .help = "all features in memory, or streamed from their file through a window; auto: streamed "
             "when they would take more than half of a node's free memory"},
    {"data.window", MD_KEY_INTEGER, MD_AT(md_config, data.window), .standard = "256", .low = 1,
     .high = 8192, .help = "streaming: MB of each node's memory, half of which is shuffled as one"},
    {"data.scale", MD_KEY_CHOICE, MD_AT(md_config, data.scale), .standard = "auto",
     .choices = md_scaling_words,
     .help = "what the model sees: value / 255 (unit), the value (none), or standardized; auto: "
             "bytes / 255, floats in [0, 1] as they are, others standardized"},
    {"data.classes", MD_KEY_INTEGER, MD_AT(md_config, data.classes), .standard = "0", .high = 1e6,
     .may_differ = 1,
     .help = "how many there are when the files do not show all; 0: as the labels say"},
    {"data.transpose", MD_KEY_SWITCH, MD_AT(md_config, data.transpose), .standard = "false",
     .may_differ = 1, .help = "turn rows of images into columns, as EMNIST's need"},
    {"data.target", MD_KEY_TEXT, MD_AT(md_config, data.target), .standard = "", .may_be_empty = 1,
     .is_list = 1, .may_differ = 1,
     .help = "column of a CSV to be learned, by name or number from 1, several as `[a, b]`; empty: "
             "label, class, target or y"},
    {"data.train_x", MD_KEY_TEXT, MD_AT(md_config, data.train_x), .standard = "", .may_be_empty = 1,
     .may_differ = 1, .help = "name of the training features in the file; empty: a usual one"},
    {"data.train_y", MD_KEY_TEXT, MD_AT(md_config, data.train_y), .standard = "", .may_be_empty = 1,
     .may_differ = 1, .help = "name of the training labels"},
    {"data.test_x", MD_KEY_TEXT, MD_AT(md_config, data.test_x), .standard = "", .may_be_empty = 1,
     .may_differ = 1, .help = "name of the test features"},
    {"data.test_y", MD_KEY_TEXT, MD_AT(md_config, data.test_y), .standard = "", .may_be_empty = 1,
     .may_differ = 1, .help = "name of the test labels"},
    {"model", MD_KEY_LAYERS, MD_AT(md_config, model),
     .help = "list of layers, each with the keys of its kind; the last is dense and answers: "
             "softmax (classes), sigmoid (two classes, or labels) or linear (numbers)"},
    {"loss", MD_KEY_CHOICE, MD_AT(md_config, model.loss), .standard = "auto",
     .choices = md_loss_words,
     .help = "what training makes small; auto: what goes with the last activation"},
    {"huber_delta", MD_KEY_REAL, MD_AT(md_config, model.huber_delta), .standard = "1.0",
     .high = INFINITY, .open = MD_OPEN_LOW,
     .help = "of the loss huber: larger errors count linearly"},
    {"augment.shift", MD_KEY_REAL, MD_AT(md_config, augment.shift), .standard = "0.0", .high = 1e3,
     .help = "most pixels that training images move, either way; drawn for each image and epoch"},
    {"augment.rotation", MD_KEY_REAL, MD_AT(md_config, augment.rotation), .standard = "0.0",
     .high = 180, .help = "most degrees that they turn, either way"},
    {"augment.zoom", MD_KEY_REAL, MD_AT(md_config, augment.zoom), .standard = "0.0", .high = 0.9,
     .help = "largest share by which they grow or shrink"},
    {"augment.shear", MD_KEY_REAL, MD_AT(md_config, augment.shear), .standard = "0.0", .high = 60,
     .help = "most degrees that they slant, either way"},
    {"optimizer.name", MD_KEY_CHOICE, MD_AT(md_config, optimizer.kind), .standard = "adam",
     .choices = md_optimizer_words, .help = "update rule; keys it does not use are ignored"},
    {"optimizer.learning_rate", MD_KEY_REAL, MD_AT(md_config, optimizer.learning_rate),
     .standard = "0.001", .high = INFINITY, .open = MD_OPEN_LOW, .help = "before the schedule"},
#define MD_ROW(name, value, least, most, ends, about)                                              \
    {"optimizer." #name,  MD_KEY_REAL,    MD_AT(md_config, optimizer.name),                        \
     .standard = (value), .low = (least), .high = (most),                                          \
     .open = (ends),      .help = (about)},
    MD_HYPERS(MD_ROW)
#undef MD_ROW
        {"optimizer.clip_norm", MD_KEY_REAL, MD_AT(md_config, optimizer.clip_norm),
         .standard = "0.0", .high = INFINITY,
         .help = "largest global norm of the gradient; 0 = off"},
    {"schedule.name", MD_KEY_CHOICE, MD_AT(md_config, schedule.kind), .standard = "constant",
     .choices = md_schedule_words, .help = "how the learning rate goes on after warm-up"},
    {"schedule.warmup_steps", MD_KEY_INTEGER, MD_AT(md_config, schedule.warmup_steps),
     .standard = "0", .high = INFINITY,
     .help = "steps of linear rise to the learning rate; 0 = none"},
    {"schedule.step_epochs", MD_KEY_INTEGER, MD_AT(md_config, schedule.step_epochs),
     .standard = "10", .low = 1, .high = 1e6, .help = "step: epochs between two drops"},
    {"schedule.factor", MD_KEY_REAL, MD_AT(md_config, schedule.factor), .standard = "0.1",
     .high = 1, .open = MD_OPEN_LOW, .help = "step: each drop multiplies by it"},
    {"schedule.final", MD_KEY_REAL, MD_AT(md_config, schedule.final), .standard = "0.0", .high = 1,
     .help = "cosine: share of the learning rate left at the last step"},
    {"schedule.steps", MD_KEY_INTEGER, MD_AT(md_config, schedule.steps), .standard = "0",
     .high = INFINITY, .may_differ = 1,
     .help = "cosine: its length in steps; 0: that of all epochs, which a resume keeps"},
    {"train.epochs", MD_KEY_INTEGER, MD_AT(md_config, train.epochs), .standard = "10", .low = 1,
     .high = 1e6, .may_differ = 1, .help = "passes over the training images"},
    {"train.batch_size", MD_KEY_INTEGER, MD_AT(md_config, train.batch_size), .standard = "32",
     .low = 1, .high = 1e9, .help = "images per optimizer step, over all ranks"},
    {"train.seed", MD_KEY_SEED, MD_AT(md_config, train.seed), .standard = "42",
     .help = "of weights, sample order and dropout"},
    {"train.shuffle", MD_KEY_SWITCH, MD_AT(md_config, train.shuffle), .standard = "true",
     .help = "a new order each epoch; false: file order"},
    {"train.max_steps", MD_KEY_INTEGER, MD_AT(md_config, train.max_steps), .standard = "0",
     .high = INFINITY, .may_differ = 1, .help = "end after so many steps; 0: by epochs alone"},
    {"train.initial_weights", MD_KEY_TEXT, MD_AT(md_config, train.initial_weights), .standard = "",
     .may_be_empty = 1, .help = "file of ours or of Keras to start from; empty: random weights"},
    {"train.time_limit", MD_KEY_REAL, MD_AT(md_config, train.time_limit), .standard = "0",
     .high = 1e6, .may_differ = 1, .help = "minutes until the run saves and stops; 0 = none"},
    {"early_stopping.patience", MD_KEY_INTEGER, MD_AT(md_config, early_stopping.patience),
     .standard = "0", .high = 1e6, .may_differ = 1,
     .help = "epochs without improvement before the run ends; 0 = off"},
    {"early_stopping.monitor", MD_KEY_CHOICE, MD_AT(md_config, early_stopping.monitor),
     .standard = "val_loss", .choices = md_monitor_words, .may_differ = 1,
     .help = "the value that must improve"},
    {"early_stopping.min_delta", MD_KEY_REAL, MD_AT(md_config, early_stopping.min_delta),
     .standard = "0.0", .high = INFINITY, .may_differ = 1,
     .help = "smaller changes are no improvement"},
    {"distributed.reducer", MD_KEY_CHOICE, MD_AT(md_config, distributed.reducer),
     .standard = "allreduce", .choices = reducers, .former = former_reducers, .may_differ = 1,
     .help = "how gradients are summed over ranks"},
    {"distributed.node_size", MD_KEY_INTEGER, MD_AT(md_config, distributed.node_size),
     .standard = "0", .high = 1e6, .may_differ = 1,
     .help = "pretend that nodes have so many ranks; 0: real nodes"},
    {"distributed.active_ranks", MD_KEY_INTEGER, MD_AT(md_config, distributed.active_ranks),
     .standard = "0", .high = 1e6, .may_differ = 1,
     .help = "exchange: ranks of a node that compute, the others only follow; 0: as many as is "
             "fastest, at most one for each CPU"},
    {"distributed.stall_timeout", MD_KEY_REAL, MD_AT(md_config, distributed.stall_timeout),
     .standard = "120", .high = 1e6, .may_differ = 1,
     .help = "seconds a rank may stay away; 0 = wait for ever"},
    {"checkpoint.output", MD_KEY_TEXT, MD_AT(md_config, checkpoint.output),
     .standard = "runs/mnist", .may_differ = 1, .help = "the run's folder"},
    {"checkpoint.every_steps", MD_KEY_INTEGER, MD_AT(md_config, checkpoint.every_steps),
     .standard = "0", .high = INFINITY, .may_differ = 1,
     .help = "also save every so many steps; 0: at each epoch's end only"},
    {"checkpoint.every_minutes", MD_KEY_REAL, MD_AT(md_config, checkpoint.every_minutes),
     .standard = "0", .high = 1e6, .may_differ = 1,
     .help = "also save when the last save is so many minutes ago; 0: never by the clock"},
    {"checkpoint.keep", MD_KEY_INTEGER, MD_AT(md_config, checkpoint.keep), .standard = "2",
     .low = 1, .high = 100, .may_differ = 1, .help = "generations of `last.h5` kept"},
    {"checkpoint.digest_every", MD_KEY_INTEGER, MD_AT(md_config, checkpoint.digest_every),
     .standard = "0", .high = INFINITY, .may_differ = 1,
     .help = "also record the weights' digest every so many steps; 0: each epoch only"},
    {"checkpoint.max_failures", MD_KEY_INTEGER, MD_AT(md_config, checkpoint.max_failures),
     .standard = "3", .high = 1e6, .may_differ = 1, .help = "failed saves that a run survives"},
    {"checkpoint.lock_wait", MD_KEY_REAL, MD_AT(md_config, checkpoint.lock_wait), .standard = "30",
     .high = 1e6, .may_differ = 1, .help = "seconds to wait for another run to leave the folder"},
};

const size_t md_config_key_count = sizeof md_config_keys / sizeof *md_config_keys;
_Static_assert(sizeof md_config_keys / sizeof *md_config_keys <= MD_MAX_KEYS,
               "md_config.given has one flag a row");

const md_key *md_config_find_key(const char *name)
{
    for (size_t i = 0; i < md_config_key_count; i++)
        if (strcmp(md_config_keys[i].name, name) == 0)
            return &md_config_keys[i];
    return NULL;
}

int md_config_is_former_key(const char *name)
{
    static const struct {
        const char *name, *why;
    } former[] = {{"distributed.micro_shard", "is no longer needed"},
                  {"train.threads", "has no meaning any more: a rank is one thread, more cores are "
                                    "used by more ranks"}};
    static int told[sizeof former / sizeof *former];
    for (size_t i = 0; i < sizeof former / sizeof *former; i++) {
        if (strcmp(former[i].name, name) != 0)
            continue;
        if (!told[i])
            md_info("%s %s; ignored", name, former[i].why);
        told[i] = 1;
        return 1;
    }
    return 0;
}

/* The first key of a section, or NULL when there is no such section. */
static const char *first_of(const char *section)
{
    size_t length = strlen(section);
    for (size_t i = 0; i < md_config_key_count; i++) {
        const char *name = md_config_keys[i].name;
        if (strncmp(name, section, length) == 0 && name[length] == '.')
            return name;
    }
    return NULL;
}

int md_config_has_section(const char *section)
{
    return first_of(section) != NULL;
}

/* A key may be meant by its whole name, by its last part when it stands in the wrong section or in
 * none, and, if what was typed has but one part, by its section. */
static void offer(md_nearest *nearest, const char *key)
{
    char spelling[MD_SNIPPET_SIZE + MD_NAME_SIZE];
    const char *typed = nearest->typed, *point = strchr(typed, '.');
    const int section = (int)strcspn(key, ".");
    const char *last = key[section] ? key + section + 1 : key;
    md_nearest_offer(nearest, key);
    snprintf(spelling, sizeof spelling, "%.*s%s", point ? (int)(point - typed) + 1 : 0, typed,
             last);
    md_nearest_offer_as(nearest, key, spelling, 1);
    snprintf(spelling, sizeof spelling, "%.*s", section, key);
    if (!point)
        md_nearest_offer(nearest, spelling);
}

md_status md_config_fail_unknown(const char *name, md_error *err)
{
    char snippet[MD_SNIPPET_SIZE];
    md_text_snippet(name, snippet);
    const char *first = first_of(snippet);
    if (first)
        return md_fail(err, MD_USAGE, "%s is a section; name one of its keys, such as %s", snippet,
                       first);
    md_nearest nearest = md_nearest_start(snippet);
    for (size_t i = 0; i < md_config_key_count; i++)
        offer(&nearest, md_config_keys[i].name);
    if (nearest.best[0])
        return md_fail(err, MD_USAGE, "%s is not a key; did you mean %s?", snippet, nearest.best);
    return md_fail(err, MD_USAGE, "%s is not a key; configs/mnist.yaml has them all",
                   md_visible(snippet));
}
