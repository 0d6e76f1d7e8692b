/* The happy path: an entry is made and lined up (registry.c); when it is its turn its first
 * request is sent; each answer is given to the entry's assembly, which says what to ask for next or
 * is complete; then the plan is made, and those who wait get their links back.
 *
 * What can fail: the registry is absent, or what is answered is not its word on the schema:
 * registry_doubt.c has that; or it says that there is no such schema, or what it says is none: the
 * entry has failed, which is told as well; that there is none is forgotten after a while. */
#include <stdio.h>
#include <stdlib.h>

#include "decode/registry_private.h"

#define AT_ONCE      16 /* requests under way */
#define AFTER_A_MISS 4  /* the same, until there is an answer again */
#define ANSWER_BYTES (4u << 20)

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
void registry_fail(struct registry_schema *schema, struct error *err, bool for_good)
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
        registry_fail(schema, &err, true);
        return;
    }
    schema->bytes = assembly_bytes(schema->assembly);
    registry_settle(schema, REGISTRY_READY);
}

/* ── asking ──────────────────────────────────────────────────────────────── */

static void ask(struct registry_schema *schema);

static void take(struct registry_schema *schema)
{
    struct buffer path = {0};
    struct error err = {0};
    bool taken = assembly_take(schema->assembly, buffer_slice(&schema->answer), &err);
    if (!taken && err.kind == ERROR_PROTOCOL) {
        registry_doubt(schema, false, err.text);
        return;
    }
    registry_note_answer(schema->registry);
    if (!taken)
        registry_fail(schema, &err, true);
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
        registry_miss(schema, exchange->kind, exchange->error);
    } else if (exchange->status == 200) {
        take(schema);
    } else if (assembly_is_unknown(exchange->status, exchange->response)) {
        registry_note_answer(schema->registry);
        error_set(&err, ERROR_DECODE, "the registry knows no such schema");
        registry_fail(schema, &err, false);
    } else {
        snprintf(why, sizeof why, "the answer is %d", exchange->status);
        registry_doubt(schema, exchange->status == 404, why);
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
        registry_miss(schema, ERROR_MEMORY, request.url ? err.text : "no memory for its URL");
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
        registry_miss(schema, ERROR_MEMORY, "no memory for a schema");
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
