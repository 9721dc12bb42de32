/* How work that takes its time tells that it goes on: it beats between its parts, each of which
 * takes far less than anybody's patience. Whoever watches the thread sets the hook (for the
 * trainer's main thread that is resilience/heartbeat.h). Local. */
#ifndef MNIST_DIST_BASE_BEAT_H
#define MNIST_DIST_BASE_BEAT_H

typedef struct md_beating {
    void (*hook)(
        void *context); /* may be called by several threads at once; NULL: nobody watches */
    void *context;      /* borrowed */
} md_beating;

/* The work of this thread has moved on. Costs a few stores, or a branch where nobody watches. */
void md_beat(void);

/* Who watches this thread. A thread that works for another takes over what watches that one. */
md_beating md_beat_watched_by(void);
void md_beat_watch(md_beating beating);

#endif
