/* Makes a scenario of a seed. Each has a flavour, so that many have little that goes wrong, and
 * what must hold then is held against them in full. */
#include <assert.h>

#include <librdkafka/rdkafka.h>

#include "sim/http/receiver.h"
#include "sim/play/scenario.h"
#include "sim/world/dice.h"

/* So many seeds get reloads. */
#define RELOADS_PERCENT 35

enum flavour {
    CALM,     /* nothing goes wrong but at the receivers */
    MOVING,   /* instances come and go in peace */
    KILLS,    /* and are killed */
    KAFKA,    /* goes away, refuses, answers late */
    NO_STORE, /* what grapnel writes can't be stored */
    TIGHT,    /* memory is short: limits.memory, and allocations that fail */
    DEAD,     /* some receivers are, or slow, all the time, and there is much for all */
    CHAOS,    /* all of it */
    FLAVOURS
};

struct maker {
    struct scenario *scenario;
    struct dice dice;
    enum flavour flavour;
    int64_t length_ms;
};

static int64_t between(struct maker *maker, int64_t least, int64_t most)
{
    return dice_between(&maker->dice, least, most);
}

static bool chance(struct maker *maker, int64_t percent)
{
    return dice_below(&maker->dice, 100) < percent;
}

static int64_t one_of(struct maker *maker, const int64_t *values, int64_t count)
{
    return values[dice_below(&maker->dice, count)];
}
#define ONE_OF(maker, ...)                                                                         \
    one_of(maker, (const int64_t[]){__VA_ARGS__}, sizeof(int64_t[]){__VA_ARGS__} / sizeof(int64_t))

/* ── the world ───────────────────────────────────────────────────────────── */

static void make_world(struct maker *maker)
{
    bool rough = maker->flavour == CHAOS;
    maker->scenario->world = (struct scenario_world){
        .seed = (int64_t)(dice_roll(&maker->dice) >> 2),
        .length_ms = maker->length_ms,
        .latency_us = ONE_OF(maker, 500, 2000, 2000, 10000),
        .slow_per_million = ONE_OF(maker, 0, 0, 1000, 10000),
        .wake_us = ONE_OF(maker, 20, 100, 1000),
        .stall_per_million = rough ? ONE_OF(maker, 0, 1000, 5000) : ONE_OF(maker, 0, 0, 500),
        .stall_us = rough ? 400000 : 50000,
        .preempt_per_million = ONE_OF(maker, 0, 1000, 20000, 100000),
        .own_partitions = between(maker, 1, 3),
        .group_delay_ms = ONE_OF(maker, 0, 0, 500, 3000),
        .session_ms = ONE_OF(maker, 6000, 10000),
        .heartbeat_ms = ONE_OF(maker, 500, 1000, 2000),
        .results = ONE_OF(maker, RESULTS_FINAL, RESULTS_FINAL, RESULTS_ATTEMPTS, RESULTS_FAILURES,
                          RESULTS_NONE),
        .named = chance(maker, 30),
        .workers = between(maker, 1, 3),
        .in_flight = maker->flavour == DEAD ? ONE_OF(maker, 8, 8, 64) : ONE_OF(maker, 8, 64, 1024),
        .memory_kb = maker->flavour == TIGHT ? ONE_OF(maker, 256, 1024, 2048) : 65536,
        .grace_ms = ONE_OF(maker, 2000, 10000),
        .rejects_per_million = ONE_OF(maker, 0, 20000),
        .fails_per_million = maker->flavour == DEAD ? 0 : ONE_OF(maker, 0, 10000, 50000),
        .batch_messages = ONE_OF(maker, 10000, 10000, 7),
    };
}

static void make_topics(struct maker *maker)
{
    maker->scenario->topic_count = (size_t)between(maker, 1, TOPICS_MOST);
    for (size_t t = 0; t < maker->scenario->topic_count; t++)
        maker->scenario->topics[t].partitions = between(maker, 1, 4);
}

/* ── subscriptions ───────────────────────────────────────────────────────── */

