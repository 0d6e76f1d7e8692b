/* Standard Webhooks 1.0.0, HMAC-SHA256:
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
#include <stdio.h>
#include <string.h>

#include "auth/hmac.h"
#include "auth/sign_method.h"
#include "base/base64.h"

#define KEY_BYTES_MIN 24
#define KEY_BYTES_MAX 64
#define KEY_ROOM      128

static void *create_key(struct slice secret)
{
    static const struct slice prefix = {"whsec_", 6};
    if (!secret.data || !slice_starts(secret, prefix))
        return NULL;
    struct buffer key = {.limit = KEY_ROOM};
    struct hmac *hmac = NULL;
    if (base64_decode(slice_from(secret, prefix.size), &key) && key.size >= KEY_BYTES_MIN &&
        key.size <= KEY_BYTES_MAX)
        hmac = hmac_create("SHA256", buffer_slice(&key));
    if (key.data)
        explicit_bzero(key.data, key.capacity);
    buffer_finish(&key);
    return hmac;
}

static void destroy_key(void *key)
{
    hmac_destroy(key);
}

/* During a rotation there are several signatures, separated by a space. */
static bool sign(void *const *keys, size_t key_count, const struct sign_input *input,
                 struct buffer *headers)
{
    char timestamp[24];
    snprintf(timestamp, sizeof timestamp, "%lld", (long long)input->timestamp_s);
    const struct slice parts[] = {input->id, SLICE("."), slice_of(timestamp), SLICE("."),
                                  input->body};
    buffer_add_text(headers, "webhook-signature: ");
    for (size_t i = 0; i < key_count; i++) {
        unsigned char sum[HMAC_BYTES_MAX];
        size_t size = 0;
        if (!hmac_sum(keys[i], parts, COUNT_OF(parts), sum, &size))
            return false;
        buffer_add_text(headers, i ? " v1," : "v1,");
        base64_add(headers, (struct slice){(const char *)sum, size});
    }
    buffer_add_char(headers, '\0');
    return !headers->failed;
}

static const char *const header_names[] = {"webhook-signature", NULL};

const struct sign_method sign_standard = {
    .headers = header_names,
    .secret_form = "whsec_ and 24 to 64 bytes in base64",
    .create_key = create_key,
    .destroy_key = destroy_key,
    .sign = sign,
};
