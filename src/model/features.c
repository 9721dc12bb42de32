#include "mnist_dist/model/features.h"

#include <math.h>
#include <stdint.h>
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

static md_status copy(const float *values, size_t count, float **out, md_error *err)
{
    md_status status = md_allocate((void **)out, count, sizeof **out, "the features' scale", err);
    if (!status && count > 0)
        memcpy(*out, values, count * sizeof **out);
    return status;
}

md_status md_scale_copy(const md_scale *scale, md_scale *out, md_error *err)
{
    *out = (md_scale){.kind = scale->kind, .features = scale->features};
    if (scale->kind != MD_SCALE_STANDARDIZE)
        return MD_OK;
    md_status status = copy(scale->mean, scale->features, &out->mean, err);
    if (!status)
        status = copy(scale->variance, scale->features, &out->variance, err);
    if (status)
        md_scale_clear(out);
    return status;
}

void md_scale_clear(md_scale *scale)
{
    free(scale->mean);
    free(scale->variance);
    *scale = (md_scale){0};
}
