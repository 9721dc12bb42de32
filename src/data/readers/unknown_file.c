#include "unknown_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "csv_line.h"
#include "mnist_dist/base/memory.h"
#include "mnist_dist/base/text.h"
#include "source_internal.h"
#include "stream.h"

/* As much as is looked at to recognise a table, so that what fails there is told here. */
enum { BEGINNING = 64 * 1024, LONGEST_LINE = 512, WHAT = 256 };

static int is_text(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)bytes[i] < ' ' && bytes[i] != '\t' && bytes[i] != '\r')
            return 0;
    return 1;
}

/* The first line, cut to fit; a zero byte ends it. */
static void quote(const char *bytes, size_t size, char out[MD_SNIPPET_SIZE])
{
    char line[LONGEST_LINE];
    snprintf(line, sizeof line, "%.*s", (int)size, bytes);
    md_text_snippet(line, out);
}

static void describe(const char *bytes, size_t size, char out[WHAT])
{
    const size_t begin = md_csv_skip_blank(bytes, size);
    const size_t length = md_csv_line_length(bytes + begin, size - begin);
    char found[MD_SNIPPET_SIZE];
    quote(bytes + begin, length, found);
    if (size == 0)
        snprintf(out, WHAT, "is empty");
    else if (size > 1 && (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0))
        snprintf(out, WHAT, "is text in UTF-16; save it as UTF-8 (iconv -f UTF-16 -t UTF-8)");
    else if (is_text(bytes + begin, length))
        snprintf(out, WHAT,
                 "is text whose first line, '%s', has no comma, semicolon or tab, which a table "
                 "has; leave out what stands above it",
                 found);
    else
        snprintf(out, WHAT, "begins with '%s', which is not understood", found);
}

md_status md_fail_unknown_file(const char *where, md_error *err)
{
    char forms[MD_VALUE_SIZE], what[WHAT] = "is no file";
    struct stat info;
    md_stream *stream = NULL;
    size_t got = 0;
    void *bytes;
    md_source_forms(forms);
    md_status status = md_allocate(&bytes, BEGINNING, 1, "a file's beginning", err);
    if (!status && stat(where, &info) == 0 && S_ISREG(info.st_mode)) {
        status = md_stream_open(where, &stream, err);
        if (!status)
            status = md_stream_some(stream, bytes, BEGINNING, &got, err);
        if (!status)
            describe(bytes, got, what);
        md_stream_close(&stream);
    }
    free(bytes);
    return status ? status
                  : md_fail(err, MD_BAD_DATA, "%s: is not a folder, and %s; give %s", where, what,
                            forms);
}
