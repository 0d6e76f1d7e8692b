/* The happy path: an entry is made and lined up (registry.c); when it is its turn its first
 * request is sent; each answer is given to the entry's assembly, which says what to ask for next or
 * is complete; then the plan is made, and those who wait get their links back.
 *
 * What can fail: the registry is absent, or anybody but it answers: then nobody is asked for a
 * while, longer each time, and the entry lines up again, behind the others; or it says that there
 * is no such schema, or what it says is none: the entry has failed, which is told as well; that
 * there is none is forgotten after a while. */
#include <stdio.h>
#include <stdlib.h>

#include "decode/registry_private.h"

#define AT_ONCE          16 /* requests under way */
#define AFTER_A_MISS     4  /* the same, until there is an answer again */
#define ANSWER_BYTES     (4u << 20)
#define LONGEST_PAUSE_MS 5000

void registry_end_asking(struct registry_schema *schema)
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
    registry_settle(schema, REGISTRY_FAILED);
}

static void succeed(struct registry_schema *schema)
{
    struct error err = {0};
    if (!assembly_build(schema->assembly, &schema->plan, &err)) {
        fail(schema, &err, true);
        return;
    }
    schema->bytes = assembly_bytes(schema->assembly);
    registry_settle(schema, REGISTRY_READY);
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
             BYTES("url", registry->access.shown), STR("error", why), STR("schema", name),
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
                  SLICE_ARGS(registry->access.shown), why);
        fail(schema, &err, false);
        return;
    }
    tell_absence(schema, why);
    registry_end_asking(schema);
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
    registry->pause_ms = REGISTRY_PAUSE_MS;
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

static void answered(void *context, const struct http_exchange *exchange)
{
    struct registry_schema *schema = context;
    struct registry *registry = schema->registry;
    schema->call = NULL;
    judge(schema, exchange);
    registry_ask_those_in_turn(registry);
}

static void ask(struct registry_schema *schema)
{
    struct registry *registry = schema->registry;
    struct error err = {0};
    buffer_clear(&schema->answer);
    schema->answer.limit = ANSWER_BYTES;
    buffer_clear(&schema->url);
    buffer_add_slice(&schema->url, registry->access.base);
    assembly_next(schema->assembly, &schema->url);
    struct http_request request = registry_access_request(&registry->access, &schema->answer);
    request.url = buffer_text(&schema->url);
    if (request.url)
        schema->call = http_send(registry->http, &request, answered, schema, &err);
    if (!schema->call)
        miss(schema, ERROR_MEMORY, request.url ? err.text : "no memory for its URL");
}

/* One that was tried and that nobody waits for any more is asked for when somebody needs it. */
static void take_turn(struct registry_schema *schema)
{
    if (schema->tried && list_empty(&schema->waiters)) {
        registry_forget(schema);
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

void registry_ask_those_in_turn(struct registry *registry)
{
    struct list *link = NULL;
    while (!heap_holds(&registry->pause.node) &&
           registry->asking < (registry->missed ? AFTER_A_MISS : AT_ONCE) &&
           (link = list_pop(&registry->queue)))
        take_turn(CONTAINER_OF(link, struct registry_schema, turn));
}
