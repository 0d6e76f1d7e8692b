/* The happy path: registry_find makes an entry and sends its first request; each answer is given to
 * the entry's assembly, which says what to ask for next or is complete; then the plan is made, and
 * those who wait get their links back.
 * What can fail: the registry is absent, or anybody but it answers: the entry asks again, later
 * each time; or it says that there is no such schema, or says nonsense: the entry has failed, which
 * is told as well, and is forgotten after a while. */
#include "decode/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/log.h"
#include "decode/assembly.h"
#include "decode/avro_plan.h"
#include "net/http.h"

#define BUCKETS         256
#define CONNECTIONS     4
#define ANSWER_BYTES    (4u << 20)
#define FIRST_WAIT_MS   250
#define LONGEST_WAIT_MS 15000

struct registry_schema {
    struct list bucket;
    struct list used; /* the one used last is first */
    struct registry *registry;
    struct framing framing;
    enum registry_state state;
    struct avro_plan *plan;
    size_t bytes;
    struct error err;
    /* while it waits */
    struct list waiters;
    struct assembly *assembly;
    struct http_call *call; /* NULL: the timer runs */
    struct loop_timer timer;
    struct buffer url;
    struct buffer answer;
    int64_t wait_ms;
    int64_t until_ms; /* of a failed one */
};

struct registry {
    struct registry_options options;
    struct http *http;
    struct http_options tls;
    struct buffer headers;
    struct list buckets[BUCKETS];
    struct list used;
    struct list told; /* links to be given back in the next step */
    struct loop_step step;
    size_t count;
    size_t bytes;
    unsigned awaited;
    bool told_absent;
    struct log_gate gate;
};

/* ── entries ─────────────────────────────────────────────────────────────── */

static struct list *bucket_of(struct registry *registry, const struct framing *framing)
{
    uint32_t hash = framing->id;
    if (framing->kind == FRAMING_GUID)
        memcpy(&hash, framing->guid, sizeof hash);
    return &registry->buckets[hash * 2654435761U >> 24];
}

static struct registry_schema *find(struct registry *registry, const struct framing *framing)
{
    struct list *bucket = bucket_of(registry, framing);
    for (struct list *link = bucket->next; link != bucket; link = link->next) {
        struct registry_schema *schema = CONTAINER_OF(link, struct registry_schema, bucket);
        if (framing_same_schema(&schema->framing, framing))
            return schema;
    }
    return NULL;
}

static void count_awaited(struct registry *registry, int change)
{
    registry->awaited += (unsigned)change;
    if (registry->options.metrics)
        metrics_set(registry->options.metrics, METRIC_SCHEMAS_AWAITED, METRICS_INSTANCE,
                    registry->awaited);
}

/* What asking took. */
static void end_asking(struct registry_schema *schema)
{
    if (!schema->assembly)
        return;
    assembly_destroy(schema->assembly);
    schema->assembly = NULL;
    buffer_finish(&schema->url);
    buffer_finish(&schema->answer);
    count_awaited(schema->registry, -1);
}

static void forget(struct registry_schema *schema)
{
    struct registry *registry = schema->registry;
    if (schema->call)
        http_cancel(schema->call);
    loop_disarm(registry->options.loop, &schema->timer);
    list_move_all(&registry->told, &schema->waiters);
    end_asking(schema);
    avro_plan_destroy(schema->plan);
    list_remove(&schema->bucket);
    list_remove(&schema->used);
    registry->count--;
    registry->bytes -= schema->bytes;
    free(schema);
}

/* The ones that have been unused for longest go, but for those that somebody waits for. */
static void make_room(struct registry *registry, const struct registry_schema *kept)
{
    struct list *previous = NULL;
    for (struct list *link = registry->used.prev; link != &registry->used; link = previous) {
        previous = link->prev;
        struct registry_schema *schema = CONTAINER_OF(link, struct registry_schema, used);
        if (registry->count <= REGISTRY_SCHEMAS && registry->bytes <= REGISTRY_TEXT_BYTES)
            return;
        if (schema->state != REGISTRY_WAITS && schema != kept)
            forget(schema);
    }
}

/* ── what is told ────────────────────────────────────────────────────────── */

static void settle(struct registry_schema *schema, enum registry_state state)
{
    struct registry *registry = schema->registry;
    schema->state = state;
    list_move_all(&registry->told, &schema->waiters);
    end_asking(schema);
}

/* An id means one schema for ever: one that can't be read never can. */
static void fail(struct registry_schema *schema, bool for_good)
{
    char name[FRAMING_NAME_SIZE];
    framing_name(&schema->framing, name);
    error_wrap(&schema->err, "schema %s", name);
    schema->until_ms = loop_now_ms(schema->registry->options.loop) + REGISTRY_UNKNOWN_MS;
    if (for_good && schema->err.kind == ERROR_DECODE)
        schema->until_ms = INT64_MAX;
    settle(schema, REGISTRY_FAILED);
}

