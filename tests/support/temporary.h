/* A folder of its own for a test's temporary files. A call that the system fails ends the program:
 * nothing can be tested without its files. */
#ifndef MNIST_DIST_TEST_SUPPORT_TEMPORARY_H
#define MNIST_DIST_TEST_SUPPORT_TEMPORARY_H

enum { TEST_PATH = 512 };

/* A new folder below $TMPDIR, or /tmp; test_folder_remove removes it with all it holds. */
void test_folder(char out[TEST_PATH]);
void test_folder_remove(const char *folder);

/* folder/name into out, which is also returned. */
const char *test_path(const char *folder, const char *name, char out[TEST_PATH]);

#endif
