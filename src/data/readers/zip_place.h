/* Where the bytes of a zip archive's member lie (APPNOTE.TXT, 4.3), which libzip does not tell.
 * Local.
 */
#ifndef MNIST_DIST_DATA_ZIP_PLACE_H
#define MNIST_DIST_DATA_ZIP_PLACE_H

#include <stdint.h>

/* 1 when the member is stored as it is, in `bytes` bytes from *begin of the archive on. */
int md_zip_place(const char *path, const char *member, uint64_t bytes, uint64_t *begin);

#endif
