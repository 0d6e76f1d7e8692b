/* Keeps schemas: those that are known, and those that somebody waits for. How they are asked for is
 * in registry_ask.c, and what an odd answer means in registry_doubt.c. */
#include "decode/registry.h"

#include <stdlib.h>
#include <string.h>

#include "decode/registry_private.h"

#define CONNECTIONS 4

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

void registry_forget(struct registry_schema *schema)
{
    struct registry *registry = schema->registry;
    if (schema->state == REGISTRY_WAITS)
        count_awaited(registry, -1);
    registry_end_asking(schema);
    list_move_all(&registry->told, &schema->waiters);
    list_remove(&schema->bucket);
    list_remove(&schema->used);
    list_remove(&schema->turn);
    loop_disarm(registry->options.loop, &schema->pause);
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
            registry_forget(schema);
    }
}

/* ── what is told ────────────────────────────────────────────────────────── */

void registry_settle(struct registry_schema *schema, enum registry_state state)
{
    struct registry *registry = schema->registry;
    schema->state = state;
    count_awaited(registry, -1);
    list_move_all(&registry->told, &schema->waiters);
    registry_end_asking(schema);
    registry->bytes += schema->bytes;
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

static void pause_over(struct loop_timer *timer)
{
    registry_ask_those_in_turn(CONTAINER_OF(timer, struct registry, pause));
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
    registry_ask_those_in_turn(registry);
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
        registry_forget(found);
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

struct registry *registry_create(const struct registry_options *options, struct error *err)
{
    struct registry *registry = calloc(1, sizeof *registry);
    if (!registry) {
        error_set(err, ERROR_MEMORY, "no memory for a schema registry's client");
        return NULL;
    }
    registry->options = *options;
    for (size_t i = 0; i < REGISTRY_BUCKETS; i++)
        list_init(&registry->buckets[i]);
    list_init(&registry->used);
    list_init(&registry->queue);
    list_init(&registry->doubted);
    list_init(&registry->judged);
    list_init(&registry->told);
    list_init(&registry->step.link);
    registry->pause.fire = pause_over;
    registry->pause_ms = REGISTRY_PAUSE_MS;
    registry->step.run = before_wait;
    registry->http = http_create(options->loop, CONNECTIONS, err);
    if (!registry->http || !registry_access_init(&registry->access, options->settings)) {
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
        registry_forget(CONTAINER_OF(registry->used.next, struct registry_schema, used));
    while (list_pop(&registry->told))
        continue;
    registry_end_doubt(registry);
    loop_disarm(registry->options.loop, &registry->pause);
    list_remove(&registry->step.link);
    http_destroy(registry->http);
    registry_access_finish(&registry->access);
    free(registry);
}
