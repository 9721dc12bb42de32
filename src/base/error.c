#include "mnist_dist/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

md_status md_fail(md_error *err, md_status status, const char *format, ...)
{
    if (!err)
        return status;
    err->status = status;
    err->rank = -1;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(err->text, sizeof err->text, format, arguments);
    va_end(arguments);
    return status;
}

md_status md_fail_context(md_error *err, md_status status, const char *format, ...)
{
    if (!err)
        return status;
    char joined[MD_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    int used = vsnprintf(joined, sizeof joined, format, arguments);
    va_end(arguments);
    if (used >= 0 && (size_t)used < sizeof joined)
        snprintf(joined + used, sizeof joined - (size_t)used, "%s", err->text);
    memcpy(err->text, joined, sizeof joined);
    return status;
}

md_status md_fail_memory(md_error *err, const char *what, unsigned long long bytes)
{
    return md_fail(err, MD_FAILED,
                   "out of memory: %llu bytes for %s could not be had; use fewer ranks per node or "
                   "a smaller batch",
                   bytes, what);
}
