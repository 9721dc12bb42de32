#include "mnist_dist/model/schedule_spec.h"

#include <stddef.h>

const char *const md_schedule_words[] = {
#define MD_ROW(NAME, name, length) #name,
    MD_SCHEDULES(MD_ROW)
#undef MD_ROW
        NULL};

int md_schedule_has_length(md_schedule_kind kind)
{
    static const int lengths[] = {
#define MD_ROW(NAME, name, length) length,
        MD_SCHEDULES(MD_ROW)
#undef MD_ROW
    };
    return lengths[kind];
}
