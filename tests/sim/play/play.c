#include "sim/play/play.h"

#include <stdio.h>

#include "sim/http/receiver.h"
#include "sim/kafka/cluster.h"
#include "sim/kafka/group.h"
#include "sim/kafka/wire.h"
#include "sim/model/model.h"
#include "sim/play/instance.h"
#include "sim/world/fiber.h"
#include "sim/world/process.h"
#include "sim/world/world.h"

#define TICK_US    INT64_C(1000000)
#define DRAIN_US   INT64_C(240000000) /* and twice all waits */
#define NOBODYS_US INT64_C(700000000) /* for retries of a subscription that is no more */
/* For retries that go round while a breaker is open, or while their tenth of a rate is used up. */
#define PASSED_US INT64_C(3000000000)
#define STOP_US   INT64_C(30000000) /* and the grace */

static const struct scenario *now_played;

/* ── what is set going ───────────────────────────────────────────────────── */

struct late_topic {
    struct world_event event;
    unsigned number;
};

static struct late_topic late_topics[TOPICS_MOST];
static struct world_event phase_events[PHASES_MOST];

static void create_topic(struct world_event *event)
{
    unsigned number = CONTAINER_OF(event, struct late_topic, event)->number;
    char name[16];
    snprintf(name, sizeof name, "t%u", number);
    cluster_create(name, (int)now_played->topics[number].partitions);
    if (now_played->topics[number].at_ms)
        model_disturbed(NULL, world_now_us()); /* groups rebalance */
}

static void change_receiver(struct world_event *event)
{
    const struct scenario_phase *phase = &now_played->phases[event - phase_events];
    unsigned subscription = (unsigned)phase->subscription;
    world_trace("receiver of s%u: behaviour %d, value %d, %d %%, slow %d ms", subscription,
                (int)phase->behaviour, (int)phase->value, (int)phase->percent, (int)phase->slow_ms);
    receiver_set(subscription, (enum behaviour)phase->behaviour, phase->value, phase->percent,
                 phase->slow_ms * 1000);
    model_receiver(subscription, phase->behaviour == RECEIVER_WELL && phase->slow_ms == 0);
}

static void set_going(const struct scenario *scenario)
{
    const struct scenario_world *world = &scenario->world;
    fiber_set_pace((struct fiber_pace){
        .wake_us = world->wake_us,
        .slow_per_million = world->stall_per_million,
        .slow_us = world->stall_us,
        .preempt_per_million = world->preempt_per_million,
    });
    wire_set_latency(world->latency_us, world->slow_per_million);
    group_set_delay(world->group_delay_ms * 1000);
    cluster_set_partitions((int)world->own_partitions);
    receiver_set_taste(world->rejects_per_million, world->fails_per_million);
    for (unsigned t = 0; t < scenario->topic_count; t++) {
        late_topics[t] = (struct late_topic){{.fire = create_topic}, t};
        world_at(&late_topics[t].event, scenario->topics[t].at_ms * 1000);
    }
    for (size_t p = 0; p < scenario->phase_count; p++) {
        phase_events[p].fire = change_receiver;
        world_at(&phase_events[p], scenario->phases[p].at_ms * 1000);
    }
}

/* ── the end ─────────────────────────────────────────────────────────────── */

static void heal_receivers(void)
{
    for (size_t p = 0; p < now_played->phase_count; p++)
        world_cancel(&phase_events[p]);
    for (unsigned s = 0; s < now_played->subscription_count; s++) {
        receiver_set(s, RECEIVER_WELL, 0, 0, 0);
        if (now_played->subscriptions[s].stops)
            receiver_mend(s);
        model_receiver(s, true);
    }
}

static bool has_reloads(void)
{
    for (size_t f = 0; f < now_played->fault_count; f++)
        if (now_played->faults[f].kind == FAULT_RELOAD)
            return true;
    return false;
}

/* Who is whole needs no restart for another configuration, where a person knows of reloads. */
static void settle_instance(unsigned number, const struct process *process)
{
    unsigned last = (unsigned)now_played->variant_count - 1;
    bool whole = instance_runs(number) && process->memory.failed == 0;
    if (whole && has_reloads())
        instance_reload(number, last);
    else
        instance_stop(number);
}

