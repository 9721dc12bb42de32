/* Many steps in a row with ranks that dawdle: every place where a fence is missing shows as a
 * wrong number. All numbers are small and whole, so that sums are exact in any order and the judge,
 * a serial program in integers, must be met bit for bit. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "mnist_dist/base/digest.h"
#include "runner.h"

enum { STEPS = 30 };

static void step_serially(int step, size_t parameters, int *w, int *m)
{
    for (size_t i = 0; i < parameters; i++) {
        int sum = 0;
        for (int r = 0; r < world_size(); r++)
            sum += gradient_of(r, step, i, w[i]);
        w[i] = stepped(w[i], sum);
        m[i] = stepped(m[i], -sum);
    }
}

static void backward(subject *s, int step, size_t begin, size_t end)
{
    const float *w = md_reducer_parameters(s->reducer);
    float *row = own_row(s);
    for (size_t i = begin; i < end; i++)
        row[i] = (float)gradient_of(world_rank(), step, i, (int)w[i]);
}

static void optimize(subject *s, size_t begin, size_t end)
{
    float *w = md_reducer_parameters(s->reducer), *m = md_reducer_moment(s->reducer, 0);
    for (size_t i = begin; i < end; i++) {
        const int sum = (int)sum_at(s, world_size(), i);
        w[i] = (float)stepped((int)w[i], sum);
        m[i] = (float)stepped((int)m[i], -sum);
    }
}

static void take_step(subject *s, int step)
{
    int rank = world_rank();
    size_t middle = s->parameters / 2, half = s->begin + s->count / 2;
    md_step_sums sums = {.values[0] = rank + step, .values[1] = 1};
    dawdle(rank, step, 0);
    backward(s, step, 0, middle);
    dawdle(rank, step, 1);
    backward(s, step, middle, s->parameters);
    add_row(s, world_size(), &sums);
    dawdle(rank, step, 2);
    CU_ASSERT_EQUAL(reduce(s, world_size(), 0, &sums), MD_OK);
    CU_ASSERT_EQUAL(sums.values[1], world_size());
    CU_ASSERT_EQUAL(sums.values[0], world_size() * (world_size() - 1) / 2 + world_size() * step);
    dawdle(rank, step, 3);
    optimize(s, s->begin, half);
    dawdle(rank, step, 4);
    optimize(s, half, s->begin + s->count);
    md_reducer_publish(s->reducer, step + 1);
    dawdle(rank, step, 5);
}

static void check_steps(subject *s)
{
    int *w = calloc(s->parameters, sizeof *w), *m = calloc(s->parameters, sizeof *m);
    for (int step = 0; step < STEPS; step++) {
        take_step(s, step);
        step_serially(step, s->parameters, w, m);
    }
    int wrong = 0;
    for (size_t i = 0; i < s->parameters; i++)
        wrong += (int)md_reducer_parameters(s->reducer)[i] != w[i] ||
                 (int)md_reducer_moment(s->reducer, 0)[i] != m[i];
    CU_ASSERT_EQUAL(wrong, 0);
    free(w);
    free(m);
}

static void steps_equal_those_of_a_serial_program(void)
{
    with_every_reducer(3, 1, check_steps);
    with_every_reducer(1000, 1, check_steps);
}

/* Here sums do round, and what matters is that replicas on all ranks and nodes stay equal. */
static void check_replicas(subject *s)
{
    for (int step = 0; step < STEPS; step++) {
        float *row = own_row(s);
        for (size_t i = 0; i < s->parameters; i++)
            row[i] = draw_real(world_rank(), step, i) + md_reducer_parameters(s->reducer)[i];
        md_step_sums sums = {0};
        add_row(s, world_size(), &sums);
        CU_ASSERT_EQUAL(reduce(s, world_size(), 0, &sums), MD_OK);
        for (size_t i = s->begin; i < s->begin + s->count; i++)
            md_reducer_parameters(s->reducer)[i] -= 0.1f * sum_at(s, world_size(), i);
        dawdle(world_rank(), step, 0);
        md_reducer_publish(s->reducer, step + 1);
        uint64_t digest = md_digest_floats(md_reducer_parameters(s->reducer), s->parameters);
        CU_ASSERT(same_everywhere(digest));
    }
}

