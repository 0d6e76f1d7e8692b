#include "cli/demo_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/buffer.h"

#define TOLERANCE_S   300
#define SECRET_PREFIX "whsec_"
#define HMAC_SIZE     32
#define SIGNATURE_MAX 64 /* "v1," and 32 bytes in base64 */

static bool same(const char *what, struct slice is, const char *wanted, struct error *err)
{
    if (wanted ? is.data && slice_is(is, wanted) : !is.data)
        return true;
    struct slice shown = is.data ? is : SLICE("missing");
    return error_set(err, ERROR_INPUT, "%s is %.*s, not %s", what, SLICE_ARGS(shown),
                     wanted ? wanted : "missing");
}

bool demo_check_request(const struct demo_act *act, const char *id,
                        const struct receiver_request *request, struct error *err)
{
    return same("the method", slice_of(request->method), act->method, err) &&
           same("the target", slice_of(request->target), act->target, err) &&
           same("content-type", receiver_header(request, "content-type"), act->content_type, err) &&
           same("authorization", receiver_header(request, "authorization"), act->authorization,
                err) &&
           same("webhook-id", receiver_header(request, "webhook-id"), id, err) &&
           same("user-agent", receiver_header(request, "user-agent"), "grapnel/" GRAPNEL_VERSION,
                err) &&
           same("the body", request->body, act->body, err);
}

/* The secret's bytes; how many, or 0 when it is not of the form whsec_BASE64. */
static size_t decode_secret(const char *secret, unsigned char key[128])
{
    if (strncmp(secret, SECRET_PREFIX, strlen(SECRET_PREFIX)) != 0)
        return 0;
    secret += strlen(SECRET_PREFIX);
    size_t size = strlen(secret);
    if (size == 0 || size > 128)
        return 0;
    int decoded = EVP_DecodeBlock(key, (const unsigned char *)secret, (int)size);
    for (size_t i = size; i > 0 && secret[i - 1] == '='; i--)
        decoded--; /* EVP_DecodeBlock counts the padding */
    return decoded > 0 ? (size_t)decoded : 0;
}

/* What webhook-signature must hold. */
static bool sign(const struct receiver_request *request, const char *secret,
                 char signature[SIGNATURE_MAX])
{
    unsigned char key[128];
    unsigned char mac[HMAC_SIZE];
    size_t key_size = decode_secret(secret, key);
    struct buffer content = {0};
    buffer_print(&content, "%.*s.%.*s.", SLICE_ARGS(receiver_header(request, "webhook-id")),
                 SLICE_ARGS(receiver_header(request, "webhook-timestamp")));
    buffer_add_slice(&content, request->body);
    bool good = key_size > 0 && !content.failed &&
                HMAC(EVP_sha256(), key, (int)key_size, (const unsigned char *)content.data,
                     content.size, mac, NULL);
    buffer_finish(&content);
    if (!good)
        return false;
    memcpy(signature, "v1,", sizeof("v1,"));
    EVP_EncodeBlock((unsigned char *)signature + 3, mac, sizeof(mac));
    return true;
}

/* Several signatures are separated by one space. */
static bool is_among(struct slice given, const char *signature)
{
    size_t size = strlen(signature);
    while (given.size >= size) {
        const char *space = memchr(given.data, ' ', given.size);
        size_t first = space ? (size_t)(space - given.data) : given.size;
        if (first == size && CRYPTO_memcmp(given.data, signature, size) == 0)
            return true;
        given = slice_from(given, space ? first + 1 : first);
    }
    return false;
}

bool demo_check_signature(const struct receiver_request *request, const char *secret,
                          int64_t unix_s, struct error *err)
{
    struct slice timestamp = receiver_header(request, "webhook-timestamp");
    struct slice given = receiver_header(request, "webhook-signature");
    char signature[SIGNATURE_MAX];
    if (!timestamp.data || !given.data)
        return error_set(err, ERROR_AUTH, "the webhook is not signed");
    /* The receiver's headers are NUL-terminated. */
    int64_t age_s = unix_s - strtoll(timestamp.data, NULL, 10);
    if (age_s > TOLERANCE_S || age_s < -TOLERANCE_S)
        return error_set(err, ERROR_AUTH, "the signature is %lld s old", (long long)age_s);
    if (!sign(request, secret, signature))
        return error_set(err, ERROR_AUTH, "the secret is not of the form whsec_BASE64");
    return is_among(given, signature) ||
           error_set(err, ERROR_AUTH, "the signature is not that of this webhook");
}

bool demo_check_result(const struct demo_act *act, const char *id, const struct result_row *row,
                       struct error *err)
{
    char attempts[16];
    char status[16];
    snprintf(attempts, sizeof(attempts), "%u", act->attempts);
    snprintf(status, sizeof(status), "%d", act->status);
    return same("the result's id", row->id, id, err) &&
           same("the result's subscription", row->subscription, act->subscription, err) &&
           same("the result's outcome", row->outcome, act->outcome, err) &&
           same("the result's attempt", row->attempt, attempts, err) &&
           same("the result's status", row->status, status, err);
}

struct slice demo_record_header(const rd_kafka_message_t *record, const char *name)
{
    rd_kafka_headers_t *headers;
    const void *value;
    size_t size;
    if (rd_kafka_message_headers(record, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return SLICE_NONE;
    return (struct slice){value, size};
}

bool demo_check_dead_letter(const struct demo_act *act, const char *id,
                            const rd_kafka_message_t *record, struct error *err)
{
    char attempts[16];
    char status[16];
    snprintf(attempts, sizeof(attempts), "%u", act->attempts);
    snprintf(status, sizeof(status), "%d", act->status);
    const struct {
        const char *name;
        const char *value;
    } wanted[] = {
        {"grapnel-id", id},
        {"grapnel-subscription", act->subscription},
        {"grapnel-reason", error_name(ERROR_STATUS)},
        {"grapnel-status", status},
        {"grapnel-attempts", attempts},
        {"grapnel-source-topic", act->topic},
        {"grapnel-source-partition", "0"},
    };
    struct slice key = {record->key, record->key_len};
    struct slice value = {record->payload, record->len};
    if (!same("the dead letter's key", key, act->key, err) ||
        !same("the dead letter's value", value, act->value, err))
        return false;
    for (size_t i = 0; i < COUNT_OF(wanted); i++)
        if (!same(wanted[i].name, demo_record_header(record, wanted[i].name), wanted[i].value, err))
            return false;
    return true;
}
