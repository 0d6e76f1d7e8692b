/* One subscription as it is written in YAML, checked, with `defaults` merged under it and defaults
 * filled in. A plain value: immutable once read, shared by all threads, owned by its settings.
 *
 * Expressions are still text here: render/ and match/ compile them, and report at their place. */
#ifndef CONFIG_SUBSCRIPTION_H
#define CONFIG_SUBSCRIPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/number.h"
#include "config/problems.h"

struct schema;
struct schema_reader;
struct yaml_node;

enum format { FORMAT_AUTO, FORMAT_JSON, FORMAT_AVRO, FORMAT_TEXT, FORMAT_BINARY };
/* BODY_DEFAULT: none for GET, else event; resolved once a subscription is read. */
enum body_kind {
    BODY_DEFAULT,
    BODY_EVENT,
    BODY_NONE,
    BODY_JSON,
    BODY_FORM,
    BODY_XML,
    BODY_TEXT,
    BODY_JQ,
    BODY_CLOUDEVENTS,
};
enum sign_style { SIGN_NONE, SIGN_STANDARD };
enum http_version { HTTP_1_1, HTTP_2 };
enum tls_version { TLS_1_2, TLS_1_3 };
enum exhausted { EXHAUSTED_SKIP, EXHAUSTED_PARK, EXHAUSTED_STOP };

struct texts {
    struct text *items;
    size_t count;
};

/* `query`, `headers` and `body: form`, in the order they are written. */
struct named_text {
    struct text name;
    struct text value;
};

struct named_texts {
    struct named_text *items;
    size_t count;
};

struct subscription_start {
    enum { START_LATEST, START_EARLIEST, START_TIME } at;
    int64_t unix_ms; /* START_TIME */
};

struct subscription_request {
    struct text method; /* GET POST PUT PATCH DELETE */
    struct text url;    /* a template */
    struct named_texts query;
    struct named_texts headers;
    struct texts forward_headers; /* names; * stands for any characters */
    size_t gzip_bytes;            /* from so many on a body is packed; 0: never */
    enum body_kind body_kind;
    const struct yaml_node *body; /* under json:, form:, xml:, … */
};

struct subscription_auth {
    struct text bearer;
    struct text basic_username;
    struct text basic_password;
    struct text api_key_header; /* one of these two names it */
    struct text api_key_query;
    struct text api_key_value;
};

struct subscription_tls {
    struct text ca_file; /* path, relative to the file it stands in made absolute */
    enum tls_version min_version;
    struct text pinned_public_key; /* curl's form: sha256//BASE64[;…] */
};

/* Statuses as a set: delivery.success, delivery.retry.never. */
struct status_set {
    uint64_t bits[10]; /* bit n: status n, 0…639 */
};

struct subscription_delivery {
    int64_t timeout_ms;
    struct status_set success;
    int64_t *retry_schedule_ms;
    size_t retry_count;
    unsigned jitter_percent;
    struct status_set never;
    unsigned in_flight;
    bool ordered;             /* order: key */
    enum exhausted exhausted; /* of a key, where ordered */
    enum http_version http;
    size_t max_body_bytes;
    struct number_rate rate;   /* count 0: unlimited */
    unsigned breaker_failures; /* 0: there is no breaker */
    int64_t breaker_pause_ms;
    int64_t max_age_ms; /* 0: unlimited */
};

struct subscription {
    const char *name;
    struct place at;
    struct texts topics;
    struct texts events; /* count 0: all */
    struct text filter;  /* a program; not given: all */
    struct text id;      /* a template; not given: the position */
    struct text group;   /* whom it shares a consumer with; not given: nobody */
    enum format format;
    struct place format_at;
    bool deliver_tombstones;
    struct subscription_start start;
    struct subscription_request request;
    struct subscription_auth auth;
    enum sign_style sign_style;
    struct texts sign_secrets;
    const struct text_secret *secrets; /* what is never shown of it: secrets.h */
    struct subscription_tls tls;
    struct subscription_delivery delivery;
};

#define GROUP_PREFIX "grapnel." /* of each consumer group's name in Kafka */

/* Its consumer group is GROUP_PREFIX and this. */
static inline const char *subscription_group(const struct subscription *sub)
{
    return sub->group.data ? sub->group.data : sub->name;
}

/* The rows of subscription.def. */
extern const struct schema subscription_schema;

/* Reads the mapping `node`, with the mapping `defaults` (NULL: none) merged under it, into `sub`.
 * Every mistake is added to the reader's problems; what could be read is in `sub` all the same,
 * whose `name`, `topics` and `request.url` may then be NULL or empty. `sub` borrows from the
 * reader's arena. */
void subscription_read(const struct schema_reader *reader, const struct yaml_node *defaults,
                       const struct yaml_node *node, struct subscription *sub);

/* The mistakes in `defaults` itself, which show even where there is no subscription. */
void subscription_check_defaults(const struct schema_reader *reader, const struct yaml_node *node);

static inline bool status_set_has(const struct status_set *set, int status)
{
    return status >= 0 && status < 640 && (set->bits[status / 64] >> (status % 64) & 1);
}

static inline void status_set_add(struct status_set *set, int status)
{
    if (status >= 0 && status < 640)
        set->bits[status / 64] |= UINT64_C(1) << (status % 64);
}

#endif
