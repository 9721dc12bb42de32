#include "mnist_dist/base/text.h"

#include <string.h>

static int continues(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

int32_t md_text_next_code_point(const char **text)
{
    static const int32_t shortest[] = {0, 0x80, 0x800, 0x10000};
    const char *at = *text;
    const unsigned char first = (unsigned char)*at;
    if ((first >= 0x80 && first < 0xc2) || first > 0xf4)
        return -1;
    const int more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    int32_t point = more ? first & (0x3f >> more) : first;
    for (int i = 1; i <= more; i++) {
        if (!continues(at[i]))
            return -1;
        point = point << 6 | (at[i] & 0x3f);
    }
    const int surrogate = point >= 0xd800 && point < 0xe000;
    if (point < shortest[more] || point > 0x10ffff || surrogate)
        return -1;
    *text += more + 1;
    return point;
}

int md_text_is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text > 127)
            return 0;
    return 1;
}

void md_text_make_printable(char *text)
{
    char *to = text;
    for (const char *from = text; *from;) {
        const char *next = from;
        int32_t point = md_text_next_code_point(&next);
        if (point < 0)
            next++;
        if (point < ' ' || (point >= 0x7f && point < 0xa0)) {
            *to++ = '?';
            from = next;
        }
        while (from < next)
            *to++ = *from++;
    }
    *to = '\0';
}

const char *md_text_quote(const char *text, char out[MD_QUOTED_SIZE])
{
    const char *at = text;
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "%+,-./:=@_";
    static const char quote[] = "'\\''";
    char *to = out, *const last = out + MD_QUOTED_SIZE - sizeof quote;
    if (text[0] && !text[strspn(text, plain)])
        return text;
    *to++ = '\'';
    for (; *at && to < last; at++)
        if (*at == '\'')
            to = stpcpy(to, quote);
        else
            *to++ = *at;
    strcpy(to, "'");
    return *at ? text : out;
}

void md_text_snippet(const char *text, char out[MD_SNIPPET_SIZE])
{
    static const char dots[] = "...";
    enum { ROOM = MD_SNIPPET_SIZE - sizeof dots, LONGEST_CHARACTER = 4 };
    size_t length = strnlen(text, MD_SNIPPET_SIZE);
    const int cut = length == MD_SNIPPET_SIZE;
    if (cut)
        for (length = ROOM; length > ROOM - LONGEST_CHARACTER && continues(text[length]);)
            length--; /* not within a character */
    memcpy(out, text, length);
    strcpy(out + length, cut ? dots : "");
    md_text_make_printable(out);
}