static void succeed(struct registry_schema *schema)
{
    struct registry *registry = schema->registry;
    if (!assembly_build(schema->assembly, &schema->plan, &schema->err)) {
        fail(schema, true);
        return;
    }
    schema->bytes = assembly_bytes(schema->assembly);
    registry->bytes += schema->bytes;
    settle(schema, REGISTRY_READY);
    make_room(registry, schema);
}

static void before_wait(struct loop_step *step)
{
    struct registry *registry = CONTAINER_OF(step, struct registry, step);
    struct list told;
    list_init(&told);
    list_move_all(&told, &registry->told);
    if (!list_empty(&told))
        registry->options.known(registry->options.context, &told);
}

/* ── asking ──────────────────────────────────────────────────────────────── */

static void count_request(struct registry *registry, enum metric_value result)
{
    if (registry->options.metrics)
        metrics_add(registry->options.metrics, METRIC_REGISTRY_REQUESTS, METRICS_INSTANCE, result,
                    1);
}

static void ask_again(struct registry_schema *schema, const char *why)
{
    struct registry *registry = schema->registry;
    struct loop *loop = registry->options.loop;
    uint64_t held_back = 0;
    bool tells = log_gate_open(&registry->gate, loop_now_ms(loop), &held_back);
    count_request(registry, METRIC_RESULT_FAILED);
    if (tells)
        log_warn("the schema registry can't be asked; records wait for their schemas",
                 STR("url", buffer_text(&schema->url)), STR("error", why),
                 INT("schemas", registry->awaited), INT("repeated", held_back));
    registry->told_absent = registry->told_absent || tells;
    loop_arm(loop, &schema->timer, loop_now_ms(loop) + schema->wait_ms);
    schema->wait_ms *= 2;
    if (schema->wait_ms > LONGEST_WAIT_MS)
        schema->wait_ms = LONGEST_WAIT_MS;
}

/* No answer, or one that isn't the registry's about this schema. */
static void miss(struct registry_schema *schema, enum error_kind kind, const char *why)
{
    const struct settings_registry *settings = schema->registry->options.settings;
    if (!schema->registry->options.once) {
        ask_again(schema, why);
        return;
    }
    error_set(&schema->err, kind, "the schema registry at %s can't be asked: %s",
              settings->url.data, why);
    fail(schema, false);
}

static void ask(struct registry_schema *schema);

static void take(struct registry_schema *schema)
{
    struct registry *registry = schema->registry;
    struct buffer path = {0};
    count_request(registry, METRIC_RESULT_OK);
    if (registry->told_absent)
        log_info("the schema registry answers again");
    registry->told_absent = false;
    schema->wait_ms = FIRST_WAIT_MS;
    if (!assembly_take(schema->assembly, buffer_slice(&schema->answer), &schema->err))
        fail(schema, true);
    else if (assembly_next(schema->assembly, &path))
        ask(schema);
    else
        succeed(schema);
    buffer_finish(&path);
}

static void answered(void *context, const struct http_exchange *exchange)
{
    struct registry_schema *schema = context;
    char why[64];
    schema->call = NULL;
    if (exchange->kind != ERROR_NONE) {
        miss(schema, exchange->kind, exchange->error);
    } else if (exchange->status == 200) {
        take(schema);
    } else if (assembly_is_unknown(exchange->status, exchange->response)) {
        count_request(schema->registry, METRIC_RESULT_OK);
        error_set(&schema->err, ERROR_DECODE, "the registry knows no such schema");
        fail(schema, false);
    } else {
        snprintf(why, sizeof why, "the answer is %d", exchange->status);
        miss(schema, ERROR_STATUS, why);
    }
}

static void ask(struct registry_schema *schema)
{
    struct registry *registry = schema->registry;
    struct slice base = text_slice(&registry->options.settings->url);
    struct error err = {0};
    while (base.size && base.data[base.size - 1] == '/')
        base.size--;
    buffer_clear(&schema->answer);
    schema->answer.limit = ANSWER_BYTES;
    buffer_clear(&schema->url);
    buffer_add_slice(&schema->url, base);
    assembly_next(schema->assembly, &schema->url);
    const struct http_request request = {
        .method = "GET",
        .url = buffer_text(&schema->url),
        .headers = buffer_slice(&registry->headers),
        .timeout_ms = registry->options.settings->timeout_ms,
        .options = &registry->tls,
        .whole = &schema->answer,
    };
    if (request.url)
        schema->call = http_send(registry->http, &request, answered, schema, &err);
    if (!schema->call)
        miss(schema, ERROR_MEMORY, request.url ? err.text : "no memory for its URL");
}

