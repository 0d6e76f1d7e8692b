#include "consume/source.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "config/settings.h"
#include "consume/inquiry.h"
#include "consume/lane_private.h"
#include "kafka/askers.h"
#include "loop/mailbox.h"
#include "loop/thread.h"

#define TICK_MS           100
#define CLOSE_TIMEOUT_MS  11000
#define HELD_CLOSE_MS     1000 /* when Kafka may be away */
#define QUEUE_BYTES_MOST  (16u << 20)
#define QUEUE_BYTES_LEAST (LIMITS_GROUP_BYTES / 4)
#define TURNOVER_MS       5 /* of lanes that begin and end, before the others go on */

enum source_message {
    SOURCE_RECORD,
    SOURCE_HOLD,
    SOURCE_RELEASE,
    SOURCE_CHANGE,
    SOURCE_SUSPEND,
    SOURCE_RESUME,
    SOURCE_SYNCED,
    SOURCE_SETTLE,
    SOURCE_ANSWER,
    SOURCE_DRAIN,
    SOURCE_STOP,
};

struct change {
    struct message message;
    const struct roster *roster;
};

/* Of one lane. */
struct order {
    struct message message;
    unsigned lane;
    uint32_t turn;
};

struct source {
    struct source_options options;
    struct intake intake;
    struct thread *thread;
    struct mailbox *mailbox;
    struct lane **lanes;
    size_t lane_count;
    struct loop_timer tick;
    struct loop_timer again;    /* armed when a lane has more to poll */
    struct loop_timer turnover; /* armed when more lanes are to begin or end */
    struct loop_step step;
    struct message drain;
    struct message stop;
    bool lanes_due;  /* not all lanes of the roster are there */
    bool *suspended; /* by the lanes' places */
    size_t suspended_count;
    struct log_gate lane_gate;
    bool draining;
    bool closing;
    int64_t close_by_ms;
};

static void hand_on(struct loop_step *step)
{
    struct source *source = CONTAINER_OF(step, struct source, step);
    intake_hand_on(&source->intake);
    metrics_set(source->intake.metrics, METRIC_MEMORY, METRICS_INSTANCE,
                (int64_t)source->intake.budget.used);
    if (source->intake.more && !heap_holds(&source->again.node))
        loop_arm(source->intake.loop, &source->again, 0);
}

static void poll_again(struct loop_timer *timer)
{
    struct source *source = CONTAINER_OF(timer, struct source, again);
    source->intake.more = false;
    for (size_t i = 0; i < source->lane_count; i++)
        lane_poll(source->lanes[i]);
}

static bool all_lanes(const struct source *source, bool (*is)(const struct lane *))
{
    for (size_t i = 0; i < source->lane_count; i++)
        if (!is(source->lanes[i]))
            return false;
    return true;
}

static void say_when_drained(struct source *source)
{
    bool empty = all_lanes(source, lane_is_empty);
    if (!source->draining || !(empty || source->intake.held))
        return; /* where nothing can be stored nothing can be finished */
    source->draining = false;
    source->options.hooks.drained(source->options.hooks.context);
}

static void close_lanes(struct source *source, int64_t now_ms)
{
    for (size_t i = 0; i < source->lane_count; i++)
        if (lane_may_close(source->lanes[i], source->close_by_ms - CLOSE_TIMEOUT_MS, now_ms))
            lane_close(source->lanes[i]);
}

/* ── which lanes there are ───────────────────────────────────────────────── */

static struct lane *find_lane(const struct source *source, const char *group)
{
    for (size_t i = 0; i < source->lane_count; i++)
        if (strcmp(lane_group(source->lanes[i]), group) == 0)
            return source->lanes[i];
    return NULL;
}

static bool add_lane(struct source *source, const struct roster_lane *roster, struct error *err)
{
    struct lane **lanes = realloc(source->lanes, (source->lane_count + 1) * sizeof(struct lane *));
    if (!lanes)
        return error_set(err, ERROR_MEMORY, "no memory for a lane");
    source->lanes = lanes;
    struct lane *lane = lane_create(&source->intake, roster, err);
    if (!lane)
        return false;
    lanes[source->lane_count++] = lane;
    lane_suspend(lane, roster->place < source->suspended_count && source->suspended[roster->place]);
    return true;
}

/* Those of the roster that are not there yet. False: one can't be made, or waits, since its group
 * is just being left, or there is no time for more. */
