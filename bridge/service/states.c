#include "service/states.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "base/map.h"
#include "base/memory.h"
#include "kafka/follow.h"
#include "loop/mailbox.h"
#include "loop/thread.h"
#include "settle/state.h"

enum states_message { STATES_SYNC, STATES_CHANGE, STATES_STOP };

/* A key that is parked. */
struct parked {
    struct map_node node;
    struct parking parking;
    char key[];
};

/* What is remembered of one subscription, configured or not. */
struct subject {
    struct map_node node;
    bool disabled;
    char url[STATE_DIGEST_BYTES]; /* that was disabled */
    struct map parked;
    const struct configured *route; /* NULL: it is not configured */
    bool placed;                    /* it is configured, or has been */
    unsigned place;                 /* its place in catalogs then */
    bool told;                      /* that it is disabled */
    char name[];
};

/* What is needed of one route. */
struct configured {
    char *name;
    unsigned place;
    unsigned series;
    unsigned lane;
    bool alone;
    char url[STATE_DIGEST_BYTES];
};

/* What is needed of a catalog. */
struct configuration {
    struct message message;
    size_t count;
    size_t lane_count;
    struct configured routes[];
};

struct sync {
    struct message message;
    unsigned lane;
    uint32_t turn;
};

struct states {
    struct states_hooks hooks;
    struct loop *loop;
    struct thread *thread;
    struct mailbox *mailbox;
    struct follow *follow;
    struct metrics_block *metrics;
    struct siphash_seed seed;
    struct map subscriptions;
    struct configuration *now;
    bool *suspended; /* by the catalog's lanes: as it was told last */
    struct state_reader reader;
    struct list syncs; /* to be answered when all is caught up with */
    bool known;
    struct message stop;
};

/* ── what is remembered ──────────────────────────────────────────────────── */

static struct subject *find(const struct states *states, struct slice name)
{
    struct map_node *node = map_find(&states->subscriptions, name);
    return node ? CONTAINER_OF(node, struct subject, node) : NULL;
}

static struct subject *get(struct states *states, struct slice name)
{
    struct subject *found = find(states, name);
    if (found)
        return found;
    found = calloc(1, sizeof *found + name.size);
    if (!found)
        return NULL;
    if (name.size)
        memcpy(found->name, name.data, name.size);
    map_init(&found->parked, states->seed);
    if (map_add(&states->subscriptions, &found->node, (struct slice){found->name, name.size}))
        return found;
    free(found);
    return NULL;
}

static struct parked *find_key(const struct subject *subject, struct slice key)
{
    struct map_node *node = map_find(&subject->parked, key);
    return node ? CONTAINER_OF(node, struct parked, node) : NULL;
}

static struct parked *get_key(struct subject *subject, struct slice key)
{
    struct parked *parked = find_key(subject, key);
    if (parked)
        return parked;
    parked = calloc(1, sizeof *parked + key.size);
    if (!parked)
        return NULL;
    if (key.size)
        memcpy(parked->key, key.data, key.size);
    if (map_add(&subject->parked, &parked->node, (struct slice){parked->key, key.size}))
        return parked;
    free(parked);
    return NULL;
}

static void free_key(struct parked *parked)
{
    parking_finish(&parked->parking);
    free(parked);
}

static void forget_if_released(struct subject *subject, struct parked *parked)
{
    if (parked->parking.first)
        return;
    map_remove(&subject->parked, &parked->node);
    free_key(parked);
}

/* ── telling ─────────────────────────────────────────────────────────────── */

static void tell(struct states *states, enum worker_state state, const struct subject *subject,
                 struct slice key, const struct span *span)
{
    if (subject->placed)
        states->hooks.tell(states->hooks.context, state, subject->place, key, span);
}

static void note(struct states *states, const struct subject *subject)
{
    if (!subject->route)
        return;
    metrics_set(states->metrics, METRIC_DISABLED, subject->route->series, subject->told);
    metrics_set(states->metrics, METRIC_PARKED_KEYS, subject->route->series,
                (int64_t)subject->parked.count);
}

static void suspend(struct states *states, unsigned lane, bool suspended)
{
    if (suspended == states->suspended[lane])
        return;
    states->suspended[lane] = suspended;
    states->hooks.suspend(states->hooks.context, lane, suspended);
}

/* Whether it is disabled depends on its URL, too. */
static bool is_disabled(const struct subject *subject)
{
    return subject->route && subject->disabled && strcmp(subject->url, subject->route->url) == 0;
}

static void tell_disabled(struct states *states, struct subject *subject)
{
    bool disabled = is_disabled(subject);
    if (!subject->route || disabled == subject->told)
        return;
    if (subject->route->alone)
        suspend(states, subject->route->lane, disabled);
    subject->told = disabled;
    if (disabled)
        log_warn("a subscription is disabled", STR("subscription", subject->name));
    else
        log_info("a subscription is enabled", STR("subscription", subject->name));
    tell(states, disabled ? WORKER_DISABLED : WORKER_ENABLED, subject, SLICE_NONE, NULL);
}

