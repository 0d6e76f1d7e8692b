/* net/http.h, for the simulation: a request travels to the receiver, which does with it what it
 * does, and what comes of it travels back. What was sent arrives, or not, also where its sender is
 * killed meanwhile. */
#include "net/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/list.h"
#include "sim/http/receiver.h"
#include "sim/model/model.h"
#include "sim/world/fiber.h"
#include "sim/world/memory.h"
#include "sim/world/process.h"
#include "sim/world/world.h"

#define TRAVEL_US INT64_C(2000)

/* One request on its way. Its memory is the simulation's own. */
struct exchange {
    struct world_event event;
    struct http_call *call; /* NULL: nobody waits any more */
    struct model_request request;
    struct reception reception;
    bool arrived;
};

/* The client's end of it. */
struct http_call {
    struct list link; /* among those under way, or those that are over */
    struct http *http;
    http_done *done;
    void *context;
    struct exchange *exchange;
    struct model_request request;
    struct world_event timeout;
    int64_t sent_us;
    int64_t ended_us;
    int status;
    enum error_kind kind;
    int retry_after;
};

struct http {
    struct loop *loop;
    struct loop_io io;
    struct list under_way;
    struct list over;
    struct process_exit exit;
    unsigned in_flight;
    unsigned number;
};

static unsigned created;

/* ── the way there and back ──────────────────────────────────────────────── */

static void end(struct http_call *call)
{
    uint64_t one = 1;
    call->exchange = NULL;
    call->ended_us = world_now_us();
    world_cancel(&call->timeout);
    list_remove(&call->link);
    list_push(&call->http->over, &call->link);
    ssize_t ignored = write(call->http->io.fd, &one, sizeof one);
    (void)ignored;
}

static void free_exchange(struct exchange *exchange)
{
    world_cancel(&exchange->event);
    free(exchange);
}

static void arrive(struct exchange *exchange)
{
    const struct reception *reception = &exchange->reception;
    exchange->arrived = true;
    if (reception->takes)
        model_arrived(&exchange->request);
    if (reception->answers)
        world_after(&exchange->event, reception->wait_us + TRAVEL_US);
    else if (!exchange->call)
        free_exchange(exchange);
}

static void come_back(struct exchange *exchange)
{
    struct http_call *call = exchange->call;
    if (call) {
        call->status = exchange->reception.status;
        call->kind = call->status ? ERROR_NONE : exchange->reception.kind;
        call->retry_after = exchange->reception.retry_after;
        end(call);
    }
    free_exchange(exchange);
}

static void on_event(struct world_event *event)
{
    struct exchange *exchange = CONTAINER_OF(event, struct exchange, event);
    if (exchange->arrived)
        come_back(exchange);
    else
        arrive(exchange);
}

/* Nobody waits for the answer. What has not arrived may do so yet. */
static void let_go(struct http_call *call)
{
    struct exchange *exchange = call->exchange;
    call->exchange = NULL;
    world_cancel(&call->timeout);
    if (!exchange)
        return;
    exchange->call = NULL;
    if (exchange->arrived && !exchange->reception.answers)
        free_exchange(exchange);
}

static void on_timeout(struct world_event *event)
{
    struct http_call *call = CONTAINER_OF(event, struct http_call, timeout);
    let_go(call);
    call->kind = ERROR_TIMEOUT;
    end(call);
}

/* ── the client ──────────────────────────────────────────────────────────── */

static void finish(struct http_call *call)
{
    char seconds[16] = "";
    struct http_exchange exchange = {
        .status = call->status,
        .kind = call->kind,
        .error = call->kind ? "it did not work" : "",
        .response = {"answer", 6},
        .retry_after = call->retry_after >= 0 ? seconds : NULL,
        .duration_us = call->ended_us - call->sent_us,
    };
    snprintf(seconds, sizeof seconds, "%d", call->retry_after);
    model_heard(&call->request, &exchange);
    call->http->in_flight--;
    call->done(call->context, &exchange);
    free(call);
}

static void on_ready(struct loop_io *io, uint32_t events)
{
    (void)events;
    struct http *http = CONTAINER_OF(io, struct http, io);
    uint64_t count = 0;
    ssize_t ignored = read(io->fd, &count, sizeof count);
    (void)ignored;
    for (struct list *link = list_pop(&http->over); link; link = list_pop(&http->over))
        finish(CONTAINER_OF(link, struct http_call, link));
}

static void gone(struct process_exit *exit)
{
    struct http *http = CONTAINER_OF(exit, struct http, exit);
    list_move_all(&http->under_way, &http->over);
    for (struct list *link = http->under_way.next; link != &http->under_way; link = link->next) {
        struct http_call *call = CONTAINER_OF(link, struct http_call, link);
        model_unheard(&call->request);
        let_go(call);
    }
}

struct http *http_create(struct loop *loop, unsigned connections, struct error *err)
{
    (void)connections;
    enum memory_kind before = memory_enter(MEMORY_LIBRARY);
    struct http *http = memory_get(sizeof *http);
    memory_enter(before);
    http->loop = loop;
    http->number = ++created;
    list_init(&http->under_way);
    list_init(&http->over);
    http->io.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    http->io.ready = on_ready;
    http->exit.gone = gone;
    list_push(&process_current()->exits, &http->exit.link);
    if (loop_watch(loop, &http->io, EPOLLIN, err))
        return http;
    http_destroy(http);
    return NULL;
}

void http_destroy(struct http *http)
{
    if (!http)
        return;
    list_move_all(&http->under_way, &http->over);
    while (!list_empty(&http->under_way))
        http_cancel(CONTAINER_OF(http->under_way.next, struct http_call, link));
    list_remove(&http->exit.link);
    loop_unwatch(http->loop, &http->io);
    close(http->io.fd);
    free(http);
}

static void start(struct http_call *call)
{
    struct process *before = process_enter(NULL);
    struct exchange *exchange = memory_get(sizeof *exchange);
    struct dice dice = dice_for(world_seed(), "travel", call->request.sent);
    exchange->event.fire = on_event;
    exchange->call = call;
    exchange->request = call->request;
    exchange->reception =
        receiver_receive(call->request.subscription, call->request.number, call->request.attempt);
    call->exchange = exchange;
    world_after(&exchange->event, dice_between(&dice, 100, TRAVEL_US));
    process_enter(before);
}

struct http_call *http_send(struct http *http, const struct http_request *request, http_done *done,
                            void *context, struct error *err)
{
    (void)err;
    fiber_preempt();
    enum memory_kind before = memory_enter(MEMORY_LIBRARY);
    struct http_call *call = memory_get(sizeof *call);
    call->http = http;
    call->done = done;
    call->context = context;
    call->sent_us = world_now_us();
    call->retry_after = -1;
    call->timeout.fire = on_timeout;
    call->timeout.process = process_current();
    list_push(&http->under_way, &call->link);
    http->in_flight++;
    model_sent(request, http->number, &call->request);
    start(call);
    world_after(&call->timeout, request->timeout_ms * 1000);
    memory_enter(before);
    return call;
}

void http_cancel(struct http_call *call)
{
    model_unheard(&call->request);
    let_go(call);
    list_remove(&call->link);
    call->http->in_flight--;
    free(call);
}

void http_push(struct http *http)
{
    (void)http;
}

uint64_t http_connections_opened(const struct http *http)
{
    (void)http;
    return 0;
}

unsigned http_in_flight(const struct http *http)
{
    return http->in_flight;
}
