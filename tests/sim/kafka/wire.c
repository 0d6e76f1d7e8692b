#include "sim/kafka/wire.h"

#include <stdlib.h>

#define BACKOFF_LEAST_US INT64_C(100000)
#define BACKOFF_MOST_US  INT64_C(10000000)
#define CONNECT_US       INT64_C(2000)
#define SLOW_TIMES       200
#define HUNG_AGAIN_US    INT64_C(20000)

static struct list wires = {&wires, &wires};
static unsigned opened;
static int64_t latency_us = 1000;
static int64_t slow_per_million;
static int64_t down_until_us;
static int64_t hung_until_us;

void wire_set_latency(int64_t most_us, int64_t slow)
{
    latency_us = most_us;
    slow_per_million = slow;
}

static int64_t travel_us(struct wire *wire)
{
    if (dice_chance(&wire->dice, slow_per_million))
        return dice_spread(&wire->dice, latency_us, latency_us * SLOW_TIMES);
    return dice_between(&wire->dice, 100, latency_us);
}

/* ── connecting ──────────────────────────────────────────────────────────── */

static bool is_reachable(const struct wire *wire)
{
    return world_now_us() >= down_until_us && world_now_us() >= wire->process->cut_off_until_us;
}

static void try_to_connect(struct world_event *event)
{
    struct wire *wire = CONTAINER_OF(event, struct wire, connect);
    if (!is_reachable(wire)) {
        wire->backoff_us =
            wire->backoff_us * 2 < BACKOFF_MOST_US ? wire->backoff_us * 2 : BACKOFF_MOST_US;
        world_after(event, dice_between(&wire->dice, wire->backoff_us / 2, wire->backoff_us));
        return;
    }
    wire->up = true;
    wire->backoff_us = BACKOFF_LEAST_US;
    wire->there_us = wire->here_us = 0;
    wire->changed(wire);
}

void wire_open(struct wire *wire, struct process *process, void (*changed)(struct wire *wire))
{
    *wire = (struct wire){
        .process = process,
        .changed = changed,
        .connect = {.fire = try_to_connect, .process = process},
        .backoff_us = BACKOFF_LEAST_US,
        .dice = dice_for(world_seed(), "wire", ++opened),
    };
    list_init(&wire->requests);
    list_push(&wires, &wire->link);
    world_after(&wire->connect, dice_between(&wire->dice, 1, CONNECT_US));
}

/* ── requests ────────────────────────────────────────────────────────────── */

static void destroy(struct wire_request *request)
{
    struct process *before = process_enter(NULL);
    list_remove(&request->link);
    world_cancel(&request->event);
    request->destroy(request);
    process_enter(before);
}

static void tell(struct wire *wire, struct wire_request *request, rd_kafka_resp_err_t code)
{
    struct process *before = process_enter(wire->process);
    request->done(request, code);
    process_enter(before);
    destroy(request);
}

static void serve(struct wire_request *request)
{
    request->stage = WIRE_SERVED;
    request->serve(request);
}

/* The first that is not answered yet, if it has arrived and is not being served. In an event of its
 * own: whoever has just answered another is not done with it. */
static void serve_next(struct wire *wire)
{
    for (struct list *link = wire->requests.next; link != &wire->requests; link = link->next) {
        struct wire_request *request = CONTAINER_OF(link, struct wire_request, link);
        if (request->stage == WIRE_COMING)
            continue;
        if (request->stage == WIRE_ARRIVED)
            world_after(&request->event, 1);
        return;
    }
}

static void arrive(struct wire_request *request)
{
    struct wire *wire = request->wire;
    if (world_now_us() < hung_until_us) {
        world_after(&request->event, HUNG_AGAIN_US);
        return;
    }
    request->stage = WIRE_ARRIVED;
    if (wire)
        serve_next(wire);
    else
        world_after(&request->event, 1);
}

static void on_event(struct world_event *event)
{
    struct wire_request *request = CONTAINER_OF(event, struct wire_request, event);
    if (request->stage == WIRE_GOING)
        arrive(request);
    else if (request->stage == WIRE_ARRIVED)
        serve(request);
    else
        tell(request->wire, request, RD_KAFKA_RESP_ERR_NO_ERROR);
}

/* Not before what is under way already. */
static void travel(struct wire *wire, struct wire_request *request, int64_t *last_us)
{
    int64_t at_us = world_now_us() + travel_us(wire);
    *last_us = at_us > *last_us ? at_us : *last_us + 1;
    world_at(&request->event, *last_us);
}

void wire_send(struct wire *wire, struct wire_request *request)
{
    request->wire = wire;
    request->stage = WIRE_GOING;
    request->event.fire = on_event;
    list_push(&wire->requests, &request->link);
    travel(wire, request, &wire->there_us);
}

void wire_answer(struct wire_request *request)
{
    struct wire *wire = request->wire;
    if (!wire) {
        destroy(request);
        return;
    }
    request->stage = WIRE_COMING;
    travel(wire, request, &wire->here_us);
    serve_next(wire);
}

/* ── losing it ───────────────────────────────────────────────────────────── */

/* Nobody waits for the answer any more. Is it served all the same? */
static void let_go(struct wire *wire, struct wire_request *request)
{
    bool lost = request->stage == WIRE_COMING ||
                (request->stage != WIRE_SERVED && dice_roll(&wire->dice) & 1);
    list_remove(&request->link);
    request->wire = NULL;
    if (lost) {
        destroy(request);
        return;
    }
    if (request->stage == WIRE_SERVED)
        return; /* whoever serves it has it */
    request->stage = WIRE_GOING;
    world_after(&request->event, travel_us(wire));
}

static void lose(struct wire *wire)
{
    struct list lost;
    list_init(&lost);
    list_move_all(&lost, &wire->requests);
    wire->up = false;
    wire->changed(wire);
    for (struct list *link = lost.next; link != &lost; link = lost.next) {
        struct wire_request *request = CONTAINER_OF(link, struct wire_request, link);
        request->done(request, RD_KAFKA_RESP_ERR__TRANSPORT);
        let_go(wire, request);
    }
    world_after(&wire->connect, dice_between(&wire->dice, 1, BACKOFF_LEAST_US));
}

void wire_cut(const struct process *process)
{
    struct list *next = NULL;
    for (struct list *link = wires.next; link != &wires; link = next) {
        struct wire *wire = CONTAINER_OF(link, struct wire, link);
        next = link->next;
        if (!wire->up || (process && wire->process != process))
            continue;
        struct process *before = process_enter(wire->process);
        lose(wire);
        process_enter(before);
    }
}

void wire_set_down(int64_t until_us)
{
    down_until_us = until_us;
    if (world_now_us() < until_us)
        wire_cut(NULL);
}

void wire_set_hung(int64_t until_us)
{
    hung_until_us = until_us;
}

void wire_close(struct wire *wire)
{
    world_cancel(&wire->connect);
    list_remove(&wire->link);
    wire->up = false;
    while (!list_empty(&wire->requests))
        let_go(wire, CONTAINER_OF(wire->requests.next, struct wire_request, link));
}
