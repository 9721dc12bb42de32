#include "mnist_dist/model/features.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/memory.h"

#define MD_ROW(NAME, name) #name,
const char *const md_scaling_words[] = {MD_SCALINGS(MD_ROW) NULL};
#undef MD_ROW

const char *md_scale_word(md_scale_kind kind)
{
    switch (kind) {
    case MD_SCALE_UNIT:
        return md_scaling_words[MD_SCALING_UNIT];
    case MD_SCALE_NONE:
        return md_scaling_words[MD_SCALING_NONE];
    case MD_SCALE_STANDARDIZE:
        break;
    }
    return md_scaling_words[MD_SCALING_STANDARDIZE];
}

int md_scale_parse(const char *word, md_scale_kind *out)
{
    static const md_scale_kind kinds[] = {MD_SCALE_UNIT, MD_SCALE_NONE, MD_SCALE_STANDARDIZE};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(word, md_scale_word(kinds[i])) == 0) {
            *out = kinds[i];
            return 1;
        }
    return 0;
}

size_t md_element_size(md_element element)
{
    return element == MD_ELEMENT_F32 ? sizeof(float) : sizeof(uint8_t);
}

float md_scale_inverse(float variance)
{
    return (float)(1.0 / sqrt((double)variance));
}

int md_scale_range(const md_scale *scale, float *least, float *most)
{
    const int kept = scale->least < scale->most;
    *least = kept ? scale->least : 0.0f;
    *most = kept ? scale->most : 255.0f;
    return kept || scale->kind == MD_SCALE_UNIT;
}

int md_scale_is_assumed(const md_scale *scale)
{
    return scale->kind == MD_SCALE_UNIT && !(scale->least < scale->most);
}

size_t md_features_side(size_t features)
{
    enum { SMALLEST_SIDE = 8 };
    const size_t side = (size_t)lround(sqrt((double)features));
    return side >= SMALLEST_SIDE && side * side == features ? side : 0;
}

static md_status copy(const float *values, size_t count, float **out, md_error *err)
{
    md_status status = md_allocate((void **)out, count, sizeof **out, "the features' scale", err);
    if (!status && count > 0)
        memcpy(*out, values, count * sizeof **out);
    return status;
}

static md_status copy_names(const char *names, char **out, md_error *err)
{
    *out = names ? strdup(names) : NULL;
    return names && !*out ? md_fail_memory(err, "names", strlen(names)) : MD_OK;
}

md_status md_scale_copy(const md_scale *scale, md_scale *out, md_error *err)
{
    *out = (md_scale){.kind = scale->kind,
                      .features = scale->features,
                      .least = scale->least,
                      .most = scale->most};
    md_status status = md_scale_name(out, scale->feature_names, scale->class_names, err);
    if (!status && scale->kind == MD_SCALE_STANDARDIZE)
        status = copy(scale->mean, scale->features, &out->mean, err);
    if (!status && scale->kind == MD_SCALE_STANDARDIZE)
        status = copy(scale->variance, scale->features, &out->variance, err);
    if (status)
        md_scale_clear(out);
    return status;
}

md_status md_scale_name(md_scale *scale, const char *feature_names, const char *class_names,
                        md_error *err)
{
    md_status status = copy_names(feature_names, &scale->feature_names, err);
    return status ? status : copy_names(class_names, &scale->class_names, err);
}

const char *md_scale_class(const md_scale *scale, size_t number, char out[MD_CLASS_NAME])
{
    const char *name = scale->class_names;
    snprintf(out, MD_CLASS_NAME, "%zu", number);
    for (size_t i = 0; name && i < number; i++) {
        name = strchr(name, '\n');
        name = name ? name + 1 : NULL;
    }
    if (name)
        snprintf(out, MD_CLASS_NAME, "%.*s", (int)strcspn(name, "\n"), name);
    return out;
}

void md_scale_clear(md_scale *scale)
{
    free(scale->mean);
    free(scale->variance);
    free(scale->feature_names);
    free(scale->class_names);
    *scale = (md_scale){0};
}