static void make_schedule(struct maker *maker, struct scenario_subscription *sub)
{
    int64_t *waits[WAITS_MOST] = {&sub->wait0, &sub->wait1, &sub->wait2, &sub->wait3};
    int64_t count = between(maker, 0, WAITS_MOST);
    for (int64_t i = 0; i < WAITS_MOST; i++)
        *waits[i] = i >= count ? -1 : ONE_OF(maker, 100, 1000, 3000, 9000, 12000, 15000, 30000);
}

static void make_subscription(struct maker *maker, struct scenario_subscription *sub)
{
    int64_t topics = (1 << maker->scenario->topic_count) - 1;
    *sub = (struct scenario_subscription){
        .topics = between(maker, 1, topics),
        .by_pattern = chance(maker, 30),
        .types = ONE_OF(maker, 0, 0, 0, 1, 2, 3),
        .earliest = chance(maker, 70),
        .needs_field = chance(maker, 30),
        .own_id = chance(maker, 20),
        .timeout_ms = ONE_OF(maker, 500, 2000, 10000),
        .in_flight = ONE_OF(maker, 1, 2, 8, 64),
        .rate = chance(maker, 20) ? ONE_OF(maker, 5, 20, 100) : 0,
        .failures = chance(maker, 40) ? between(maker, 1, 5) : 0,
        .max_age_ms = chance(maker, 20) ? ONE_OF(maker, 5000, 20000) : 0,
        .jitter = ONE_OF(maker, 0, 10, 20),
    };
    if (sub->failures)
        sub->pause_ms = ONE_OF(maker, 500, 2000, 8000);
    make_schedule(maker, sub);
    sub->ordered = chance(maker, 30);
    sub->parks = sub->ordered && chance(maker, 30);
}

/* Some of those that do not keep keys in order share a group, and begin where it does. */
static void share_group(struct maker *maker)
{
    struct scenario *scenario = maker->scenario;
    int64_t earliest = chance(maker, 70);
    for (size_t s = 0; s < scenario->subscription_count; s++) {
        struct scenario_subscription *sub = &scenario->subscriptions[s];
        if (sub->ordered || chance(maker, 30))
            continue;
        sub->group = 1;
        sub->earliest = earliest;
    }
}

static bool is_shared(const struct scenario *scenario, int64_t subscription)
{
    return scenario->subscriptions[subscription].group != 0;
}

static void make_variant(struct maker *maker, struct scenario_variant *variant)
{
    const struct scenario *scenario = maker->scenario;
    variant->waits = between(maker, 0, WAITS_MOST);
    variant->longer = chance(maker, 30);
    int64_t absent = dice_below(&maker->dice, (int64_t)scenario->subscription_count);
    if (scenario->subscription_count > 1 && chance(maker, 25) && !is_shared(scenario, absent))
        variant->absent = 1 << absent;
}

static void make_variants(struct maker *maker)
{
    struct scenario *scenario = maker->scenario;
    bool changes = maker->flavour == MOVING || maker->flavour == CHAOS;
    scenario->variant_count = changes ? (size_t)between(maker, 1, VARIANTS_MOST) : 1;
    scenario->variants[0].waits = WAITS_MOST;
    for (size_t v = 1; v < scenario->variant_count; v++)
        make_variant(maker, &scenario->variants[v]);
}

/* ── what happens ────────────────────────────────────────────────────────── */

static struct scenario_fault *add_fault(struct maker *maker, enum fault_kind kind, int64_t at_ms)
{
    struct scenario *scenario = maker->scenario;
    assert(scenario->fault_count < FAULTS_MOST);
    struct scenario_fault *fault = &scenario->faults[scenario->fault_count++];
    *fault = (struct scenario_fault){.kind = kind, .at_ms = at_ms};
    return fault;
}

static int64_t some_time(struct maker *maker)
{
    return between(maker, 1000, maker->length_ms);
}

static void start(struct maker *maker, int64_t instance, int64_t at_ms)
{
    struct scenario_fault *fault = add_fault(maker, FAULT_START, at_ms);
    fault->instance = instance;
    fault->value = dice_below(&maker->dice, (int64_t)maker->scenario->variant_count);
}