static void replicas_stay_equal_bit_for_bit(void)
{
    with_every_reducer(1000, 0, check_replicas);
}

static void check_marks(subject *s)
{
    md_step_sums sums;
    md_reducer *reducer = s->reducer;
    CU_ASSERT(!md_reducer_consistent(reducer, 0));
    for (int64_t step = 40; step < 45; step++) {
        md_reducer_publish(reducer, step);
        CU_ASSERT(md_reducer_consistent(reducer, step));
        CU_ASSERT(!md_reducer_consistent(reducer, step - 1));
        CU_ASSERT(!md_reducer_consistent(reducer, step + 1));
        dawdle(world_rank(), (int)step, 0);
        CU_ASSERT_EQUAL(reduce(s, world_size(), 0, &sums), MD_OK);
        md_reducer_begin_step(reducer);
        if (s->count > 0) {
            CU_ASSERT(!md_reducer_consistent(reducer, step));
            CU_ASSERT(!md_reducer_consistent(reducer, step + 1));
        }
    }
    float zeros[17] = {0};
    CU_ASSERT_EQUAL(md_reducer_load(reducer, world_rank() ? NULL : zeros, NULL, NULL), MD_OK);
    for (int64_t step = 40; step <= 45; step++)
        CU_ASSERT(!md_reducer_consistent(reducer, step));
}

static void blocks_are_consistent_between_publish_and_the_next_step(void)
{
    with_every_reducer(17, 0, check_marks);
}

typedef struct watch {
    subject *s;
    _Atomic int64_t step; /* finished steps, as the main thread knows */
    _Atomic int done;
    int torn, whole;
} watch;

/* Parameters all equal the number of finished steps, unless they are seen half way. */
static void *look_on(void *context)
{
    watch *w = context;
    float seen[1000];
    for (int last = 0; !last; usleep(20)) {
        last = w->done; /* then the look that follows sees the last step */
        int64_t step = w->step;
        if (!md_reducer_consistent(w->s->reducer, step))
            continue;
        memcpy(seen, md_reducer_parameters(w->s->reducer), sizeof seen);
        if (!md_reducer_consistent(w->s->reducer, step))
            continue;
        w->whole++;
        for (int i = 0; i < 1000; i++)
            w->torn += seen[i] != (float)step;
    }
    return NULL;
}

static void check_watch(subject *s)
{
    watch w = {.s = s};
    pthread_t thread;
    md_reducer_publish(s->reducer, 0);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, look_on, &w), 0);
    for (int step = 1; step <= 5 * STEPS; step++) {
        md_step_sums sums;
        CU_ASSERT_EQUAL(reduce(s, world_size(), 0, &sums), MD_OK);
        md_reducer_begin_step(s->reducer);
        for (size_t i = s->begin; i < s->begin + s->count; i++)
            md_reducer_parameters(s->reducer)[i] += 1;
        md_reducer_publish(s->reducer, step);
        w.step = step;
        dawdle(world_rank(), step, 0);
    }
    w.done = 1;
    pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(w.torn, 0);
    CU_ASSERT(w.whole > 0);
    CU_ASSERT(md_reducer_consistent(s->reducer, 5 * STEPS));
}

static void another_thread_sees_whole_steps_only(void)
{
    with_every_reducer(1000, 0, check_watch);
}

const char md_suite[] = "comm.reducer_steps";
CU_TestInfo md_tests[] = {
    {"steps equal those of a serial program", steps_equal_those_of_a_serial_program},
    {"replicas stay equal bit for bit", replicas_stay_equal_bit_for_bit},
    {"blocks are consistent between publish and the next step",
     blocks_are_consistent_between_publish_and_the_next_step},
    {"another thread sees whole steps only", another_thread_sees_whole_steps_only},
    CU_TEST_INFO_NULL};