static bool add_lanes(struct source *source, int64_t until_ms, struct error *err)
{
    const struct roster *roster = source->intake.roster;
    bool all = true;
    for (size_t i = 0; i < roster->lane_count; i++) {
        if (clock_now_ms() > until_ms)
            return false;
        const struct lane *there = find_lane(source, roster->lanes[i].group);
        if (there)
            all = all && !lane_is_leaving(there);
        else if (!add_lane(source, &roster->lanes[i], err))
            return false;
    }
    return all;
}

static void drop_closed_lanes(struct source *source, int64_t until_ms)
{
    for (size_t i = 0; i < source->lane_count && clock_now_ms() <= until_ms;) {
        if (!lane_is_over(source->lanes[i])) {
            i++;
            continue;
        }
        log_info("group left", STR("group", lane_group(source->lanes[i])));
        lane_destroy(source->lanes[i]);
        source->lanes[i] = source->lanes[--source->lane_count];
    }
}

static void change(struct source *source, const struct roster *roster)
{
    const struct roster *before = source->intake.roster;
    source->intake.roster = roster;
    for (size_t i = 0; i < source->lane_count; i++) {
        const struct roster_lane *lane = roster_lane(roster, lane_group(source->lanes[i]));
        if (lane_is_leaving(source->lanes[i]))
            continue;
        if (lane)
            lane_change(source->lanes[i], lane);
        else
            lane_leave(source->lanes[i], source->options.grace_ms);
    }
    source->lanes_due = true;
    loop_arm(source->intake.loop, &source->tick, 0);
    source->options.hooks.done_with(source->options.hooks.context, before);
}

/* Again and again until all are there: what keeps one from beginning does not keep the others. A
 * few at a time: librdkafka takes milliseconds to make or end a consumer, and records don't wait.
 */
static void update_lanes(struct source *source)
{
    struct error err = {0};
    uint64_t held_back = 0;
    int64_t until_ms = clock_now_ms() + TURNOVER_MS;
    drop_closed_lanes(source, until_ms);
    if (source->lanes_due && !source->draining && !source->closing)
        source->lanes_due = !add_lanes(source, until_ms, &err);
    if (err.kind && log_gate_open(&source->lane_gate, clock_now_ms(), &held_back))
        log_error("a consumer can't be made", STR("error", err.text));
    if (clock_now_ms() > until_ms)
        loop_arm(source->intake.loop, &source->turnover, 0);
}

static void go_on_updating(struct loop_timer *timer)
{
    update_lanes(CONTAINER_OF(timer, struct source, turnover));
}

/* ── the loop ────────────────────────────────────────────────────────────── */

static void tick(struct loop_timer *timer)
{
    struct source *source = CONTAINER_OF(timer, struct source, tick);
    int64_t now_ms = loop_now_ms(source->intake.loop);
    for (size_t i = 0; i < source->lane_count; i++)
        lane_tick(source->lanes[i]);
    update_lanes(source);
    say_when_drained(source);
    if (source->closing)
        close_lanes(source, now_ms);
    if (source->closing && (all_lanes(source, lane_closed) || now_ms > source->close_by_ms))
        loop_stop(source->intake.loop);
    else
        loop_arm(source->intake.loop, timer, now_ms + TICK_MS);
}

static void begin_closing(struct source *source)
{
    source->closing = true;
    source->close_by_ms = clock_now_ms() + (source->intake.held ? HELD_CLOSE_MS : CLOSE_TIMEOUT_MS);
    loop_arm(source->intake.loop, &source->tick, 0);
}

static void drain(struct source *source)
{
    for (size_t i = 0; i < source->lane_count; i++)
        lane_drain(source->lanes[i]);
    source->draining = true;
    say_when_drained(source);
}

static void set_held(struct source *source, bool held)
{
    source->intake.held = held;
    loop_arm(source->intake.loop, &source->tick, 0);
}

/* It is remembered for a lane that is not there yet. */
static void set_suspended(struct source *source, const struct order *order, bool suspended)
{
    if (order->lane >= source->suspended_count) {
        size_t count = order->lane + 16;
        bool *grown = realloc(source->suspended, count * sizeof *grown);
        if (!grown)
            return;
        memset(grown + source->suspended_count, 0, count - source->suspended_count);
        source->suspended = grown;
        source->suspended_count = count;
    }
    source->suspended[order->lane] = suspended;
}

