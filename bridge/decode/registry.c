/* The happy path: registry_find makes an entry and lines it up; when it is its turn its first
 * request is sent; each answer is given to the entry's assembly, which says what to ask for next or
 * is complete; then the plan is made, and those who wait get their links back. What can fail: the
 * registry is absent, or anybody but it answers: then nobody is asked for a while, longer each
 * time, and the entry lines up again, behind the others; or it says that there is no such schema,
 * or what it says is none: the entry has failed, which is told as well; that there is none is
 * forgotten after a while. */
#include "decode/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/log.h"
#include "decode/assembly.h"
#include "decode/avro_plan.h"
#include "net/http.h"

#define BUCKETS          256
#define CONNECTIONS      4
#define AT_ONCE          16 /* requests under way */
#define AFTER_A_MISS     4  /* the same, until there is an answer again */
#define ANSWER_BYTES     (4u << 20)
#define FIRST_PAUSE_MS   250
#define LONGEST_PAUSE_MS 5000

struct registry_schema {
    struct list bucket;
    struct list used; /* the one used last is first */
    struct list turn; /* while it waits for its turn to be asked for */
    struct list waiters;
    struct registry *registry;
    struct framing framing;
    enum registry_state state;
    struct avro_plan *plan;
    size_t bytes;
    struct error *failure; /* REGISTRY_FAILED; NULL: there was no memory for it */
    int64_t until_ms;      /* how long that holds */
    bool tried;
    /* while it is asked for */
    struct assembly *assembly;
    struct http_call *call;
    struct buffer url;
    struct buffer answer;
};

struct registry {
    struct registry_options options;
    struct http *http;
    struct http_options tls;
    struct buffer headers;
    struct slice shown; /* what may be shown of the url */
    struct list buckets[BUCKETS];
    struct list used;
    struct list queue; /* of entries, by `turn` */
    struct list told;  /* links to be given back in the next step */
    struct loop_step step;
    struct loop_timer pause;
    int64_t pause_ms; /* the next one's length */
    bool missed;      /* there was no answer to the last request */
    bool told_absent;
    struct log_gate gate;
    unsigned asking;
    unsigned awaited;
    size_t count;
    size_t bytes;
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
    if (schema->assembly)
        schema->registry->asking--;
    if (schema->call)
        http_cancel(schema->call);
    schema->call = NULL;
    assembly_destroy(schema->assembly);
    schema->assembly = NULL;
    buffer_finish(&schema->url);
    buffer_finish(&schema->answer);
}

static void forget(struct registry_schema *schema)
{
    struct registry *registry = schema->registry;
    if (schema->state == REGISTRY_WAITS)
        count_awaited(registry, -1);
    end_asking(schema);
    list_move_all(&registry->told, &schema->waiters);
    list_remove(&schema->bucket);
    list_remove(&schema->used);
    list_remove(&schema->turn);
    registry->count--;
    registry->bytes -= schema->bytes;
    avro_plan_destroy(schema->plan);
    free(schema->failure);
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
    schema->state = state;
    count_awaited(schema->registry, -1);
    list_move_all(&schema->registry->told, &schema->waiters);
    end_asking(schema);
}

/* An id means one schema for ever: one that can't be read never can. */
static void fail(struct registry_schema *schema, struct error *err, bool for_good)
{
    char name[FRAMING_NAME_SIZE];
    framing_name(&schema->framing, name);
    error_wrap(err, "schema %s", name);
    schema->failure = malloc(sizeof *schema->failure);
    if (schema->failure)
        *schema->failure = *err;
    schema->until_ms = loop_now_ms(schema->registry->options.loop) + REGISTRY_UNKNOWN_MS;
    if (for_good && schema->failure && err->kind == ERROR_DECODE)
        schema->until_ms = INT64_MAX;
    settle(schema, REGISTRY_FAILED);
}

