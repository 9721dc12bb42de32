/* What the documents have to say of each row of the lists in the program: "FILE<tab>TEXT" a line,
 * which rows.sh looks for. */
#include <stdio.h>

#include "mnist_dist/comm/reducer_list.h"

static const char *promise_text(md_promise promise)
{
    return promise == MD_PROMISE_RANK_COUNT ? "at any rank count"
                                            : "at the same rank count, also when resumed";
}

/* All names, each but the last followed by `between`. */
static void print_names(const char *before, const char *between, const char *after)
{
    printf("%s", before);
    for (int kind = 0; kind < MD_REDUCER_KINDS; kind++)
        printf("%s%s", kind ? between : "", md_reducer_abouts[kind].name);
    printf("%s\n", after);
}

int main(void)
{
    for (int kind = 0; kind < MD_REDUCER_KINDS; kind++) {
        const md_reducer_about *about = &md_reducer_abouts[kind];
        printf("README.md\t| `%s`%s | %s | %s |\n", about->name, kind ? "" : " (default)",
               about->how, promise_text(about->promise));
        printf("configs/mnist.yaml\t%s\n", about->name);
    }
    print_names("doc/mnist_dist.1\t.It Fl -reducer Cm ", " | ", "");
    print_names("completions/mnist_dist.bash\t--reducer) words=\"", " ", "\" ;;");
    return 0;
}