/* Nobody may wait any more: then it is asked for when somebody needs it. */
static void ask_after_wait(struct loop_timer *timer)
{
    struct registry_schema *schema = CONTAINER_OF(timer, struct registry_schema, timer);
    if (list_empty(&schema->waiters))
        forget(schema);
    else
        ask(schema);
}

/* ── life ────────────────────────────────────────────────────────────────── */

static struct registry_schema *add(struct registry *registry, const struct framing *framing)
{
    struct registry_schema *schema = calloc(1, sizeof *schema);
    if (!schema)
        return NULL;
    schema->assembly = assembly_create(framing);
    if (!schema->assembly) {
        free(schema);
        return NULL;
    }
    schema->registry = registry;
    schema->framing = *framing;
    schema->state = REGISTRY_WAITS;
    schema->wait_ms = FIRST_WAIT_MS;
    schema->timer.fire = ask_after_wait;
    list_init(&schema->waiters);
    list_push(bucket_of(registry, framing), &schema->bucket);
    list_push_front(&registry->used, &schema->used);
    registry->count++;
    count_awaited(registry, 1);
    make_room(registry, schema);
    ask(schema);
    return schema;
}

enum registry_state registry_find(struct registry *registry, const struct framing *framing,
                                  struct registry_schema **schema, struct error *err)
{
    struct registry_schema *found = find(registry, framing);
    if (found && found->state == REGISTRY_FAILED &&
        found->until_ms <= loop_now_ms(registry->options.loop)) {
        forget(found);
        found = NULL;
    }
    if (!found)
        found = add(registry, framing);
    if (!found) {
        error_set(err, ERROR_MEMORY, "no memory for a schema");
        return REGISTRY_FAILED;
    }
    if (registry->used.next != &found->used) {
        list_remove(&found->used);
        list_push_front(&registry->used, &found->used);
    }
    *schema = found;
    if (found->state == REGISTRY_FAILED && err)
        *err = found->err;
    return found->state;
}

struct avro_plan *registry_plan(const struct registry_schema *schema)
{
    return schema->plan;
}

void registry_wait(struct registry_schema *schema, struct list *waiter)
{
    list_push(&schema->waiters, waiter);
}

/* RFC 7617. */
static void add_authorization(struct buffer *headers, const struct settings_registry *settings)
{
    struct buffer plain = {0};
    buffer_add_slice(&plain, text_slice(&settings->username));
    buffer_add_char(&plain, ':');
    buffer_add_slice(&plain, text_slice(&settings->password));
    buffer_add_text(headers, "Authorization: Basic ");
    base64_add(headers, buffer_slice(&plain));
    buffer_add_char(headers, '\0');
    if (plain.data)
        explicit_bzero(plain.data, plain.capacity);
    buffer_finish(&plain);
}

static bool write_headers(struct buffer *headers, const struct settings_registry *settings)
{
    static const char lines[] = "Accept: application/vnd.schemaregistry.v1+json, application/json\0"
                                "User-Agent: grapnel/" GRAPNEL_VERSION;
    buffer_add(headers, lines, sizeof lines);
    if (settings->username.data)
        add_authorization(headers, settings);
    return !headers->failed;
}

struct registry *registry_create(const struct registry_options *options, struct error *err)
{
    struct registry *registry = calloc(1, sizeof *registry);
    if (!registry) {
        error_set(err, ERROR_MEMORY, "no memory for a schema registry's client");
        return NULL;
    }
    registry->options = *options;
    registry->tls.ca_file = options->settings->ca_file.data;
    for (size_t i = 0; i < BUCKETS; i++)
        list_init(&registry->buckets[i]);
    list_init(&registry->used);
    list_init(&registry->told);
    list_init(&registry->step.link);
    registry->step.run = before_wait;
    registry->http = http_create(options->loop, CONNECTIONS, err);
    if (!registry->http || !write_headers(&registry->headers, options->settings)) {
        registry_destroy(registry);
        return NULL;
    }
    loop_add_step(options->loop, &registry->step);
    return registry;
}

void registry_destroy(struct registry *registry)
{
    if (!registry)
        return;
    while (!list_empty(&registry->used))
        forget(CONTAINER_OF(registry->used.next, struct registry_schema, used));
    while (list_pop(&registry->told))
        continue;
    list_remove(&registry->step.link);
    http_destroy(registry->http);
    if (registry->headers.data)
        explicit_bzero(registry->headers.data, registry->headers.capacity);
    buffer_finish(&registry->headers);
    free(registry);
}