static void succeed(struct registry_schema *schema)
{
    struct registry *registry = schema->registry;
    struct error err = {0};
    if (!assembly_build(schema->assembly, &schema->plan, &err)) {
        fail(schema, &err, true);
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

static void tell_absence(struct registry_schema *schema, const char *why)
{
    struct registry *registry = schema->registry;
    char name[FRAMING_NAME_SIZE];
    uint64_t held_back = 0;
    if (!log_gate_open(&registry->gate, loop_now_ms(registry->options.loop), &held_back))
        return;
    registry->told_absent = true;
    framing_name(&schema->framing, name);
    log_warn("the schema registry can't be asked; records wait for their schemas",
             BYTES("url", registry->shown), STR("error", why), STR("schema", name),
             INT("schemas", registry->awaited), INT("repeated", held_back));
}

/* No answer, or one that isn't the registry's about this schema. */
static void miss(struct registry_schema *schema, enum error_kind kind, const char *why)
{
    struct registry *registry = schema->registry;
    struct loop *loop = registry->options.loop;
    struct error err = {0};
    count_request(registry, METRIC_RESULT_FAILED);
    if (registry->options.once) {
        error_set(&err, kind, "the schema registry at %.*s can't be asked: %s",
                  SLICE_ARGS(registry->shown), why);
        fail(schema, &err, false);
        return;
    }
    tell_absence(schema, why);
    end_asking(schema);
    list_push(&registry->queue, &schema->turn);
    registry->missed = true;
    if (heap_holds(&registry->pause.node))
        return;
    loop_arm(loop, &registry->pause, loop_now_ms(loop) + registry->pause_ms);
    registry->pause_ms *= 2;
    if (registry->pause_ms > LONGEST_PAUSE_MS)
        registry->pause_ms = LONGEST_PAUSE_MS;
}

static void note_answer(struct registry *registry)
{
    count_request(registry, METRIC_RESULT_OK);
    if (registry->told_absent)
        log_info("the schema registry answers again");
    registry->told_absent = false;
    registry->missed = false;
    registry->pause_ms = FIRST_PAUSE_MS;
}

static void ask(struct registry_schema *schema);

static void take(struct registry_schema *schema)
{
    struct buffer path = {0};
    struct error err = {0};
    bool taken = assembly_take(schema->assembly, buffer_slice(&schema->answer), &err);
    if (!taken && err.kind == ERROR_PROTOCOL) {
        miss(schema, err.kind, err.text);
        return;
    }
    note_answer(schema->registry);
    if (!taken)
        fail(schema, &err, true);
    else if (assembly_next(schema->assembly, &path))
        ask(schema);
    else
        succeed(schema);
    buffer_finish(&path);
}

static void judge(struct registry_schema *schema, const struct http_exchange *exchange)
{
    char why[64];
    struct error err = {0};
    if (exchange->kind != ERROR_NONE) {
        miss(schema, exchange->kind, exchange->error);
    } else if (exchange->status == 200) {
        take(schema);
    } else if (assembly_is_unknown(exchange->status, exchange->response)) {
        note_answer(schema->registry);
        error_set(&err, ERROR_DECODE, "the registry knows no such schema");
        fail(schema, &err, false);
    } else {
        snprintf(why, sizeof why, "the answer is %d", exchange->status);
        miss(schema, ERROR_STATUS, why);
    }
}

static void ask_those_in_turn(struct registry *registry);

static void answered(void *context, const struct http_exchange *exchange)
{
    struct registry_schema *schema = context;
    struct registry *registry = schema->registry;
    schema->call = NULL;
    judge(schema, exchange);
    ask_those_in_turn(registry);
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

/* One that was tried and that nobody waits for any more is asked for when somebody needs it. */
static void take_turn(struct registry_schema *schema)
{
    if (schema->tried && list_empty(&schema->waiters)) {
        forget(schema);
        return;
    }
    schema->tried = true;
    schema->assembly = assembly_create(&schema->framing);
    if (!schema->assembly) {
        miss(schema, ERROR_MEMORY, "no memory for a schema");
        return;
    }
    schema->registry->asking++;
    ask(schema);
}

static void ask_those_in_turn(struct registry *registry)
{
    struct list *link = NULL;
    while (!heap_holds(&registry->pause.node) &&
           registry->asking < (registry->missed ? AFTER_A_MISS : AT_ONCE) &&
           (link = list_pop(&registry->queue)))
        take_turn(CONTAINER_OF(link, struct registry_schema, turn));
}

static void pause_over(struct loop_timer *timer)
{
    ask_those_in_turn(CONTAINER_OF(timer, struct registry, pause));
}

/* ── life ────────────────────────────────────────────────────────────────── */

static struct registry_schema *add(struct registry *registry, const struct framing *framing)
{
    struct registry_schema *schema = calloc(1, sizeof *schema);
    if (!schema)
        return NULL;
    schema->registry = registry;
    schema->framing = *framing;
    schema->framing.payload = SLICE_NONE; /* of one record only */
    schema->state = REGISTRY_WAITS;
    list_init(&schema->waiters);
    list_push(bucket_of(registry, framing), &schema->bucket);
    list_push_front(&registry->used, &schema->used);
    list_push(&registry->queue, &schema->turn);
    registry->count++;
    count_awaited(registry, 1);
    make_room(registry, schema);
    ask_those_in_turn(registry);
    return schema;
}

static void tell_failure(const struct registry_schema *schema, struct error *err)
{
    if (schema->failure && err)
        *err = *schema->failure;
    else
        error_set(err, ERROR_MEMORY, "no memory for a schema");
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
    if (found->state == REGISTRY_FAILED)
        tell_failure(found, err);
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

/* Of one that an ${env:} or ${file:} filled in, as of every such URL, scheme and host. */
static struct slice shown_part(const struct text *url)
{
    struct slice whole = text_slice(url);
    const char *host = strstr(url->data, "://");
    const char *path = url->secret && host ? strchr(host + 3, '/') : NULL;
    return path ? (struct slice){whole.data, (size_t)(path - whole.data)} : whole;
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
    registry->shown = shown_part(&options->settings->url);
    for (size_t i = 0; i < BUCKETS; i++)
        list_init(&registry->buckets[i]);
    list_init(&registry->used);
    list_init(&registry->queue);
    list_init(&registry->told);
    list_init(&registry->step.link);
    registry->pause.fire = pause_over;
    registry->pause_ms = FIRST_PAUSE_MS;
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
    loop_disarm(registry->options.loop, &registry->pause);
    list_remove(&registry->step.link);
    http_destroy(registry->http);
    if (registry->headers.data)
        explicit_bzero(registry->headers.data, registry->headers.capacity);
    buffer_finish(&registry->headers);
    free(registry);
}
