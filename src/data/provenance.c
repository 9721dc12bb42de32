#include "mnist_dist/data/provenance.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "readers/idx_file.h"

enum { SHA256_BYTES = 32, LINE_SIZE = MD_DATA_SHA256_SIZE / 4 };

static const char *const image_files[2] = {"train-images-idx3-ubyte", "t10k-images-idx3-ubyte"};
static const char *const label_files[2] = {"train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"};

static int hash_header(EVP_MD_CTX *hash, const md_idx_shape *shape)
{
    uint8_t header[MD_IDX_HEADER_SIZE];
    return EVP_DigestUpdate(hash, header, md_idx_header(shape, header));
}

/* `pixels` has room for one image. 1, or 0 when libcrypto fails. */
static int hash_images(EVP_MD_CTX *hash, const md_store *store, md_split split, uint8_t *pixels)
{
    size_t n = md_store_images(store, split), features = md_store_features(store);
    const md_source_shape *shape = &store->header->shape;
    if (!hash_header(hash, &(md_idx_shape){3, {n, shape->rows, shape->columns}}))
        return 0;
    for (size_t i = 0; i < n; i++) {
        md_store_image(store, split, i, pixels);
        if (!EVP_DigestUpdate(hash, pixels, features))
            return 0;
    }
    return 1;
}

static int hash_labels(EVP_MD_CTX *hash, const md_store *store, md_split split)
{
    size_t n = md_store_images(store, split);
    return hash_header(hash, &(md_idx_shape){1, {n}}) &&
           EVP_DigestUpdate(hash, md_store_labels(store, split), n);
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

static int hash_split(EVP_MD_CTX *hash, const md_store *store, md_split split, uint8_t *pixels,
                      char **end)
{
    return EVP_DigestInit_ex(hash, EVP_sha256(), NULL) && hash_images(hash, store, split, pixels) &&
           finish_line(hash, image_files[split], end) &&
           EVP_DigestInit_ex(hash, EVP_sha256(), NULL) && hash_labels(hash, store, split) &&
           finish_line(hash, label_files[split], end);
}

md_status md_data_sha256(const md_store *store, char out[MD_DATA_SHA256_SIZE], md_error *err)
{
    size_t features = md_store_features(store);
    uint8_t *pixels = malloc(features);
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    md_status status = MD_OK;
    if (!pixels || !hash)
        status = md_fail_memory(err, "the data's SHA-256", features);
    out[0] = '\0';
    char *end = out;
    for (int split = 0; split < 2 && status == MD_OK; split++)
        if (md_store_images(store, (md_split)split) > 0 &&
            !hash_split(hash, store, (md_split)split, pixels, &end))
            status = md_fail(err, MD_FAILED,
                             "SHA-256 of the data could not be computed; check the installation "
                             "of libcrypto");
    EVP_MD_CTX_free(hash);
    free(pixels);
    return status;
}
