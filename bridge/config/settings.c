/* The happy path: the main file by settings.def; the files and mappings under `subscriptions`; each
 * subscription by subscription.def, with `defaults` merged under it; then what no key alone can
 * know. What can fail is the user's text: every step notes it and goes on. */
#include "config/settings.h"

#include <stdlib.h>
#include <string.h>

#include "config/groups.h"
#include "config/settings_types.h"
#include "config/sources.h"
#include "config/subscription_types.h"

#define SCHEMA_STRUCT struct settings
#include "config/schema_rows.h"

static const struct schema_row rows[] = {
#include "config/settings.def"
};

const struct schema settings_schema = {rows, COUNT_OF(rows)};

_Static_assert(COUNT_OF(rows) <= SCHEMA_ROWS_MAX, "a reading has room for each row");

static void check_admin(const struct settings *settings, struct problems *problems)
{
    const struct settings_admin *admin = &settings->admin;
    if (admin->listen.data && admin->token_count == 0 &&
        !schema_is_loopback(text_slice(&admin->listen)))
        problems_add(problems, admin->listen.at,
                     "listen: without tokens only a loopback address such as 127.0.0.1:8088 may be "
                     "listened on");
}

static bool same_topic(const struct text *a, const struct text *b)
{
    return a->data && b->data && slice_equal(text_slice(a), text_slice(b));
}

/* Each topic has one kind of record. */
static void check_topics(const struct settings_topics *topics, const struct schema_reading *reading)
{
    const struct {
        const char *path;
        const struct text *topic;
    } all[] = {
        {"topics.results", &topics->results},   {"topics.dead_letters", &topics->dead_letters},
        {"topics.retries", &topics->retries},   {"topics.state", &topics->state},
        {"topics.webhooks", &topics->webhooks},
    };
    for (size_t i = 0; i < COUNT_OF(all); i++)
        for (size_t j = 0; j < i; j++)
            if (same_topic(all[i].topic, all[j].topic)) {
                const struct yaml_node *late = schema_given(reading, all[i].path);
                const struct yaml_node *node = late ? late : schema_given(reading, all[j].path);
                problems_add(reading->reader->problems, node->at,
                             "%s and %s can't be the same topic", all[j].path, all[i].path);
            }
}

/* A result of each delivered result, and of that one again. */
static void check_loop(const struct settings *settings, const struct subscription *sub,
                       struct problems *problems)
{
    if (settings->results_record == RECORD_FAILURES)
        return;
    for (size_t i = 0; i < sub->topics.count; i++)
        if (same_topic(&sub->topics.items[i], &settings->topics.results))
            problems_add(problems, sub->topics.items[i].at,
                         "topics: each delivery writes a result to this topic, so that reading it "
                         "would never end; with results: { record: failures } it may be read");
}

static void check_registry(const struct schema_reading *reading)
{
    const struct yaml_node *username = schema_given(reading, "registry.username");
    const struct yaml_node *password = schema_given(reading, "registry.password");
    if (!username != !password)
        problems_add(reading->reader->problems, username ? username->at : password->at,
                     "registry: username and password go together, and only one is given");
}

static void check_results(const struct settings *settings, const struct schema_reading *reading)
{
    const struct yaml_node *format = schema_given(reading, "results.format");
    if (format && settings->results_format == RESULTS_AVRO &&
        !schema_given(reading, "registry.url"))
        problems_add(reading->reader->problems, format->at,
                     "format: avro needs a registry for the schema of results, and none is "
                     "configured");
}

static void check_format(const struct settings *settings, const struct subscription *sub,
                         struct problems *problems)
{
    if (sub->format == FORMAT_AVRO && !settings->registry.url.data)
        problems_add(problems, sub->format_at,
                     "format: avro needs the schemas of a registry, and none is configured");
}

static int compare_names(const void *left, const void *right)
{
    const struct subscription *a = *(const struct subscription *const *)left;
    const struct subscription *b = *(const struct subscription *const *)right;
    int by_name = strcmp(a->name, b->name);
    return by_name ? by_name : (a > b) - (a < b); /* in the order they are written */
}

