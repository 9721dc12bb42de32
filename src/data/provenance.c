#include "mnist_dist/data/provenance.h"

#include <endian.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feature_hash.h"
#include "mnist_dist/base/beat.h"
#include "readers/idx_file.h"

enum { SHA256_BYTES = 32 };

/* By md_split; what it is, dimensions and type follow as in MNIST's names. */
static const char *const prefixes[2] = {"train", "t10k"};

/* What a split is answered with, as the file that it would be. */
typedef struct file {
    const char *what;
    md_array array;
    int (*body)(EVP_MD_CTX *hash, const md_store *store, md_split split);
} file;

/* Numbers of four bytes, big-endian as IDX has them. */
static int hash_words(EVP_MD_CTX *hash, const void *values, size_t count)
{
    enum { MOST = 1024 };
    const uint8_t *bytes = values;
    uint32_t words[MOST];
    int good = 1;
    for (size_t i = 0; i < count && good; i += MOST) {
        const size_t n = count - i < MOST ? count - i : MOST;
        memcpy(words, bytes + i * sizeof *words, n * sizeof *words);
        for (size_t k = 0; k < n; k++)
            words[k] = htobe32(words[k]);
        good = EVP_DigestUpdate(hash, words, n * sizeof *words);
        md_beat();
    }
    return good;
}

static int hash_narrow_labels(EVP_MD_CTX *hash, const md_store *store, md_split split)
{
    int good = 1;
    for (size_t i = 0; i < md_store_images(store, split) && good; i++) {
        const uint8_t label = (uint8_t)md_store_labels(store, split)[i];
        good = EVP_DigestUpdate(hash, &label, sizeof label);
        md_beat();
    }
    return good;
}

static int hash_labels(EVP_MD_CTX *hash, const md_store *store, md_split split)
{
    return hash_words(hash, md_store_labels(store, split), md_store_images(store, split));
}

static int hash_values(EVP_MD_CTX *hash, const md_store *store, md_split split)
{
    return hash_words(hash, md_store_values(store, split),
                      md_store_images(store, split) * store->header->targets);
}

/* Ends the hash and appends its line at *end, which moves on. */
static int finish_line(EVP_MD_CTX *hash, const char *name, char **end)
{
    uint8_t sum[SHA256_BYTES];
    if (!EVP_DigestFinal_ex(hash, sum, NULL))
        return 0;
    *end += snprintf(*end, MD_DATA_SHA256_LINE, "%s ", name);
    for (int i = 0; i < SHA256_BYTES; i++)
        *end += snprintf(*end, 3, "%02x", sum[i]);
    *end += snprintf(*end, 2, "\n");
    return 1;
}

static int begin_file(EVP_MD_CTX *hash, md_split split, const char *what, const md_array *array,
                      char name[64])
{
    uint8_t header[MD_IDX_HEADER_SIZE];
    snprintf(name, 64, "%s-%s-idx%d-%s", prefixes[split], what, array->rank,
             md_idx_word(array->type));
    return EVP_DigestInit_ex(hash, EVP_sha256(), NULL) &&
           EVP_DigestUpdate(hash, header, md_idx_header(array, header));
}

static int hash_answers(const md_store *store, md_split split, const file *f, char **end)
{
    char name[64];
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    const int good = hash && begin_file(hash, split, f->what, &f->array, name) &&
                     f->body(hash, store, split) && finish_line(hash, name, end);
    EVP_MD_CTX_free(hash);
    return good;
}

static md_status fail_library(md_error *err)
{
    return md_fail(err, MD_FAILED,
                   "SHA-256 of the data could not be computed; check the installation of "
                   "libcrypto");
}

md_status md_feature_hash_begin(md_feature_hash *hash, md_split split, md_element element, size_t n,
                                const md_source_shape *shape, md_error *err)
{
    const md_array array = {.type = element == MD_ELEMENT_U8 ? MD_NUMBER_U8 : MD_NUMBER_F32,
                            .rank = 3,
                            .extent = {n, shape->rows, shape->columns}};
    *hash = (md_feature_hash){.context = EVP_MD_CTX_new(), .element = element};
    hash->good = hash->context && begin_file(hash->context, split, "images", &array, hash->name);
    return hash->good ? MD_OK : fail_library(err);
}

void md_feature_hash_add(md_feature_hash *hash, const void *elements, size_t count)
{
    hash->good = hash->good &&
                 (hash->element == MD_ELEMENT_U8 ? EVP_DigestUpdate(hash->context, elements, count)
                                                 : hash_words(hash->context, elements, count));
}

md_status md_feature_hash_end(md_feature_hash *hash, char line[MD_DATA_SHA256_LINE], md_error *err)
{
    char *end = line;
    line[0] = '\0';
    if (!hash->context)
        return MD_OK;
    const int good = hash->good && finish_line(hash->context, hash->name, &end);
    EVP_MD_CTX_free(hash->context);
    hash->context = NULL;
    return good ? MD_OK : fail_library(err);
}

/* `sample` has room for one. Streamed features were hashed as they were read through. */
static md_status hash_features(const md_store *store, md_split split, void *sample,
                               char line[MD_DATA_SHA256_LINE], md_error *err)
{
    const md_store_header *header = store->header;
    const size_t n = md_store_images(store, split), features = md_store_features(store);
    const char *known = md_store_sha256(store, split);
    md_feature_hash hash;
    if (known) {
        memcpy(line, known, MD_DATA_SHA256_LINE);
        return MD_OK;
    }
    md_status status =
        md_feature_hash_begin(&hash, split, (md_element)header->element, n, &header->shape, err);
    for (size_t i = 0; i < n && !status; i++) {
        md_store_sample(store, split, i, sample);
        md_feature_hash_add(&hash, sample, features);
        md_beat();
    }
    const md_status ended = md_feature_hash_end(&hash, line, status ? NULL : err);
    return status ? status : ended;
}

/* The features, and what the samples are answered with, if they are. */
static md_status hash_split(const md_store *store, md_split split, void *sample, char **end,
                            md_error *err)
{
    const md_store_header *header = store->header;
    const size_t n = md_store_images(store, split);
    const int narrow = header->classes <= UINT8_MAX + 1;
    const file labels = {"labels",
                         {.type = narrow ? MD_NUMBER_U8 : MD_NUMBER_I32, .rank = 1, .extent = {n}},
                         narrow ? hash_narrow_labels : hash_labels};
    const file values = {
        "targets", {.type = MD_NUMBER_F32, .rank = 2, .extent = {n, header->targets}}, hash_values};
    const file *answers = md_store_labels(store, split)   ? &labels
                          : md_store_values(store, split) ? &values
                                                          : NULL;
    md_status status = hash_features(store, split, sample, *end, err);
    *end += strlen(*end);
    if (!status && answers && !hash_answers(store, split, answers, end))
        status = fail_library(err);
    return status;
}

md_status md_data_sha256(const md_store *store, char out[MD_DATA_SHA256_SIZE], md_error *err)
{
    size_t features = md_store_features(store);
    void *sample = malloc(features * md_element_size((md_element)store->header->element));
    md_status status = sample ? MD_OK : md_fail_memory(err, "the data's SHA-256", features);
    out[0] = '\0';
    char *end = out;
    for (int split = 0; split < 2 && !status; split++)
        if (md_store_images(store, (md_split)split) > 0)
            status = hash_split(store, (md_split)split, sample, &end, err);
    free(sample);
    return status;
}
