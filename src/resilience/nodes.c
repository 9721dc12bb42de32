/* Nodes share no memory, so a rank whose work goes on without an end tells so in DIR/stall/moving,
 * and the first rank of a node that stands still looks there. In a thread of its own: the folder
 * may be what hangs. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heartbeat_internal.h"

enum { NEWS_SIZE = 32 };

static const double longest_period_s = 10.0;

double md_nodes_period(const md_heartbeat *h)
{
    const double quarter = h->params.timeout / 4.0;
    return h->nodes == 1 ? 0.0 : quarter < longest_period_s ? quarter : longest_period_s;
}

/* Whoever tells, and whatever, the text is another than before. */
static void tell(const md_heartbeat *h, const char *path, uint32_t beats)
{
    char news[NEWS_SIZE];
    const int size = snprintf(news, sizeof news, "%10d %10u\n", h->rank, (unsigned)beats);
    mkdir(h->folder, 0777);
    const int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    const ssize_t written = file < 0 ? 0 : write(file, news, (size_t)size);
    (void)written; /* others are less patient, then */
    if (file >= 0)
        close(file);
}

/* Opened anew, so that a network file system looks, too. */
static int is_news(const char *path, char known[NEWS_SIZE])
{
    char news[NEWS_SIZE] = "";
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t got = file < 0 ? 0 : read(file, news, sizeof news - 1);
    if (file >= 0)
        close(file);
    if (got <= 0 || memcmp(news, known, sizeof news) == 0)
        return 0;
    memcpy(known, news, sizeof news);
    return 1;
}

void *md_nodes_talk(void *heartbeat)
{
    md_heartbeat *h = heartbeat;
    char path[MD_STALL_PATH_SIZE + 32], known[NEWS_SIZE] = "";
    uint32_t mine = 0, node = 0;
    int64_t step = -1;
    snprintf(path, sizeof path, "%s/moving", h->folder); /* md_stall_clean removes it */
    while (!md_heartbeat_rest(h, md_nodes_period(h)) && !atomic_load(&h->board->halted)) {
        const uint32_t mine_now = atomic_load(&h->mine->beats), node_now = md_node_beats(h);
        const int64_t step_now = atomic_load(&h->mine->step);
        if (mine_now != mine && step_now == step)
            tell(h, path, mine_now);
        else if (node_now == node && h->mine == &h->board->marks[0] && is_news(path, known))
            atomic_fetch_add(&h->board->heard, 1);
        mine = mine_now;
        node = node_now;
        step = step_now;
    }
    return NULL;
}
