/* What a test program provides; serial_runner.c and mpi_runner.c hold the main functions.
 *
 *     static void adds(void) { CU_ASSERT_EQUAL(1 + 1, 2); }
 *     const char md_suite[] = "util.example";
 *     CU_TestInfo md_tests[] = {{"adds", adds}, CU_TEST_INFO_NULL};
 *
 * Under MPI every rank runs the same tests and the worst verdict counts for all. */
#ifndef MNIST_DIST_TEST_SUPPORT_RUNNER_H
#define MNIST_DIST_TEST_SUPPORT_RUNNER_H

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

extern const char md_suite[];
extern CU_TestInfo md_tests[];

/* Registers and runs the suite, printing every failure; the number of failed assertions. */
unsigned md_run_suite(void);

#endif
