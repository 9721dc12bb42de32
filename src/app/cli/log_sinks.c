#include <stdio.h>

#include "command.h"

void md_log_to_stderr(md_log_level level, const char *line, void *context)
{
    (void)context;
    fprintf(stderr, "%s%s\n", level == MD_LOG_WARNING ? "mnist_dist: warning: " : "", line);
}

void md_log_warnings(md_log_level level, const char *line, void *context)
{
    if (level == MD_LOG_WARNING)
        md_log_to_stderr(level, line, context);
}
