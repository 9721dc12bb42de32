/* How images may lie in memory (data/store.h), with the words of data.storage, and whether all lie
 * there or pass through, with those of data.memory: the only lists. */
#ifndef MNIST_DIST_DATA_STORAGE_LIST_H
#define MNIST_DIST_DATA_STORAGE_LIST_H

#define MD_STORAGES(X) X(AUTO, auto) X(DENSE, dense) X(SPARSE, sparse)

typedef enum md_storage {
#define MD_ROW(NAME, name) MD_STORAGE_##NAME,
    MD_STORAGES(MD_ROW)
#undef MD_ROW
        MD_STORAGE_COUNT
} md_storage;

#define MD_MEMORIES(X) X(AUTO, auto) X(RESIDENT, resident) X(STREAM, stream)

typedef enum md_memory {
#define MD_ROW(NAME, name) MD_MEMORY_##NAME,
    MD_MEMORIES(MD_ROW)
#undef MD_ROW
        MD_MEMORY_COUNT
} md_memory;

#endif