static void obey(struct source *source, enum source_message type, struct order *order)
{
    if (type != SOURCE_SYNCED)
        set_suspended(source, order, type == SOURCE_SUSPEND);
    for (size_t i = 0; i < source->lane_count; i++) {
        if (lane_place(source->lanes[i]) != order->lane)
            continue;
        if (type == SOURCE_SYNCED)
            lane_synced(source->lanes[i], order->turn);
        else
            lane_suspend(source->lanes[i], type == SOURCE_SUSPEND);
    }
    free(order);
}

/* The lanes of records that are out are there: a lane ends after its last record has come home. */
static void settle(struct source *source, struct settlement *settlement)
{
    for (size_t i = 0; i < settlement->record_count; i++) {
        struct settled_record *settled = &settlement->records[i];
        if (!settlement->ended)
            lane_settle(settled->record->home.lane, settled);
        else if (!settlement->fine)
            lane_unsettle(settled->record->home.lane, settled);
    }
    for (size_t i = 0; i < source->lane_count; i++) {
        if (settlement->ended)
            lane_conclude(source->lanes[i], settlement);
        else
            lane_add_offsets(source->lanes[i], settlement);
    }
    if (settlement->ended)
        settlement_clear(settlement);
    source->options.hooks.settled(source->options.hooks.context, settlement);
}

/* On the thread of an asker. */
static void on_answer(void *context, struct question *question)
{
    struct source *source = context;
    question->message.type = SOURCE_ANSWER;
    mailbox_post(source->mailbox, &question->message);
}

static struct inquiry *answered(struct message *message)
{
    return inquiry_of(CONTAINER_OF(message, struct question, message));
}

static void handle(void *context, struct message *message)
{
    struct source *source = context;
    switch ((enum source_message)message->type) {
    case SOURCE_RECORD: {
        struct record *record = CONTAINER_OF(message, struct record, message);
        lane_take_back(record->home.lane, record);
        say_when_drained(source);
        break;
    }
    case SOURCE_HOLD:
    case SOURCE_RELEASE:
        set_held(source, message->type == SOURCE_HOLD);
        free(message);
        break;
    case SOURCE_CHANGE: {
        struct change *order = CONTAINER_OF(message, struct change, message);
        change(source, order->roster);
        free(order);
        break;
    }
    case SOURCE_SUSPEND:
    case SOURCE_RESUME:
    case SOURCE_SYNCED:
        obey(source, (enum source_message)message->type,
             CONTAINER_OF(message, struct order, message));
        break;
    case SOURCE_SETTLE:
        settle(source, CONTAINER_OF(message, struct settlement, message));
        break;
    case SOURCE_ANSWER:
        lane_tell(answered(message));
        break;
    case SOURCE_DRAIN:
        drain(source);
        break;
    case SOURCE_STOP:
        begin_closing(source);
        break;
    }
}

struct source *source_create(const struct source_options *options, struct error *err)
{
    struct source *source = calloc(1, sizeof *source);
    if (!source) {
        error_set(err, ERROR_MEMORY, "no memory for the source");
        return NULL;
    }
    source->options = *options;
    source->intake.workers = options->workers;
    source->intake.hooks = &source->options.hooks;
    source->intake.kafka = options->kafka;
    source->intake.roster = options->roster;
    source->intake.transactional = options->transactional;
    source->tick.fire = tick;
    source->again.fire = poll_again;
    source->turnover.fire = go_on_updating;
    source->step.run = hand_on;
    source->drain.type = SOURCE_DRAIN;
    source->stop.type = SOURCE_STOP;
    source->intake.held = true;
    source->intake.budget.limit =
        options->memory_bytes / 3; /* the rest: fetched, rendered, written */
    source->intake.metrics = metrics_block_create(options->metrics);
    source->intake.outgoing = calloc(options->workers, sizeof *source->intake.outgoing);
    for (unsigned i = 0; source->intake.outgoing && i < options->workers; i++)
        list_init(&source->intake.outgoing[i]);
    source->intake.loop = loop_create(err);
    if (source->intake.loop && source->intake.outgoing)
        source->mailbox = mailbox_create(source->intake.loop, handle, source, err);
    const struct askers_hooks asking = {source, on_answer};
    if (source->mailbox)
        source->intake.askers = askers_create(options->kafka, &asking, err);
    bool seeded = getrandom(&source->intake.seed, sizeof source->intake.seed, 0) > 0;
    if (!source->intake.askers || !seeded || !add_lanes(source, INT64_MAX, err)) {
        source_destroy(source);
        return NULL;
    }
    loop_add_step(source->intake.loop, &source->step);
    return source;
}