/* ── a record of the topic ───────────────────────────────────────────────── */

/* A worker may have disabled it by itself, at a URL that it no longer has: nobody was told of that.
 */
static void set_disabled(struct states *states, struct subject *subject, const struct state *state)
{
    subject->disabled = state->kind == STATE_DISABLED;
    memset(subject->url, 0, sizeof subject->url);
    if (subject->disabled && state->url.size == STATE_DIGEST_BYTES - 1)
        memcpy(subject->url, state->url.data, state->url.size);
    if (!is_disabled(subject) && !subject->told)
        tell(states, WORKER_ENABLED, subject, SLICE_NONE, NULL);
    tell_disabled(states, subject);
}

static bool set_key(struct states *states, struct subject *subject, const struct state *state)
{
    bool parks = state_parks(state);
    struct parked *parked = parks ? get_key(subject, state->key) : find_key(subject, state->key);
    bool fine = parked ? state_join(state, &parked->parking) : !parks;
    if (parked)
        forget_if_released(subject, parked);
    tell(states, parks ? WORKER_PARKED : WORKER_REPLAYED, subject, state->key, &state->span);
    return fine;
}

static void on_record(void *context, struct slice key, struct slice value)
{
    struct states *states = context;
    struct error err = {0};
    struct state state;
    if (!state_read(&states->reader, key, value, &state, &err)) {
        log_warn("a record of topics.state is passed over", STR("error", err.text));
        return;
    }
    if (state.kind == STATE_FORGOTTEN)
        return; /* deleted by hand: what was told stays until the next start */
    struct subject *subject = get(states, state.subscription);
    bool fine = subject != NULL;
    if (fine && (state.kind == STATE_DISABLED || state.kind == STATE_ENABLED))
        set_disabled(states, subject, &state);
    else if (fine)
        fine = set_key(states, subject, &state);
    if (!fine)
        log_error("no memory for what is remembered of a subscription",
                  BYTES("subscription", state.subscription));
    else
        note(states, subject);
}

/* ── what is configured ──────────────────────────────────────────────────── */

static void add_route(struct configuration *made, const struct route *route)
{
    struct configured *configured = &made->routes[made->count++];
    configured->name = memory_need(strdup(route->name));
    configured->place = route->index;
    configured->series = route_series(route);
    configured->lane = route->lane;
    configured->alone = route->alone;
    state_digest(text_slice(&route->sub->request.url), configured->url);
}

static struct configuration *configuration_of(const struct catalog *catalog)
{
    struct configuration *made =
        memory_need(calloc(1, sizeof *made + catalog->count * sizeof *made->routes));
    made->message.type = STATES_CHANGE;
    made->lane_count = catalog->lane_count;
    for (size_t i = 0; i < catalog->count; i++)
        if (catalog->routes[i].sub)
            add_route(made, &catalog->routes[i]);
    return made;
}

static void free_configuration(struct configuration *configuration)
{
    for (size_t i = 0; configuration && i < configuration->count; i++)
        free(configuration->routes[i].name);
    free(configuration);
}

static void reserve_lanes(struct states *states, size_t count)
{
    size_t before = states->now ? states->now->lane_count : 0;
    if (count <= before)
        return;
    states->suspended = memory_need(realloc(states->suspended, count * sizeof *states->suspended));
    for (size_t i = before; i < count; i++)
        states->suspended[i] = false;
}

static void forget_routes(struct states *states)
{
    for (size_t i = 0; states->now && i < states->now->count; i++)
        find(states, slice_of(states->now->routes[i].name))->route = NULL;
}

static void tell_parked(struct states *states, const struct subject *subject,
                        const struct parked *parked)
{
    const struct held_span *held = parked->parking.first;
    for (; held; held = held->next)
        tell(states, WORKER_PARKED, subject, parked->node.key, &held->span);
}

/* Workers that knew it hear it once more, which changes nothing. */
static void tell_all(struct states *states, struct subject *subject)
{
    if (is_disabled(subject))
        tell(states, WORKER_DISABLED, subject, SLICE_NONE, NULL);
    else if (subject->told)
        tell(states, WORKER_ENABLED, subject, SLICE_NONE, NULL);
    subject->told = is_disabled(subject);
    for (struct map_node *node = map_first(&subject->parked); node;
         node = map_next(&subject->parked, node))
        tell_parked(states, subject, CONTAINER_OF(node, struct parked, node));
    note(states, subject);
}

