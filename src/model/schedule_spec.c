#include "mnist_dist/model/schedule_spec.h"

#include <stddef.h>

const char *const md_schedule_words[] = {
#define MD_ROW(NAME, name) #name,
    MD_SCHEDULES(MD_ROW)
#undef MD_ROW
        NULL};
