#include "mnist_dist/resilience/fault.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mnist_dist/base/clock.h"
#include "mnist_dist/base/log.h"
#include "mnist_dist/base/parse.h"

enum { FULL_DISK_BYTES = 65536 };

static const struct {
    const char *name;
    md_fault_kind kind;
} faults[] = {
    {"kill", MD_FAULT_KILL}, {"stop", MD_FAULT_STOP},           {"slow", MD_FAULT_SLOW},
    {"nan", MD_FAULT_NAN},   {"torn-file", MD_FAULT_TORN_FILE}, {"enospc", MD_FAULT_ENOSPC},
    {"ulp", MD_FAULT_ULP}};

static int parse_fault(const char *name, size_t length, md_fault_kind *out)
{
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (strlen(faults[i].name) == length && strncmp(faults[i].name, name, length) == 0) {
            *out = faults[i].kind;
            return 1;
        }
    return 0;
}

/* Some faults make sense in one place only. */
static md_status check_place(const char *text, const md_fault *fault, md_error *err)
{
    const int in_file = fault->kind == MD_FAULT_TORN_FILE || fault->kind == MD_FAULT_ENOSPC;
    const int in_step = fault->kind == MD_FAULT_NAN || fault->kind == MD_FAULT_ULP;
    if (in_file && fault->rank != 0)
        return md_fail(err, MD_USAGE, "--inject %s: only rank 0 writes files; use @0", text);
    if (in_step && fault->at_save)
        return md_fail(err, MD_USAGE, "--inject %s: this fault happens in a step, not in a save",
                       text);
    return MD_OK;
}

md_status md_fault_parse(const char *text, md_fault *out, md_error *err)
{
    *out = (md_fault){.text = text};
    char rank[16];
    const char *at = strchr(text, '@'), *colon = at ? strchr(at, ':') : NULL;
    int64_t number;
    if (!colon || (size_t)(colon - at) > sizeof rank)
        return md_fail(err, MD_USAGE,
                       "--inject %s: write FAULT@RANK:STEP, such as kill@1:20 or "
                       "kill@0:save",
                       text);
    if (!parse_fault(text, (size_t)(at - text), &out->kind))
        return md_fail(err, MD_USAGE,
                       "--inject %s: the fault must be kill, stop, slow, nan, "
                       "torn-file or enospc",
                       text);
    snprintf(rank, sizeof rank, "%.*s", (int)(colon - at - 1), at + 1);
    if (!md_parse_i64(rank, 0, 1 << 24, &number))
        return md_fail(err, MD_USAGE, "--inject %s: '%s' is not a rank", text, rank);
    out->rank = (int)number;
    out->at_save = strcmp(colon + 1, "save") == 0;
    if (!out->at_save && !md_parse_i64(colon + 1, 1, INT64_MAX, &out->step))
        return md_fail(err, MD_USAGE, "--inject %s: '%s' is neither a step (from 1) nor 'save'",
                       text, colon + 1);
    return check_place(text, out, err);
}

md_status md_fault_check(const md_fault *fault, int ranks, int64_t last_step, md_error *err)
{
    if (fault->rank >= ranks)
        return md_fail(err, MD_USAGE, "--inject %s: there are ranks 0 to %d only", fault->text,
                       ranks - 1);
    if (!fault->at_save && fault->step > last_step)
        return md_fail(err, MD_USAGE,
                       "--inject %s: the run ends after step %lld; name an earlier one, or train "
                       "for longer",
                       fault->text, (long long)last_step);
    return MD_OK;
}

/* Faults that hit the whole process. */
static void strike(md_fault_kind kind)
{
    if (kind == MD_FAULT_KILL)
        raise(SIGKILL);
    if (kind == MD_FAULT_STOP)
        raise(SIGSTOP);
    if (kind == MD_FAULT_SLOW)
        md_clock_sleep(MD_FAULT_SLOW_SECONDS);
}

void md_fault_in_step(md_fault *fault, int rank, int64_t step, float *gradient)
{
    if (!fault || fault->at_save || rank != fault->rank)
        return;
    if (step == fault->step || (step > fault->step && fault->kind == MD_FAULT_SLOW))
        strike(fault->kind);
    if (step == fault->step && fault->kind == MD_FAULT_NAN)
        gradient[0] = NAN;
}

void md_fault_in_weights(md_fault *fault, int rank, int64_t step, float *parameters, size_t count)
{
    if (!fault || fault->kind != MD_FAULT_ULP || rank != fault->rank || step != fault->step ||
        count == 0)
        return;
    parameters[count / 2] = nextafterf(parameters[count / 2], INFINITY);
}

/* Is this the save that the fault is for? It happens once. */
static int is_due(const md_fault *fault, int rank, int64_t step)
{
    if (!fault || fault->done || rank != fault->rank)
        return 0;
    int in_file = fault->kind == MD_FAULT_ENOSPC || fault->kind == MD_FAULT_TORN_FILE;
    return fault->at_save || (in_file && step >= fault->step);
}

/* A full disk is played by a limit on the size of files: write() then fails with EFBIG. */
static void limit_files(struct rlimit *before)
{
    getrlimit(RLIMIT_FSIZE, before);
    struct rlimit limit = *before;
    if (limit.rlim_cur > FULL_DISK_BYTES)
        limit.rlim_cur = FULL_DISK_BYTES;
    setrlimit(RLIMIT_FSIZE, &limit);
}

void md_fault_begin_save(md_fault *fault, int rank, int64_t step)
{
    if (!is_due(fault, rank, step))
        return;
    fault->armed = fault->done = 1;
    if (fault->kind == MD_FAULT_ENOSPC)
        limit_files(&fault->file_limit);
    else if (rank != 0)
        strike(fault->kind);
}

void md_fault_end_save(md_fault *fault)
{
    if (!fault || !fault->armed)
        return;
    fault->armed = 0;
    if (fault->kind == MD_FAULT_ENOSPC)
        setrlimit(RLIMIT_FSIZE, &fault->file_limit);
}

void md_fault_at_stage(const char *stage, const char *temporary, void *context)
{
    md_fault *fault = context;
    if (!fault->armed)
        return;
    struct stat info;
    if (fault->kind == MD_FAULT_TORN_FILE && strcmp(stage, "verify") == 0 &&
        (stat(temporary, &info) != 0 || truncate(temporary, info.st_size / 2) != 0))
        md_warn("--inject torn-file: %s could not be cut short", temporary);
    if (strcmp(stage, "rename") == 0)
        strike(fault->kind);
}
