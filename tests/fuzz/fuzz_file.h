/* Files for fuzz targets, in memory: nothing touches a disk. A call that the system fails aborts.
 */
#ifndef MNIST_DIST_TEST_FUZZ_FUZZ_FILE_H
#define MNIST_DIST_TEST_FUZZ_FUZZ_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "mnist_dist/base/error.h"
#include "temporary.h"

enum { MD_FUZZ_PATH = 64 };

/* A file that exists for the whole run and is given new bytes again and again. */
typedef struct md_fuzz_file {
    int fd;
    char path[MD_FUZZ_PATH]; /* where it can be opened */
} md_fuzz_file;

void md_fuzz_require(int truth);

md_fuzz_file md_fuzz_create(void);
void md_fuzz_fill(const md_fuzz_file *file, const void *bytes, size_t size);

/* A folder, removed at exit, in which the files go by the names readers look for. */
void md_fuzz_folder(char out[TEST_PATH]);
void md_fuzz_name(const md_fuzz_file *file, const char *folder, const char *name);

/* MD_OK, or the refusal with a message of one line; memory may also run out. */
void md_fuzz_require_outcome(md_status status, const md_error *err, md_status refusal);

/* libFuzzer's, https://llvm.org/docs/LibFuzzer.html */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

#endif
