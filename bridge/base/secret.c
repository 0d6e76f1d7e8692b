#include "base/secret.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>

#include "base/memory.h"

struct secret secret_copy(struct slice text)
{
    char *bytes = memory_need(malloc(text.size + 1));
    if (text.size)
        memcpy(bytes, text.data, text.size);
    bytes[text.size] = '\0';
    return (struct secret){bytes, text.size};
}

void secret_finish(struct secret *secret)
{
    if (secret->bytes)
        explicit_bzero(secret->bytes, secret->size);
    free(secret->bytes);
    *secret = (struct secret){0};
}

bool secret_equal(const struct secret *secret, struct slice text)
{
    return secret->bytes && secret->size == text.size &&
           CRYPTO_memcmp(secret->bytes, text.data, text.size) == 0;
}
