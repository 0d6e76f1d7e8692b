/* What can fail of asking a registry.
 *
 * No answer: it is absent. Nobody is asked for a while, longer each time, and then few at once.
 *
 * An answer that is not its word on the schema: a 404 without an error code, a 401, a 500, a page
 * of HTML. A proxy whose registry is away says such things, and so does a registry to one question
 * of many. Which it is, is found out by a question that all registries answer alike: what types of
 * schemas they take. If it is answered, the registry is there: a 404 then means that there is no
 * such schema, and anything else is that schema's own trouble, which waits alone. If not, the
 * registry counts as absent. An entry in doubt holds no place that others could be asked in. */
#include <stdio.h>
#include <jansson.h>

#include "decode/registry_private.h"

#define TYPES_PATH         "/schemas/types"
#define TYPES_ANSWER_BYTES 4096
#define OWN_LONGEST_MS     10000

static void count_request(struct registry *registry, enum metric_value result)
{
    if (registry->options.metrics)
        metrics_add(registry->options.metrics, METRIC_REGISTRY_REQUESTS, METRICS_INSTANCE, result,
                    1);
}

void registry_note_answer(struct registry *registry)
{
    count_request(registry, METRIC_RESULT_OK);
    if (registry->told_absent)
        log_info("the schema registry answers again");
    registry->told_absent = false;
    registry->missed = false;
    registry->pause_ms = REGISTRY_PAUSE_MS;
}

static int64_t doubled(int64_t pause_ms, int64_t longest_ms)
{
    return pause_ms < longest_ms / 2 ? pause_ms * 2 : longest_ms;
}

/* True: it has been told, and not held back. */
static bool tell(const struct registry_schema *schema, const char *what, const char *why)
{
    struct registry *registry = schema->registry;
    char name[FRAMING_NAME_SIZE];
    uint64_t held_back = 0;
    if (!log_gate_open(&registry->gate, loop_now_ms(registry->options.loop), &held_back))
        return false;
    framing_name(&schema->framing, name);
    log_warn(what, BYTES("url", registry->access.shown), STR("error", why), STR("schema", name),
             INT("schemas", registry->awaited), INT("repeated", held_back));
    return true;
}

/* ── the registry is absent ──────────────────────────────────────────────── */

static void fail_once(struct registry_schema *schema, enum error_kind kind, const char *why)
{
    struct error err = {0};
    error_set(&err, kind, "the schema registry at %.*s can't be asked: %s",
              SLICE_ARGS(schema->registry->access.shown), why);
    registry_fail(schema, &err, false);
}

static void give_up_for_now(struct registry_schema *schema, enum error_kind kind, const char *why)
{
    struct registry *registry = schema->registry;
    struct loop *loop = registry->options.loop;
    if (registry->options.once) {
        fail_once(schema, kind, why);
        return;
    }
    if (tell(schema, "the schema registry can't be asked; records wait for their schemas", why))
        registry->told_absent = true;
    registry_end_asking(schema);
    list_push(&registry->queue, &schema->turn);
    registry->missed = true;
    if (heap_holds(&registry->pause.node))
        return;
    loop_arm(loop, &registry->pause, loop_now_ms(loop) + registry->pause_ms);
    registry->pause_ms = doubled(registry->pause_ms, REGISTRY_LONGEST_PAUSE_MS);
}

void registry_miss(struct registry_schema *schema, enum error_kind kind, const char *why)
{
    count_request(schema->registry, METRIC_RESULT_FAILED);
    give_up_for_now(schema, kind, why);
}

/* ── it is there ─────────────────────────────────────────────────────────── */

static void own_pause_over(struct loop_timer *timer)
{
    struct registry_schema *schema = CONTAINER_OF(timer, struct registry_schema, pause);
    list_push(&schema->registry->queue, &schema->turn);
    registry_ask_those_in_turn(schema->registry);
}

static void wait_alone(struct registry_schema *schema)
{
    struct loop *loop = schema->registry->options.loop;
    tell(schema, "the schema registry doesn't tell a schema; its records wait", schema->why);
    schema->pause.fire = own_pause_over;
    schema->pause_ms =
        schema->pause_ms ? doubled(schema->pause_ms, OWN_LONGEST_MS) : REGISTRY_PAUSE_MS;
    loop_arm(loop, &schema->pause, loop_now_ms(loop) + schema->pause_ms);
}

static void judge(struct registry_schema *schema, bool there)
{
    struct error err = {0};
    if (there && schema->not_found) {
        error_set(&err, ERROR_DECODE, "the registry knows no such schema");
        registry_fail(schema, &err, false);
    } else if (there && !schema->registry->options.once) {
        wait_alone(schema);
    } else {
        give_up_for_now(schema, ERROR_STATUS, schema->why);
    }
}

/* ── which of the two ────────────────────────────────────────────────────── */

static void ask_whether_it_is_there(struct registry *registry);

static void judge_all(struct registry *registry, bool there)
{
    struct list *link = NULL;
    while ((link = list_pop(&registry->judged)))
        judge(CONTAINER_OF(link, struct registry_schema, turn), there);
}

/* ["AVRO", "JSON", …] */
static bool names_types(const struct http_exchange *exchange)
{
    if (exchange->kind != ERROR_NONE || exchange->status != 200)
        return false;
    json_t *types = json_loadb(exchange->response.data, exchange->response.size, 0, NULL);
    bool names = json_is_string(json_array_get(types, 0));
    json_decref(types);
    return names;
}

static void question_answered(void *context, const struct http_exchange *exchange)
{
    struct registry *registry = context;
    bool there = names_types(exchange);
    registry->question = NULL;
    if (there)
        registry_note_answer(registry);
    else
        count_request(registry, METRIC_RESULT_FAILED);
    judge_all(registry, there);
    ask_whether_it_is_there(registry);
    registry_ask_those_in_turn(registry);
}

/* One question is for all who were in doubt when it was asked: that it is there says nothing of an
 * answer that came later. */
static void ask_whether_it_is_there(struct registry *registry)
{
    struct error err = {0};
    if (registry->question || list_empty(&registry->doubted))
        return;
    list_move_all(&registry->judged, &registry->doubted);
    buffer_clear(&registry->question_answer);
    buffer_clear(&registry->question_url);
    registry->question_answer.limit = TYPES_ANSWER_BYTES;
    buffer_add_slice(&registry->question_url, registry->access.base);
    buffer_add_text(&registry->question_url, TYPES_PATH);
    struct http_request request =
        registry_access_request(&registry->access, &registry->question_answer);
    request.url = buffer_text(&registry->question_url);
    if (request.url)
        registry->question = http_send(registry->http, &request, question_answered, registry, &err);
    if (!registry->question)
        judge_all(registry, false);
}

void registry_doubt(struct registry_schema *schema, bool not_found, const char *why)
{
    struct registry *registry = schema->registry;
    count_request(registry, METRIC_RESULT_FAILED);
    snprintf(schema->why, sizeof schema->why, "%s", why);
    schema->not_found = not_found;
    registry_end_asking(schema);
    list_push(&registry->doubted, &schema->turn);
    ask_whether_it_is_there(registry);
}

void registry_end_doubt(struct registry *registry)
{
    if (registry->question)
        http_cancel(registry->question);
    registry->question = NULL;
    buffer_finish(&registry->question_url);
    buffer_finish(&registry->question_answer);
}
