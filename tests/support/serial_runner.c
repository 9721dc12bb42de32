#include "runner.h"

int main(void)
{
    return md_run_suite() ? 1 : 0;
}
