#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnist_dist/base/memory.h"

enum { LINE = 4096 };

/* The number after `name` at a line's start; SIZE_MAX when there is none. */
static size_t number_in(const char *path, const char *name)
{
    char line[LINE];
    size_t value = SIZE_MAX;
    const size_t length = strlen(name);
    FILE *file = fopen(path, "re");
    while (file && value == SIZE_MAX && fgets(line, sizeof line, file)) {
        const char *digits = line + length;
        if (strncmp(line, name, length) != 0)
            continue;
        digits += strspn(digits, " \t");
        if (*digits >= '0' && *digits <= '9')
            value = (size_t)strtoull(digits, NULL, 10);
    }
    if (file)
        fclose(file);
    return value;
}

static size_t number_of(const char *group, const char *file, const char *name)
{
    char path[2 * LINE + 64];
    snprintf(path, sizeof path, "%s/%s", group, file);
    return number_in(path, name);
}

/* The limit less what is in use, but for cached files, which give way. */
static size_t left_in(const char *group, const char *limit, const char *usage, const char *cached)
{
    const size_t most = number_of(group, limit, ""), used = number_of(group, usage, "");
    const size_t files = number_of(group, "memory.stat", cached);
    if (most == SIZE_MAX || used == SIZE_MAX)
        return SIZE_MAX;
    const size_t held = files < used ? used - files : used;
    return held < most ? most - held : 0;
}

/* "0::/path" of version 2, "9:memory:/path" of version 1. */
static size_t left_in_group(const char *line)
{
    char group[2 * LINE];
    const char *path = strrchr(line, ':');
    const int length = path ? (int)strcspn(path + 1, "\n") : 0;
    if (!path)
        return SIZE_MAX;
    if (strncmp(line, "0::", 3) == 0) {
        snprintf(group, sizeof group, "/sys/fs/cgroup%.*s", length, path + 1);
        return left_in(group, "memory.max", "memory.current", "inactive_file");
    }
    if (!strstr(line, ":memory:"))
        return SIZE_MAX;
    snprintf(group, sizeof group, "/sys/fs/cgroup/memory%.*s", length, path + 1);
    return left_in(group, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file");
}

size_t md_memory_available(void)
{
    char line[LINE];
    const size_t free_kib = number_in("/proc/meminfo", "MemAvailable:");
    size_t available = free_kib == SIZE_MAX ? SIZE_MAX : free_kib << 10;
    FILE *groups = fopen("/proc/self/cgroup", "re");
    while (groups && fgets(line, sizeof line, groups)) {
        const size_t left = left_in_group(line);
        available = left < available ? left : available;
    }
    if (groups)
        fclose(groups);
    return available;
}