/* It ends, and mostly comes back. */
static void end(struct maker *maker, enum fault_kind kind, int64_t instance)
{
    int64_t at_ms = some_time(maker);
    add_fault(maker, kind, at_ms)->instance = instance;
    if (chance(maker, 80))
        start(maker, instance, at_ms + ONE_OF(maker, 10, 1000, 5000, 20000));
}

static void make_instances(struct maker *maker)
{
    int64_t count = maker->flavour == CALM ? between(maker, 1, 2) : between(maker, 1, 3);
    for (int64_t i = 0; i < count; i++)
        start(maker, i, i == 0 ? 0 : ONE_OF(maker, 0, 10, some_time(maker)));
    int64_t moves = maker->flavour == MOVING  ? between(maker, 1, 5)
                    : maker->flavour == CHAOS ? between(maker, 0, 3)
                                              : 0;
    for (int64_t i = 0; i < moves; i++)
        end(maker, FAULT_STOP, dice_below(&maker->dice, count));
    int64_t kills = maker->flavour == KILLS   ? between(maker, 1, 4)
                    : maker->flavour == CHAOS ? between(maker, 0, 2)
                                              : 0;
    for (int64_t i = 0; i < kills; i++)
        end(maker, FAULT_KILL, dice_below(&maker->dice, count));
}

static void make_phase(struct maker *maker, int64_t subscription, int64_t at_ms)
{
    struct scenario *scenario = maker->scenario;
    if (scenario->phase_count == PHASES_MOST)
        return;
    struct scenario_phase *phase = &scenario->phases[scenario->phase_count++];
    *phase = (struct scenario_phase){
        .at_ms = at_ms,
        .subscription = subscription,
        .behaviour = dice_below(&maker->dice, RECEIVER_GARBAGE + 1),
        .percent = ONE_OF(maker, 10, 50, 100, 100),
        .slow_ms = ONE_OF(maker, 0, 0, 0, 300, 3000),
    };
    if (phase->behaviour == RECEIVER_STATUS)
        phase->value = ONE_OF(maker, 500, 500, 404, 400, 410, 429, 302);
    else if (phase->behaviour == RECEIVER_BUSY)
        phase->value = ONE_OF(maker, 0, 1, 5, 20);
}

static void make_dead(struct maker *maker, int64_t subscription)
{
    struct scenario *scenario = maker->scenario;
    struct scenario_phase *phase = &scenario->phases[scenario->phase_count++];
    *phase = (struct scenario_phase){
        .subscription = subscription,
        .behaviour =
            ONE_OF(maker, RECEIVER_STATUS, RECEIVER_HANGS, RECEIVER_REFUSES, RECEIVER_WELL),
        .value = 500,
        .percent = 100,
    };
    if (phase->behaviour == RECEIVER_WELL)
        phase->slow_ms = scenario->subscriptions[subscription].timeout_ms - 50; /* just in time */
}

/* Half of the receivers are well all the time. */
static void make_phases(struct maker *maker)
{
    for (size_t s = 0; s < maker->scenario->subscription_count; s++) {
        if (chance(maker, 50))
            continue;
        if (maker->flavour == DEAD) {
            make_dead(maker, (int64_t)s);
            continue;
        }
        int64_t phases = between(maker, 1, 5);
        for (int64_t i = 0; i < phases; i++)
            make_phase(maker, (int64_t)s, some_time(maker));
    }
}

static void make_burst(struct maker *maker)
{
    struct scenario *scenario = maker->scenario;
    bool large = maker->flavour == TIGHT || chance(maker, 5);
    struct scenario_burst *burst = &scenario->bursts[scenario->burst_count++];
    *burst = (struct scenario_burst){
        .at_ms = between(maker, 0, maker->length_ms * 3 / 4),
        .topic = dice_below(&maker->dice, (int64_t)scenario->topic_count),
        .count =
            maker->flavour == DEAD ? between(maker, 50, 300) : ONE_OF(maker, 1, 10, 30, 100, 100),
        .over_ms = ONE_OF(maker, 0, 10, 1000, 10000),
        .bytes = large ? ONE_OF(maker, 1000, 10000, 30000) : ONE_OF(maker, 0, 100),
        .keys = ONE_OF(maker, 0, 1, 5, 100),
        .poison_per_million = ONE_OF(maker, 0, 0, 20000),
        .empty_per_million = ONE_OF(maker, 0, 0, 20000),
        .unfit_per_million = ONE_OF(maker, 0, 0, 50000),
        .strays_per_million = ONE_OF(maker, 0, 0, 0, 20000),
    };
}