static void configure(struct states *states, struct configuration *configuration)
{
    bool *suspended = memory_need(calloc(configuration->lane_count + 1, sizeof *suspended));
    forget_routes(states);
    reserve_lanes(states, configuration->lane_count);
    free_configuration(states->now);
    states->now = configuration;
    for (size_t i = 0; i < configuration->count; i++) {
        const struct configured *route = &configuration->routes[i];
        struct subject *subject = memory_need(get(states, slice_of(route->name)));
        subject->route = route;
        subject->placed = true;
        subject->place = route->place;
        tell_all(states, subject);
        if (route->alone)
            suspended[route->lane] = subject->told;
    }
    for (unsigned i = 0; i < configuration->lane_count; i++)
        suspend(states, i, suspended[i]);
    free(suspended);
}

static void begin(struct states *states)
{
    states->known = true;
    metrics_set(states->metrics, METRIC_STATE_KNOWN, METRICS_INSTANCE, 1);
    states->hooks.known(states->hooks.context);
}

static void on_caught_up(void *context)
{
    struct states *states = context;
    if (!states->known)
        begin(states);
    for (struct list *link = list_pop(&states->syncs); link; link = list_pop(&states->syncs)) {
        struct sync *sync =
            CONTAINER_OF(CONTAINER_OF(link, struct message, link), struct sync, message);
        states->hooks.synced(states->hooks.context, sync->lane, sync->turn);
        free(sync);
    }
}

/* ── life ────────────────────────────────────────────────────────────────── */

static void handle(void *context, struct message *message)
{
    struct states *states = context;
    switch ((enum states_message)message->type) {
    case STATES_STOP:
        loop_stop(states->loop);
        break;
    case STATES_CHANGE:
        configure(states, CONTAINER_OF(message, struct configuration, message));
        break;
    case STATES_SYNC:
        list_push(&states->syncs, &message->link);
        follow_catch_up(states->follow);
        break;
    }
}

struct states *states_create(const struct settings *settings, const struct catalog *catalog,
                             struct metrics *metrics, const struct states_hooks *hooks,
                             struct error *err)
{
    struct states *states = calloc(1, sizeof *states);
    if (!states) {
        error_set(err, ERROR_MEMORY, "no memory for what is remembered");
        return NULL;
    }
    states->hooks = *hooks;
    states->metrics = metrics_block_create(metrics);
    states->stop.type = STATES_STOP;
    list_init(&states->syncs);
    bool fine = getrandom(&states->seed, sizeof states->seed, 0) > 0;
    map_init(&states->subscriptions, states->seed);
    states->loop = fine ? loop_create(err) : NULL;
    configure(states, configuration_of(catalog));
    if (states->loop)
        states->mailbox = mailbox_create(states->loop, handle, states, err);
    const struct follow_hooks follow = {states, on_record, on_caught_up};
    if (states->mailbox)
        states->follow = follow_create(states->loop, &settings->kafka, settings->topics.state.data,
                                       &follow, err);
    if (states->follow)
        return states;
    states_destroy(states);
    return NULL;
}

bool states_start(struct states *states, struct error *err)
{
    states->thread = thread_start("states", states->loop, err);
    return states->thread != NULL;
}

void states_change(struct states *states, const struct catalog *catalog)
{
    mailbox_post(states->mailbox, &configuration_of(catalog)->message);
}

void states_sync(struct states *states, unsigned lane, uint32_t turn)
{
    struct sync *sync = malloc(sizeof *sync);
    if (!sync)
        return; /* it is asked again */
    *sync = (struct sync){{.type = STATES_SYNC}, lane, turn};
    mailbox_post(states->mailbox, &sync->message);
}

void states_stop(struct states *states)
{
    if (!states || !states->thread)
        return;
    mailbox_post(states->mailbox, &states->stop);
    thread_join(states->thread);
    states->thread = NULL;
}

static void free_subject(struct subject *subject)
{
    struct map_node *next = NULL;
    for (struct map_node *node = map_first(&subject->parked); node; node = next) {
        next = map_next(&subject->parked, node);
        free_key(CONTAINER_OF(node, struct parked, node));
    }
    map_finish(&subject->parked);
    free(subject);
}

static void free_messages(struct states *states)
{
    struct list *left = &states->syncs;
    if (states->mailbox)
        mailbox_empty(states->mailbox, left);
    for (struct list *link = list_pop(left); link; link = list_pop(left)) {
        struct message *message = CONTAINER_OF(link, struct message, link);
        if (message->type == STATES_SYNC)
            free(CONTAINER_OF(message, struct sync, message));
        else if (message->type == STATES_CHANGE)
            free_configuration(CONTAINER_OF(message, struct configuration, message));
    }
}

void states_destroy(struct states *states)
{
    if (!states)
        return;
    follow_destroy(states->follow);
    free_messages(states);
    struct map_node *next = NULL;
    for (struct map_node *node = map_first(&states->subscriptions); node; node = next) {
        next = map_next(&states->subscriptions, node);
        free_subject(CONTAINER_OF(node, struct subject, node));
    }
    map_finish(&states->subscriptions);
    free_configuration(states->now);
    free(states->suspended);
    state_reader_finish(&states->reader);
    mailbox_destroy(states->mailbox);
    loop_destroy(states->loop);
    free(states);
}
