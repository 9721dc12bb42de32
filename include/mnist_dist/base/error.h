/* Errors as values. A function that can fail returns an md_status and, through its last argument,
 * what happened, where and what to do. Status values are the program's exit codes.
 * Every call here is local; md_agree (comm/agree.h) makes one rank's error everybody's. */
#ifndef MNIST_DIST_BASE_ERROR_H
#define MNIST_DIST_BASE_ERROR_H

typedef enum md_status {
    MD_OK = 0,
    MD_FAILED = 1,         /* failed while running */
    MD_USAGE = 2,          /* command line or configuration */
    MD_BAD_DATA = 3,       /* data set missing or malformed */
    MD_BAD_CHECKPOINT = 4, /* checkpoint or model file missing or malformed */
    MD_STOPPED = 75,       /* stopped on request after saving */
    MD_STALLED = 76,       /* a rank stopped taking part */
    MD_INTERRUPTED = 130   /* second SIGINT */
} md_status;

/* Two paths of PATH_MAX and what is said of them. */
enum { MD_ERROR_TEXT = 9 * 1024 };

/* Plain and of fixed size, so that it can travel in one broadcast. */
typedef struct md_error {
    md_status status;
    int rank; /* where it happened, set by md_agree; -1 before that */
    char text[MD_ERROR_TEXT];
} md_error;

/* Fills *err (which may be NULL) and returns status, so that callers write
 * `return md_fail(err, MD_BAD_DATA, "...")`. The text is one sentence without a newline:
 * what, where (file, key, line), and what to do. */
md_status md_fail(md_error *err, md_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts `format` before the text that *err (which may be NULL) already has, for callers that know
 * the context of its `status`, which is returned. */
md_status md_fail_context(md_error *err, md_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* MD_FAILED with "out of memory" and the number of bytes that could not be had. */
md_status md_fail_memory(md_error *err, const char *what, unsigned long long bytes);

#endif
