#include "zip_place.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Sizes of the records, without what varies. */
enum {
    END = 22,
    LOCATOR = 20,
    END_64 = 56,
    ENTRY = 46,
    LOCAL = 30,
    COMMENT = 0xffff,
    NAME = 0xffff
};

typedef struct archive {
    int fd;
    uint64_t size;
} archive;

static uint64_t number(const unsigned char *at, int bytes)
{
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; i--)
        value = value << 8 | at[i];
    return value;
}

static int take(const archive *a, uint64_t offset, void *out, size_t bytes)
{
    return offset <= a->size && bytes <= a->size - offset &&
           pread(a->fd, out, bytes, (off_t)offset) == (ssize_t)bytes;
}

static int starts(const unsigned char *at, const char *signature)
{
    return memcmp(at, signature, 4) == 0;
}

/* The directory's first entry and how many there are; its end record stands last, before a comment.
 */
static int find_directory(const archive *a, uint64_t *offset, uint64_t *count)
{
    unsigned char end[END], locator[LOCATOR], end_64[END_64];
    for (uint64_t back = END; back <= a->size && back <= END + COMMENT; back++) {
        if (!take(a, a->size - back, end, END) || !starts(end, "PK\5\6"))
            continue;
        *count = number(end + 10, 2);
        *offset = number(end + 16, 4);
        if (back + LOCATOR > a->size || !take(a, a->size - back - LOCATOR, locator, LOCATOR) ||
            !starts(locator, "PK\6\7"))
            return 1;
        if (!take(a, number(locator + 8, 8), end_64, END_64) || !starts(end_64, "PK\6\6"))
            return 0;
        *count = number(end_64 + 32, 8);
        *offset = number(end_64 + 48, 8);
        return 1;
    }
    return 0;
}

/* Of what does not fit into 32 bits, an extra field (4.5.3) has 64, in this order. */
static int widen(const archive *a, uint64_t extra, size_t length, uint64_t *values[3])
{
    unsigned char head[4], wide[8];
    for (size_t at = 0; at + 4 <= length;) {
        if (!take(a, extra + at, head, 4))
            return 0;
        const size_t size = (size_t)number(head + 2, 2);
        uint64_t from = extra + at + 4;
        at += 4 + size;
        if (number(head, 2) != 1)
            continue;
        for (int i = 0; i < 3; i++) {
            if (*values[i] != UINT32_MAX)
                continue;
            if (from + 8 > extra + at || !take(a, from, wide, 8))
                return 0;
            *values[i] = number(wide, 8);
            from += 8;
        }
    }
    return 1;
}

/* The bytes after a member's local header, if it is stored as it is. */
static int enter(const archive *a, const unsigned char *entry, uint64_t extra, uint64_t bytes,
                 uint64_t *begin)
{
    unsigned char local[LOCAL];
    uint64_t plain = number(entry + 24, 4), packed = number(entry + 20, 4);
    uint64_t header = number(entry + 42, 4);
    uint64_t *wide[3] = {&plain, &packed, &header};
    const int encrypted = entry[8] & 1;
    if (number(entry + 10, 2) != 0 || encrypted ||
        !widen(a, extra, (size_t)number(entry + 30, 2), wide) || plain != bytes ||
        packed != bytes || !take(a, header, local, LOCAL) || !starts(local, "PK\3\4"))
        return 0;
    *begin = header + LOCAL + number(local + 26, 2) + number(local + 28, 2);
    return *begin <= a->size && bytes <= a->size - *begin;
}

static int search(const archive *a, const char *member, uint64_t bytes, uint64_t *begin)
{
    unsigned char entry[ENTRY];
    char name[NAME];
    uint64_t at, count;
    const size_t length = strlen(member);
    if (!find_directory(a, &at, &count))
        return 0;
    for (uint64_t i = 0; i < count; i++) {
        if (!take(a, at, entry, ENTRY) || !starts(entry, "PK\1\2"))
            return 0;
        const size_t named = (size_t)number(entry + 28, 2);
        const uint64_t extra = at + ENTRY + named;
        if (named == length && take(a, at + ENTRY, name, named) && memcmp(name, member, named) == 0)
            return enter(a, entry, extra, bytes, begin);
        at = extra + number(entry + 30, 2) + number(entry + 32, 2);
    }
    return 0;
}

int md_zip_place(const char *path, const char *member, uint64_t bytes, uint64_t *begin)
{
    struct stat info;
    archive a = {.fd = open(path, O_RDONLY | O_CLOEXEC)};
    if (a.fd < 0)
        return 0;
    a.size = fstat(a.fd, &info) == 0 ? (uint64_t)info.st_size : 0;
    const int found = search(&a, member, bytes, begin);
    close(a.fd);
    return found;
}