static void check_names(struct settings *settings, struct problems *problems)
{
    size_t count = 0;
    const struct subscription **named = arena_alloc(
        &settings->arena, settings->subscription_count * sizeof(const struct subscription *));
    for (size_t i = 0; i < settings->subscription_count; i++)
        if (settings->subscriptions[i].name)
            named[count++] = &settings->subscriptions[i];
    if (count)
        qsort(named, count, sizeof(const struct subscription *), compare_names);
    for (size_t i = 1; i < count; i++)
        if (strcmp(named[i - 1]->name, named[i]->name) == 0)
            problems_add(problems, named[i]->at,
                         "name: %s is taken by the subscription at %s:%u:%u", named[i]->name,
                         named[i - 1]->at.file, named[i - 1]->at.line, named[i - 1]->at.column);
}

static void read_subscriptions(struct settings *settings, const struct sources *sources,
                               const struct yaml_node *defaults, struct problems *problems)
{
    struct schema_reader reader;
    schema_reader_init(&reader, &subscription_schema, &settings->arena, problems);
    if (defaults)
        subscription_check_defaults(&reader, defaults);
    if (defaults && defaults->type != YAML_MAPPING)
        defaults = NULL;
    settings->subscription_count = sources->count;
    settings->subscriptions =
        arena_alloc(&settings->arena, sources->count * sizeof *settings->subscriptions);
    for (size_t i = 0; i < sources->count; i++) {
        struct subscription *sub = &settings->subscriptions[i];
        subscription_read(&reader, defaults, sources->items[i], sub);
        check_loop(settings, sub, problems);
        check_format(settings, sub, problems);
    }
    check_names(settings, problems);
    groups_check(settings, problems);
}

/* What no reload changes (settings.def). */
static void keep(struct settings *settings, const struct settings *first)
{
    settings->kafka = first->kafka;
    settings->registry = first->registry;
    settings->topics = first->topics;
    settings->results_format = first->results_format;
    settings->results_record = first->results_record;
    settings->limits = first->limits;
    settings->shutdown_grace_ms = first->shutdown_grace_ms;
    settings->namespace_ = first->namespace_;
}

static void read_root(struct settings *settings, const char *path, const struct yaml_node *root,
                      const struct settings *first, struct problems *problems)
{
    struct schema_reader reader;
    struct schema_reading reading = {0};
    schema_reader_init(&reader, &settings_schema, &settings->arena, problems);
    schema_read(&reader, root, settings, &reading);
    check_admin(settings, problems);
    check_topics(&settings->topics, &reading);
    check_registry(&reading);
    check_results(settings, &reading);
    if (first)
        keep(settings, first);

    struct sources sources = {.arena = &settings->arena, .problems = problems};
    sources_read(&sources, path, schema_given(&reading, "subscriptions"));
    read_subscriptions(settings, &sources, schema_given(&reading, "defaults"), problems);
}

static struct settings *load(const char *path, const struct settings *first,
                             struct problems *problems)
{
    struct arena arena = {0};
    const struct yaml_node *root = yaml_read_file(&arena, path, problems);
    if (!root) {
        arena_finish(&arena);
        return NULL;
    }
    struct settings *settings = arena_alloc(&arena, sizeof *settings);
    settings->arena = arena;
    settings->root = root;
    read_root(settings, path, root, first, problems);
    return settings;
}

struct settings *settings_load(const char *path, struct problems *problems)
{
    return load(path, NULL, problems);
}

struct settings *settings_load_again(const char *path, const struct settings *first,
                                     struct problems *problems)
{
    return load(path, first, problems);
}

void settings_destroy(struct settings *settings)
{
    if (!settings)
        return;
    struct arena arena = settings->arena; /* the settings lie in it */
    arena_finish(&arena);
}

const struct subscription *settings_find(const struct settings *settings, struct slice name)
{
    for (size_t i = 0; i < settings->subscription_count; i++)
        if (slice_is(name, settings->subscriptions[i].name))
            return &settings->subscriptions[i];
    return NULL;
}
