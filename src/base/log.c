#include "mnist_dist/base/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "mnist_dist/base/error.h"

/* An error, and what else there is to say. */
enum { LINE_SIZE = 2 * MD_ERROR_TEXT };

/* Where messages go: beside who watches a thread (beat.c), the program's only global state. */
static md_log_sink current_sink;
static void *current_context;

void md_log_set_sink(md_log_sink sink, void *context)
{
    current_sink = sink;
    current_context = context;
}

static void emit(md_log_level level, const char *format, va_list arguments)
{
    if (!current_sink)
        return;
    char line[LINE_SIZE];
    vsnprintf(line, sizeof line, format, arguments);
    current_sink(level, line, current_context);
}

void md_info(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    emit(MD_LOG_INFO, format, arguments);
    va_end(arguments);
}

void md_warn(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    emit(MD_LOG_WARNING, format, arguments);
    va_end(arguments);
}
