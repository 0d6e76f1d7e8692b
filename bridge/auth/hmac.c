#include "auth/hmac.h"

#include <stdlib.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

struct hmac {
    EVP_MAC_CTX *keyed; /* has hashed the key; each sum begins with a copy */
};

static EVP_MAC_CTX *create_context(const char *digest, struct slice key)
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = mac ? EVP_MAC_CTX_new(mac) : NULL;
    EVP_MAC_free(mac);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)(uintptr_t)digest, 0),
        OSSL_PARAM_construct_end(),
    };
    const unsigned char *bytes = (const unsigned char *)(key.data ? key.data : "");
    if (context && EVP_MAC_init(context, bytes, key.size, parameters))
        return context;
    EVP_MAC_CTX_free(context);
    return NULL;
}

struct hmac *hmac_create(const char *digest, struct slice key)
{
    struct hmac *hmac = calloc(1, sizeof *hmac);
    if (!hmac)
        return NULL;
    hmac->keyed = create_context(digest, key);
    if (hmac->keyed)
        return hmac;
    free(hmac);
    return NULL;
}

void hmac_destroy(struct hmac *hmac)
{
    if (!hmac)
        return;
    EVP_MAC_CTX_free(hmac->keyed);
    free(hmac);
}

bool hmac_sum(const struct hmac *hmac, const struct slice *parts, size_t count,
              unsigned char sum[HMAC_BYTES_MAX], size_t *size)
{
    EVP_MAC_CTX *context = EVP_MAC_CTX_dup(hmac->keyed);
    bool ok = context != NULL;
    for (size_t i = 0; ok && i < count; i++)
        ok = parts[i].size == 0 ||
             EVP_MAC_update(context, (const unsigned char *)parts[i].data, parts[i].size);
    ok = ok && EVP_MAC_final(context, sum, size, HMAC_BYTES_MAX);
    EVP_MAC_CTX_free(context);
    return ok;
}