/* ── what goes wrong ─────────────────────────────────────────────────────── */

static int64_t a_while(struct maker *maker)
{
    return ONE_OF(maker, 50, 500, 2000, 5000, 15000);
}

static void upset(struct maker *maker, const int64_t *kinds, int64_t count)
{
    enum fault_kind kind = (enum fault_kind)one_of(maker, kinds, count);
    struct scenario_fault *fault = add_fault(maker, kind, some_time(maker));
    fault->for_ms = a_while(maker);
    fault->instance = dice_below(&maker->dice, 3);
    if (kind == FAULT_COMMITS)
        fault->value = ONE_OF(maker, RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
                              RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
                              RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
    else if (kind == FAULT_RESULTS || kind == FAULT_LETTERS || kind == FAULT_RETRIES)
        fault->value =
            ONE_OF(maker, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                   RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_INVALID_RECORD,
                   RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
    else if (kind == FAULT_SMALL_LETTERS)
        fault->value = ONE_OF(maker, 400, 1000);
    else if (kind == FAULT_DELETED)
        fault->value = dice_below(&maker->dice, 2);
    else if (kind == FAULT_CLOCK)
        fault->value = ONE_OF(maker, -3600000, -3600000, -5000, -500, 5000, 60000);
    else if (kind == FAULT_MEMORY)
        fault->value = ONE_OF(maker, 100, 1000, 20000);
}
#define UPSET(maker, ...)                                                                          \
    upset(maker, (const int64_t[]){__VA_ARGS__}, sizeof(int64_t[]){__VA_ARGS__} / sizeof(int64_t))

static void make_faults(struct maker *maker)
{
    int64_t count = between(maker, 1, 5);
    for (int64_t i = 0; i < count; i++) {
        if (maker->flavour == KAFKA)
            UPSET(maker, FAULT_CUT, FAULT_ISOLATED, FAULT_DOWN, FAULT_HUNG, FAULT_COMMITS);
        else if (maker->flavour == NO_STORE)
            UPSET(maker, FAULT_RESULTS, FAULT_LETTERS, FAULT_RETRIES, FAULT_SMALL_LETTERS,
                  FAULT_DELETED);
        else if (maker->flavour == KILLS && chance(maker, 70))
            UPSET(maker, FAULT_CLOCK);
        else if (maker->flavour == TIGHT && chance(maker, 60))
            UPSET(maker, FAULT_MEMORY);
        else if (maker->flavour == CHAOS)
            UPSET(maker, FAULT_CUT, FAULT_ISOLATED, FAULT_DOWN, FAULT_HUNG, FAULT_COMMITS,
                  FAULT_RESULTS, FAULT_LETTERS, FAULT_RETRIES, FAULT_SMALL_LETTERS, FAULT_DELETED,
                  FAULT_CLOCK, FAULT_MEMORY, FAULT_STALL);
    }
}

/* Some wait for a person when an event fails for good; what no person could help is not published
 * to them. */
static void make_stops(struct scenario *scenario, uint64_t seed)
{
    for (size_t s = 0; s < scenario->subscription_count; s++) {
        struct scenario_subscription *sub = &scenario->subscriptions[s];
        sub->stops = sub->ordered && !sub->parks && dice_for(seed, "stops", s).state % 4 == 0;
        for (size_t b = 0; b < scenario->burst_count && sub->stops; b++)
            if (sub->topics >> scenario->bursts[b].topic & 1)
                scenario->bursts[b].poison_per_million = scenario->bursts[b].unfit_per_million = 0;
    }
}

/* ── reloads ─────────────────────────────────────────────────────────────── */

static void reload(struct maker *maker, int64_t instance, int64_t variant, int64_t at_ms)
{
    struct scenario_fault *fault = add_fault(maker, FAULT_RELOAD, at_ms);
    fault->instance = instance;
    fault->value = variant;
}

/* All get it, one soon after the other, or one alone; and sometimes the one before again, before
 * they are done with it. */
static void make_reload(struct maker *maker, int64_t instances)
{
    int64_t variants = (int64_t)maker->scenario->variant_count;
    int64_t variant = dice_below(&maker->dice, variants);
    int64_t at_ms = some_time(maker);
    bool all = chance(maker, 60);
    bool back = chance(maker, 25);
    int64_t back_ms = ONE_OF(maker, 1, 20, 300, 4000);
    int64_t only = dice_below(&maker->dice, instances);
    for (int64_t i = 0; i < instances; i++) {
        int64_t late_ms = ONE_OF(maker, 0, 5, 1000, 8000);
        if (!all && i != only)
            continue;
        reload(maker, i, variant, at_ms + late_ms);
        if (back)
            reload(maker, i, (variant + 1) % variants, at_ms + late_ms + back_ms);
    }
}

/* With dice of its own, and last: a seed that gets none is what it was. Where nothing would change
 * by it there are more variants. */
static void make_reloads(struct maker *maker, uint64_t seed)
{
    struct scenario *scenario = maker->scenario;
    int64_t instances = 1;
    maker->dice = dice_for(seed, "reload", 0);
    if (!chance(maker, RELOADS_PERCENT))
        return;
    while (scenario->variant_count < 2 ||
           (scenario->variant_count < VARIANTS_MOST && chance(maker, 50)))
        make_variant(maker, &scenario->variants[scenario->variant_count++]);
    for (size_t v = 0; v < scenario->variant_count; v++) {
        int64_t absent = dice_below(&maker->dice, (int64_t)scenario->subscription_count);
        if (scenario->subscription_count > 1 && chance(maker, 40) && !is_shared(scenario, absent))
            scenario->variants[v].absent = 1 << absent;
    }
    for (size_t f = 0; f < scenario->fault_count; f++)
        if (scenario->faults[f].kind == FAULT_START && scenario->faults[f].instance >= instances)
            instances = scenario->faults[f].instance + 1;
    for (int64_t i = between(maker, 1, 4); i > 0; i--)
        make_reload(maker, instances);
}

/* Some have fewer places in flight, so that keys and turns are other workers'. */
static void make_places(struct scenario *scenario, uint64_t seed)
{
    for (size_t v = 0; v < scenario->variant_count && scenario->variant_count > 1; v++)
        if (dice_for(seed, "places", v).state % 3 == 0)
            scenario->variants[v].in_flight = 1;
}

void scenario_generate(struct scenario *scenario, uint64_t seed)
{
    *scenario = (struct scenario){0};
    struct maker maker = {.scenario = scenario, .dice = dice_for(seed, "scenario", 0)};
    maker.flavour = (enum flavour)dice_below(&maker.dice, FLAVOURS);
    maker.length_ms = ONE_OF(&maker, 15000, 30000, 60000);
    make_world(&maker);
    scenario->world.transactional = dice_for(seed, "transactional", 0).state % 4 == 0;
    make_topics(&maker);
    scenario->subscription_count = (size_t)between(&maker, 1, SUBSCRIPTIONS_MOST);
    for (size_t s = 0; s < scenario->subscription_count; s++)
        make_subscription(&maker, &scenario->subscriptions[s]);
    if (chance(&maker, 30))
        share_group(&maker);
    make_variants(&maker);
    make_instances(&maker);
    make_phases(&maker);
    int64_t bursts = between(&maker, 1, 12);
    for (int64_t i = 0; i < bursts; i++)
        make_burst(&maker);
    make_stops(scenario, seed);
    make_faults(&maker);
    make_reloads(&maker, seed);
    make_places(scenario, seed);
}
