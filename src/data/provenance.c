#include "mnist_dist/data/provenance.h"

#include <endian.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "readers/idx_file.h"

enum { SHA256_BYTES = 32, LINE_SIZE = MD_DATA_SHA256_SIZE / 4 };

/* By md_split; what it is, dimensions and type follow as in MNIST's names. */
static const char *const prefixes[2] = {"train", "t10k"};

/* One of the files that the data set would be. */
typedef struct file {
    const char *what;
    md_array array;
    int (*body)(EVP_MD_CTX *hash, const md_store *store, md_split split, void *sample);
} file;

/* Numbers of four bytes, big-endian as IDX has them. */
static int hash_words(EVP_MD_CTX *hash, const void *values, size_t count)
{
    const uint8_t *bytes = values;
    int good = 1;
    for (size_t i = 0; i < count && good; i++) {
        uint32_t word;
        memcpy(&word, bytes + i * sizeof word, sizeof word);
        word = htobe32(word);
        good = EVP_DigestUpdate(hash, &word, sizeof word);
    }
    return good;
}

/* `sample` has room for one. */
static int hash_features(EVP_MD_CTX *hash, const md_store *store, md_split split, void *sample)
{
    const size_t n = md_store_images(store, split), features = md_store_features(store);
    const int bytes = store->header->element == MD_ELEMENT_U8;
    int good = 1;
    for (size_t i = 0; i < n && good; i++) {
        md_store_sample(store, split, i, sample);
        good =
            bytes ? EVP_DigestUpdate(hash, sample, features) : hash_words(hash, sample, features);
    }
    return good;
}

static int hash_narrow_labels(EVP_MD_CTX *hash, const md_store *store, md_split split, void *sample)
{
    (void)sample;
    int good = 1;
    for (size_t i = 0; i < md_store_images(store, split) && good; i++) {
        const uint8_t label = (uint8_t)md_store_labels(store, split)[i];
        good = EVP_DigestUpdate(hash, &label, sizeof label);
    }
    return good;
}

static int hash_labels(EVP_MD_CTX *hash, const md_store *store, md_split split, void *sample)
{
    (void)sample;
    return hash_words(hash, md_store_labels(store, split), md_store_images(store, split));
}

static int hash_values(EVP_MD_CTX *hash, const md_store *store, md_split split, void *sample)
{
    (void)sample;
    return hash_words(hash, md_store_values(store, split),
                      md_store_images(store, split) * store->header->targets);
}

/* Ends the hash and appends its line at *end, which moves on. */
static int finish_line(EVP_MD_CTX *hash, const char *name, char **end)
{
    uint8_t sum[SHA256_BYTES];
    if (!EVP_DigestFinal_ex(hash, sum, NULL))
        return 0;
    *end += snprintf(*end, LINE_SIZE, "%s ", name);
    for (int i = 0; i < SHA256_BYTES; i++)
        *end += snprintf(*end, 3, "%02x", sum[i]);
    *end += snprintf(*end, 2, "\n");
    return 1;
}

static int hash_file(EVP_MD_CTX *hash, const md_store *store, md_split split, const file *f,
                     void *sample, char **end)
{
    uint8_t header[MD_IDX_HEADER_SIZE];
    char name[64];
    snprintf(name, sizeof name, "%s-%s-idx%d-%s", prefixes[split], f->what, f->array.rank,
             md_idx_word(f->array.type));
    return EVP_DigestInit_ex(hash, EVP_sha256(), NULL) &&
           EVP_DigestUpdate(hash, header, md_idx_header(&f->array, header)) &&
           f->body(hash, store, split, sample) && finish_line(hash, name, end);
}

/* The features, and what the samples are answered with, if they are. */
static int hash_split(EVP_MD_CTX *hash, const md_store *store, md_split split, void *sample,
                      char **end)
{
    const md_store_header *header = store->header;
    const size_t n = md_store_images(store, split);
    const int bytes = header->element == MD_ELEMENT_U8, narrow = header->classes <= UINT8_MAX + 1;
    const md_source_shape *shape = &header->shape;
    const file features = {"images",
                           {.type = bytes ? MD_NUMBER_U8 : MD_NUMBER_F32,
                            .rank = 3,
                            .extent = {n, shape->rows, shape->columns}},
                           hash_features};
    const file labels = {"labels",
                         {.type = narrow ? MD_NUMBER_U8 : MD_NUMBER_I32, .rank = 1, .extent = {n}},
                         narrow ? hash_narrow_labels : hash_labels};
    const file values = {
        "targets", {.type = MD_NUMBER_F32, .rank = 2, .extent = {n, header->targets}}, hash_values};
    const file *answers = md_store_labels(store, split)   ? &labels
                          : md_store_values(store, split) ? &values
                                                          : NULL;
    return hash_file(hash, store, split, &features, sample, end) &&
           (!answers || hash_file(hash, store, split, answers, sample, end));
}

md_status md_data_sha256(const md_store *store, char out[MD_DATA_SHA256_SIZE], md_error *err)
{
    size_t features = md_store_features(store);
    void *sample = malloc(features * md_element_size((md_element)store->header->element));
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    md_status status = MD_OK;
    if (!sample || !hash)
        status = md_fail_memory(err, "the data's SHA-256", features);
    out[0] = '\0';
    char *end = out;
    for (int split = 0; split < 2 && status == MD_OK; split++)
        if (md_store_images(store, (md_split)split) > 0 &&
            !hash_split(hash, store, (md_split)split, sample, &end))
            status = md_fail(err, MD_FAILED,
                             "SHA-256 of the data could not be computed; check the installation "
                             "of libcrypto");
    EVP_MD_CTX_free(hash);
    free(sample);
    return status;
}
