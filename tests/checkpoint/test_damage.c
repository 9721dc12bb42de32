/* Damage to every part of a small checkpoint, each trial a read from memory in a child process.
 * MD_IO_STRIDE=1 tries every byte.
 *
 * With its seal, every damaged file must be refused. Without it (as h5repack leaves a file) the
 * bytes reach libhdf5, and 1.10.8 itself dies on some: a damaged attribute message (its datatype or
 * dataspace) is half decoded and then freed, H5O__attr_iterate or H5O__free -> H5A__close reading
 * through NULL. Reproducer: the small fixture without seal, 64 bytes from 1313 on set to zero.
 * Those deaths are counted and allowed; accepting changed content is not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkpoint_fixtures.h"
#include "mnist_dist/checkpoint/encoding.h"
#include "runner.h"

enum { QUICK_STRIDE = 101, TRIAL_SECONDS = 20, SEAL = 32 };

typedef enum { UNTRIED, REFUSED, UNCHANGED, CHANGED, FAILED } verdict;

static md_bytes good;
static uint64_t good_state;

static void make_good(void)
{
    md_model_spec model = fixture_small_model();
    md_checkpoint *c = fixture_checkpoint(&model, 2);
    CU_ASSERT_EQUAL_FATAL(md_checkpoint_encode(c, "good", &good, NULL), MD_OK);
    good_state = c->state_xxh3;
    md_checkpoint_destroy(&c);
}

static verdict read_bytes(const md_bytes *bytes)
{
    md_checkpoint *c;
    md_error err = {0};
    md_status status = md_checkpoint_decode(bytes, "damaged", &c, &err);
    if (status)
        return status == MD_BAD_CHECKPOINT && err.text[0] ? REFUSED : FAILED;
    verdict v = c->state_xxh3 == good_state ? UNCHANGED : CHANGED;
    md_checkpoint_destroy(&c);
    return v;
}

/* Each kind of damage makes trial `i` of a fresh copy in bytes, whose data has room for `good`. */
typedef void (*damage)(md_bytes *bytes, size_t i);

static void flip_one_bit(md_bytes *bytes, size_t i)
{
    bytes->data[i] ^= (unsigned char)(1 << (i % 8));
}

static void set_all_bits(md_bytes *bytes, size_t i)
{
    bytes->data[i] = bytes->data[i] == 0xff ? 0 : 0xff;
}

static void zero_a_block(md_bytes *bytes, size_t i)
{
    size_t end = i + 64 < bytes->size ? i + 64 : bytes->size;
    memset(bytes->data + i, 0, end - i);
}

static void truncate_here(md_bytes *bytes, size_t i)
{
    bytes->size = i < bytes->size ? i : bytes->size - 1;
}

typedef struct {
    const char *name;
    damage hurt;
    int sealed;
    size_t counts[FAILED + 1], crashes;
} campaign;

/* Trials from *next on, each verdict and the next trial where the parent sees them. */
static void try_all(const campaign *c, size_t stride, unsigned char *verdicts,
                    volatile size_t *next)
{
    md_bytes bytes = {malloc(good.size), 0};
    const struct rlimit no_core = {0, 0};
    if (setrlimit(RLIMIT_CORE, &no_core) != 0 || (!c->sealed && !freopen("/dev/null", "w", stderr)))
        _exit(1);
    while (*next < good.size) {
        size_t i = *next;
        memcpy(bytes.data, good.data, good.size);
        bytes.size = good.size - (c->sealed ? 0 : SEAL);
        c->hurt(&bytes, i);
        alarm(TRIAL_SECONDS);
        verdicts[i] = (unsigned char)read_bytes(&bytes);
        *next = i + stride;
    }
    free(bytes.data);
    _exit(0);
}

static void *share(size_t size)
{
    void *block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CU_ASSERT_FATAL(block != MAP_FAILED);
    return block;
}

/* A child that dies costs one trial. */
static void run_campaign(campaign *c)
{
    const char *wish = getenv("MD_IO_STRIDE");
    size_t stride = wish && atoi(wish) > 0 ? (size_t)atoi(wish) : QUICK_STRIDE;
    unsigned char *verdicts = share(good.size);
    volatile size_t *next = share(sizeof *next);
    fflush(stdout);
    while (*next < good.size) {
        pid_t child = fork();
        if (child == 0)
            try_all(c, stride, verdicts, next);
        int status;
        waitpid(child, &status, 0);
        if (status != 0) {
            c->crashes++;
            *next += stride;
        }
    }
    for (size_t i = 0; i < good.size; i++)
        c->counts[verdicts[i]]++;
    printf("\n    %s: %zu refused, %zu unchanged, %zu crashes", c->name, c->counts[REFUSED],
           c->counts[UNCHANGED], c->crashes);
    CU_ASSERT(c->counts[REFUSED] > 0);
    CU_ASSERT_EQUAL(c->counts[CHANGED], 0);
    CU_ASSERT_EQUAL(c->counts[FAILED], 0);
    CU_ASSERT(!c->sealed || c->crashes == 0);
    munmap(verdicts, good.size);
    munmap((void *)next, sizeof *next);
}

static void the_good_file_is_read(void)
{
    make_good();
    CU_ASSERT_EQUAL(read_bytes(&good), UNCHANGED);
}

/* Only a damaged seal is no seal, and says nothing about the content. */
static void damage_under_the_seal_is_refused(void)
{
    campaign flip = {.name = "one bit, sealed", .hurt = flip_one_bit, .sealed = 1};
    campaign set = {.name = "one byte, sealed", .hurt = set_all_bits, .sealed = 1};
    run_campaign(&flip);
    run_campaign(&set);
    CU_ASSERT(flip.counts[UNCHANGED] <= SEAL);
    CU_ASSERT(set.counts[UNCHANGED] <= SEAL);
}

static void damage_without_seal_is_refused_or_changes_nothing(void)
{
    campaign flip = {.name = "one bit, no seal", .hurt = flip_one_bit};
    campaign set = {.name = "one byte, no seal", .hurt = set_all_bits};
    campaign zero = {.name = "64 bytes, no seal", .hurt = zero_a_block};
    run_campaign(&flip);
    run_campaign(&set);
    run_campaign(&zero);
}

/* A file cut inside its seal has lost nothing else. */
static void a_truncated_file_is_refused(void)
{
    campaign sealed = {.name = "truncated", .hurt = truncate_here, .sealed = 1};
    run_campaign(&sealed);
    CU_ASSERT(sealed.counts[UNCHANGED] <= SEAL);
    md_bytes_free(&good);
}

const char md_suite[] = "checkpoint.damage";
CU_TestInfo md_tests[] = {{"the good file is read", the_good_file_is_read},
                          {"damage under the seal is refused", damage_under_the_seal_is_refused},
                          {"damage without seal is refused or changes nothing",
                           damage_without_seal_is_refused_or_changes_nothing},
                          {"a truncated file is refused", a_truncated_file_is_refused},
                          CU_TEST_INFO_NULL};
