/* Fault rehearsal: one fault, on one rank, at one moment, asked for on the command line, so that
 * job scripts and recovery can be tried before the real thing happens. Local. */
#ifndef MNIST_DIST_RESILIENCE_FAULT_H
#define MNIST_DIST_RESILIENCE_FAULT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include "mnist_dist/base/error.h"

typedef enum md_fault_kind {
    MD_FAULT_NONE,
    MD_FAULT_KILL,      /* SIGKILL to itself */
    MD_FAULT_STOP,      /* SIGSTOP to itself */
    MD_FAULT_SLOW,      /* MD_FAULT_SLOW_SECONDS of sleep in every step from then on */
    MD_FAULT_NAN,       /* a NaN in the gradient */
    MD_FAULT_TORN_FILE, /* the next save's temporary loses its second half */
    MD_FAULT_ENOSPC,    /* the next save finds the disk full; SIGXFSZ has to be ignored */
    MD_FAULT_ULP        /* the last bit of one weight of this rank's replica flips */
} md_fault_kind;

#define MD_FAULT_SLOW_SECONDS 0.05

typedef struct md_fault {
    const char *text; /* as asked for; borrowed */
    md_fault_kind kind;
    int rank;
    int64_t step; /* in which step, from 1; file faults: in the first save from it on */
    int at_save;  /* in the first save instead of a step */
    int armed, done;
    struct rlimit file_limit; /* of the process, while ENOSPC is armed */
} md_fault;

/* "kill@1:20" or "kill@0:save". MD_USAGE naming what is wrong. */
md_status md_fault_parse(const char *text, md_fault *out, md_error *err);

/* Can it strike in a run of so many ranks that ends after last_step? Else MD_USAGE with the
 * numbers.
 */
md_status md_fault_check(const md_fault *fault, int ranks, int64_t last_step, md_error *err);

/* In step `step` (from 1), with this rank's gradient computed but not yet summed. */
void md_fault_in_step(md_fault *fault, int rank, int64_t step, float *gradient);

/* After the optimizer's step: the ULP fault, on this rank's parameters. */
void md_fault_in_weights(md_fault *fault, int rank, int64_t step, float *parameters, size_t count);

/* Around a save after `step` finished steps, on every rank; end undoes what begin set up. */
void md_fault_begin_save(md_fault *fault, int rank, int64_t step);
void md_fault_end_save(md_fault *fault);

/* An md_folder_hook, with the md_fault as context. */
void md_fault_at_stage(const char *stage, const char *temporary, void *context);

#endif