size_t source_queue_bytes(size_t memory_bytes, size_t lanes)
{
    size_t share = memory_bytes / 4 / (lanes ? lanes : 1);
    if (share > QUEUE_BYTES_MOST)
        return QUEUE_BYTES_MOST;
    return share < QUEUE_BYTES_LEAST ? QUEUE_BYTES_LEAST : share;
}

bool source_start(struct source *source, struct error *err)
{
    if (!askers_start(source->intake.askers, err))
        return false;
    loop_arm(source->intake.loop, &source->tick, 0);
    source->thread = thread_start("source", source->intake.loop, err);
    return source->thread != NULL;
}

void source_give_back(struct source *source, struct list *records)
{
    for (struct list *link = records->next; link != records; link = link->next)
        CONTAINER_OF(link, struct message, link)->type = SOURCE_RECORD;
    mailbox_post_all(source->mailbox, records);
}

void source_hold(struct source *source, bool held)
{
    struct message *message = malloc(sizeof *message);
    if (!message)
        return; /* the next change of state says it again */
    message->type = held ? SOURCE_HOLD : SOURCE_RELEASE;
    mailbox_post(source->mailbox, message);
}

static void post_order(struct source *source, enum source_message type, unsigned lane,
                       uint32_t turn)
{
    struct order *order = malloc(sizeof *order);
    if (!order)
        return; /* it is said again when the subscription's state changes, or its partitions */
    *order = (struct order){{.type = type}, lane, turn};
    mailbox_post(source->mailbox, &order->message);
}

void source_suspend(struct source *source, unsigned lane, bool suspended)
{
    post_order(source, suspended ? SOURCE_SUSPEND : SOURCE_RESUME, lane, 0);
}

void source_synced(struct source *source, unsigned lane, uint32_t turn)
{
    post_order(source, SOURCE_SYNCED, lane, turn);
}

void source_change(struct source *source, const struct roster *roster)
{
    struct change *order = memory_need(malloc(sizeof *order));
    *order = (struct change){{.type = SOURCE_CHANGE}, roster};
    mailbox_post(source->mailbox, &order->message);
}

void source_settle(struct source *source, struct settlement *settlement)
{
    settlement->message.type = SOURCE_SETTLE;
    mailbox_post(source->mailbox, &settlement->message);
}

void source_drain(struct source *source)
{
    mailbox_post(source->mailbox, &source->drain);
}

void source_stop(struct source *source)
{
    if (source->thread) {
        mailbox_post(source->mailbox, &source->stop);
        thread_join(source->thread);
        source->thread = NULL;
    }
    askers_stop(source->intake.askers);
}

static void drop_change(struct source *source, struct change *order)
{
    source->options.hooks.done_with(source->options.hooks.context, order->roster);
    free(order);
}

static void drop_leftovers(struct source *source)
{
    struct list left;
    list_init(&left);
    mailbox_empty(source->mailbox, &left);
    for (unsigned i = 0; i < source->options.workers; i++)
        list_move_all(&left, &source->intake.outgoing[i]);
    for (struct list *link = list_pop(&left); link; link = list_pop(&left)) {
        struct message *message = CONTAINER_OF(link, struct message, link);
        if (message->type == SOURCE_RECORD)
            record_destroy(CONTAINER_OF(message, struct record, message));
        else if (message->type == SOURCE_HOLD || message->type == SOURCE_RELEASE)
            free(message);
        else if (message->type == SOURCE_SUSPEND || message->type == SOURCE_RESUME ||
                 message->type == SOURCE_SYNCED)
            free(CONTAINER_OF(message, struct order, message));
        else if (message->type == SOURCE_ANSWER)
            inquiry_destroy(answered(message));
        else if (message->type == SOURCE_CHANGE)
            drop_change(source, CONTAINER_OF(message, struct change, message));
    }
}

void source_destroy(struct source *source)
{
    if (!source)
        return;
    askers_destroy(source->intake.askers);
    if (source->mailbox)
        drop_leftovers(source);
    for (size_t i = 0; i < source->lane_count; i++)
        lane_destroy(source->lanes[i]);
    free(source->lanes);
    free(source->suspended);
    mailbox_destroy(source->mailbox);
    loop_destroy(source->intake.loop);
    free(source->intake.outgoing);
    source->options.hooks.done_with(source->options.hooks.context, source->intake.roster);
    free(source);
}
