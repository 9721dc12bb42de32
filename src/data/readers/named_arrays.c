#include "named_arrays.h"

#include <stdio.h>
#include <string.h>

enum { LIST_SIZE = 512 };

typedef struct named {
    md_source *source;
    const md_named_ops *ops;
    const char *where;
} named;

static int has(void *context, const char *name)
{
    const named *n = context;
    return n->ops->has(n->source, name);
}

/* The names that were given stand before those that are usual. */
static void choose(const named *n, md_split split, md_usual_pair *pair)
{
    const md_source_wishes *wishes = &n->source->wishes;
    const char *x = wishes->x[split], *y = wishes->y[split];
    md_usual_find(has, (void *)n, split, 0, pair);
    if (split == MD_SPLIT_TRAIN && !pair->x[0] && !pair->y[0]) {
        md_usual_find(has, (void *)n, split, 1, pair);
        n->source->single = pair->x[0] != '\0';
    }
    if (x && x[0])
        snprintf(pair->x, sizeof pair->x, "%s", x);
    if (y && y[0])
        snprintf(pair->y, sizeof pair->y, "%s", y);
}

/* Where nothing was given, its usual name. */
static md_status fail_missing(const named *n, md_split split, int answers, const char *wanted,
                              const char *list, md_error *err)
{
    static const char *const usual[2][2] = {{"train/images", "train/labels"},
                                            {"test/images", "test/labels"}};
    static const char *const keys[2][2] = {{"data.train_x", "data.train_y"},
                                           {"data.test_x", "data.test_y"}};
    return md_fail(err, MD_BAD_DATA, "'%s': %s%s is missing%s; it holds %s; name another with %s",
                   n->where, n->ops->root, wanted && wanted[0] ? wanted : usual[split][answers],
                   wanted && wanted[0] ? "" : ", and every other usual name of it",
                   list[0] ? list : "no arrays", keys[split][answers]);
}

/* Who asks for one part wants the model's answers, and need not bring the right ones; but they may
 * lie there under another name. */
static md_status open_missing(const named *n, md_split split, int answers, const char *wanted,
                              md_error *err)
{
    char list[LIST_SIZE];
    md_error why;
    const size_t count = n->ops->list(n->source, list, sizeof list);
    md_status status = fail_missing(n, split, answers, wanted, list, &why);
    if (!answers || !n->source->wishes.only)
        return md_fail(err, status, "%s", why.text);
    return count > 1 ? md_source_leave_answers(n->source, &why, err) : MD_OK;
}

static md_status open_array(const named *n, md_split split, int answers, const char *name,
                            md_array *out, md_error *err)
{
    if (!name[0] || !has((void *)n, name)) {
        md_status status = n->ops->failed(n->source);
        return status ? status : open_missing(n, split, answers, name, err);
    }
    return n->ops->look(n->source, name, out, err);
}

static md_status open_split(const named *n, md_split split, md_error *err)
{
    md_source *source = n->source;
    const md_split *only = source->wishes.only;
    md_usual_pair pair;
    choose(n, split, &pair);
    md_status status = n->ops->failed(source);
    if (status)
        return status;
    const int optional = only ? *only != split && !source->single : split == MD_SPLIT_TEST;
    if (optional && (only || (!pair.x[0] && !pair.y[0])))
        return MD_OK;
    status = open_array(n, split, 0, pair.x, &source->x[split], err);
    if (!status)
        status = open_array(n, split, 1, pair.y, &source->y[split], err);
    return status;
}

md_status md_named_find(md_source *source, const md_named_ops *ops, const char *where,
                        md_error *err)
{
    const named n = {source, ops, where};
    md_status status = open_split(&n, MD_SPLIT_TRAIN, err);
    if (!status && !source->single)
        status = open_split(&n, MD_SPLIT_TEST, err);
    return status;
}