/* Has every instance the last configuration and all its memory? If not, it gets that, or is started
 * anew. */
static bool is_settled(void)
{
    unsigned last = (unsigned)now_played->variant_count - 1;
    bool settled = true;
    bool any = false;
    for (unsigned i = 0; i < INSTANCES_MOST; i++) {
        const struct process *process = instance_process(i);
        if (!process)
            continue;
        bool good = instance_runs(i) && instance_variant(i) == last && process->memory.failed == 0;
        any = any || good;
        settled = settled && good;
        if (!good)
            settle_instance(i, process);
    }
    if (settled && !any)
        instance_start(0, last);
    return settled && any;
}

static bool all_off(void)
{
    for (unsigned i = 0; i < INSTANCES_MOST; i++)
        if (instance_process(i))
            return false;
    return true;
}

static int64_t drain_us(void)
{
    int64_t us = DRAIN_US + model_patience_us();
    for (unsigned s = 0; s < now_played->subscription_count; s++) {
        bool is_absent = false;
        for (unsigned v = 0; v < now_played->variant_count; v++) {
            is_absent = is_absent || scenario_lacks(now_played, v, s);
            for (unsigned i = 0; scenario_wait_ms(now_played, s, v, i) > 0; i++)
                us += 2000 * scenario_wait_ms(now_played, s, v, i);
        }
        us += is_absent ? NOBODYS_US : 0;
        const struct scenario_subscription *sub = &now_played->subscriptions[s];
        us += sub->rate > 0 || sub->failures > 0 || sub->stops ? PASSED_US : 0;
    }
    for (size_t p = 0; p < now_played->phase_count; p++)
        us += now_played->phases[p].value == 410 ? PASSED_US : 0;
    return us;
}

/* ── the play ────────────────────────────────────────────────────────────── */

enum act { ACT_PLAYS, ACT_DRAINS, ACT_STOPS, ACT_OVER };

static struct {
    struct world_event event;
    enum act act;
    int64_t deadline_us;
} hands;

static void begin_draining(void)
{
    world_trace("nothing goes wrong any more");
    hands.act = ACT_DRAINS;
    hands.deadline_us = world_now_us() + drain_us();
    faults_end();
    heal_receivers();
    model_disturbed(NULL, world_now_us());
}

static void begin_stopping(void)
{
    world_trace("all is done");
    hands.act = ACT_STOPS;
    hands.deadline_us = world_now_us() + now_played->world.grace_ms * 1000 + STOP_US;
    for (unsigned i = 0; i < INSTANCES_MOST; i++)
        instance_stop(i);
}

/* Somebody looks after what is disabled, now that its receiver is well. */
static void enable_all(void)
{
    char key[32];
    for (unsigned s = 0; s < now_played->subscription_count; s++) {
        const struct kafka_log *log = model_disabled(s);
        snprintf(key, sizeof key, "disabled s%u", s);
        const struct kafka_message message = {.key = slice_of(key),
                                              .value = slice_of("{\"state\":\"enabled\"}")};
        if (log)
            cluster_append(cluster_log(log->topic->name, log->number), &message, -1, NULL);
    }
}

static void drain(void)
{
    enable_all();
    bool late = world_now_us() >= hands.deadline_us;
    if (is_settled() && model_drained(late))
        begin_stopping();
    else if (late)
        world_fail("it is not done, and should have been");
}

static void tick(struct world_event *event)
{
    instances_bury();
    model_tick();
    if (hands.act == ACT_PLAYS && world_now_us() >= now_played->world.length_ms * 1000 &&
        publish_done())
        begin_draining();
    else if (hands.act == ACT_DRAINS)
        drain();
    else if (hands.act == ACT_STOPS && all_off())
        hands.act = ACT_OVER;
    else if (hands.act == ACT_STOPS && world_now_us() >= hands.deadline_us)
        world_fail("it does not stop");
    world_after(event, TICK_US);
}

void play(const struct scenario *scenario)
{
    now_played = scenario;
    model_begin(scenario);
    set_going(scenario);
    instances_prepare(scenario);
    publish_begin(scenario);
    faults_begin(scenario);
    hands.event.fire = tick;
    world_after(&hands.event, TICK_US);
    while (hands.act != ACT_OVER)
        world_step();
    model_end();
}
