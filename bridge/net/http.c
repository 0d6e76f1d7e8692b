/* HTTP by libcurl's multi interface.
 *
 * The happy path: http_send sets up an idle handle and adds it; the step before the loop waits lets
 * curl send; the answer's lines and bytes come by on_line and on_body; curl reports the transfer as
 * done; the same step calls `done`, and the handle is idle again.
 * What can fail: the receiver is slow (on_timer ends the call), talks nonsense (answer.c says so),
 * or the connection fails (failure.c names it). Once the final head is there none of it counts. */
#include "net/http.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/answer.h"
#include "net/engine.h"
#include "net/failure.h"
#include "net/handle.h"

#define BODY_WAIT_MS 1000 /* for the rest of an answer whose status is there */
#define SHELVES      64
#define SPARE_CALLS  64 /* so many are made before one that is set up otherwise is taken */

enum call_state { CALL_IDLE, CALL_SENDING, CALL_FINISHED, CALL_REPORTING };

struct http_call {
    struct list link; /* in the list that is its state */
    enum call_state state;
    struct http *http;
    unsigned shelf; /* where it lies while idle */
    struct handle handle;
    struct answer answer;
    struct loop_timer timer;
    http_done *done;
    void *context;
    int64_t started_us;
    int64_t duration_us;
    int64_t timeout_ms;
    struct buffer *whole;
    struct buffer *head;
    struct error err;
};

struct http {
    struct loop *loop;
    struct engine engine;
    struct loop_step step;
    /* Idle calls by the options they were used with last: a subscription finds one that is set up
     * for it already. */
    struct list idle[SHELVES];
    struct list sending;
    struct list finished;
    unsigned calls;
    unsigned in_flight;
};

static unsigned shelf_of(const struct http_options *options)
{
    return (unsigned)((uintptr_t)options / 64 * 2654435761U >> 16) % SHELVES;
}

static void put_away(struct http_call *call)
{
    list_remove(&call->link);
    list_push_front(&call->http->idle[call->shelf], &call->link);
    call->state = CALL_IDLE;
    call->http->in_flight--;
}

/* The call leaves curl; `done` comes in the next step. */
static void finish(struct http_call *call)
{
    curl_multi_remove_handle(call->http->engine.multi, call->handle.easy);
    loop_disarm(call->http->loop, &call->timer);
    if (!call->answer.complete)
        call->duration_us = clock_now_us() - call->started_us;
    list_remove(&call->link);
    list_push(&call->http->finished, &call->link);
    call->state = CALL_FINISHED;
}

/* curl calls it out of memory when one line is over a bound of its own (100 KiB). */
static bool is_endless_line(const struct http_call *call, CURLcode code)
{
    curl_off_t began_us = 0;
    curl_easy_getinfo(call->handle.easy, CURLINFO_STARTTRANSFER_TIME_T, &began_us);
    return code == CURLE_OUT_OF_MEMORY && began_us > 0;
}

static void describe(struct http_call *call, CURLcode code)
{
    long system_error = 0;
    curl_easy_getinfo(call->handle.easy, CURLINFO_OS_ERRNO, &system_error);
    const struct failure failure = {
        .code = code,
        .detail = call->handle.errors,
        .system_error = (int)system_error,
        .answer_began = call->answer.head_bytes > 0,
    };
    failure_describe(&failure, &call->err);
}

static void judge_whole(struct http_call *call, CURLcode code)
{
    if (call->whole->failed)
        error_set(&call->err, ERROR_PROTOCOL, "the answer has more than %zu bytes",
                  call->whole->limit);
    else if (code != CURLE_OK)
        error_set(&call->err, ERROR_PROTOCOL, "the connection ended within the answer");
}

static void judge(struct http_call *call, CURLcode code)
{
    if (call->answer.complete && call->whole)
        judge_whole(call, code);
    if (call->answer.complete)
        return;
    if (is_endless_line(call, code))
        call->answer.broken = ANSWER_TOO_LONG;
    if (call->answer.broken)
        error_set(&call->err, ERROR_PROTOCOL, "%s", call->answer.broken);
    else if (code == CURLE_OK)
        error_set(&call->err, ERROR_PROTOCOL, "the connection ended within the answer's head");
    else
        describe(call, code);
}

static void on_timer(struct loop_timer *timer)
{
    struct http_call *call = CONTAINER_OF(timer, struct http_call, timer);
    if (!call->answer.complete || call->whole) {
        curl_off_t ready_us = 0;
        curl_easy_getinfo(call->handle.easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
        error_set(&call->err, ERROR_TIMEOUT, "no %s within %lld ms",
                  ready_us > 0 ? "answer" : "connection", (long long)call->timeout_ms);
    }
    finish(call);
}

/* Of several heads, as 1xx answers have them, the last one stays. */
static void keep_line(struct buffer *head, struct slice line)
{
    if (slice_starts(line, SLICE("HTTP/")))
        buffer_clear(head);
    else
        buffer_add_slice(head, line);
}

static size_t on_line(char *data, size_t one, size_t size, void *context)
{
    struct http_call *call = context;
    bool complete = call->answer.complete;
    if (!answer_take_line(&call->answer, (struct slice){data, size}))
        return 0;
    if (call->head && !call->answer.complete)
        keep_line(call->head, (struct slice){data, size});
    if (call->answer.complete && !complete) {
        call->duration_us = clock_now_us() - call->started_us;
        if (!call->whole)
            loop_arm(call->http->loop, &call->timer, loop_now_ms(call->http->loop) + BODY_WAIT_MS);
    }
    return size * one;
}

static size_t on_body(char *data, size_t one, size_t size, void *context)
{
    struct http_call *call = context;
    if (!call->whole)
        return answer_take_body(&call->answer, (struct slice){data, size}) ? size * one : 0;
    buffer_add(call->whole, data, size);
    return call->whole->failed ? 0 : size * one;
}

/* In two rounds: taking a handle out of curl looks through the messages that are left. */
static void collect(struct http *http)
{
    int left = 0;
    struct list ended;
    list_init(&ended);
    CURLMsg *message = NULL;
    while ((message = curl_multi_info_read(http->engine.multi, &left))) {
        CURLcode code = message->data.result;
        struct http_call *call = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
        judge(call, code);
        list_remove(&call->link);
        list_push(&ended, &call->link);
    }
    while (!list_empty(&ended))
        finish(CONTAINER_OF(ended.next, struct http_call, link));
}

static void report(struct http_call *call)
{
    bool failed = call->err.kind != ERROR_NONE;
    struct slice body = call->whole ? buffer_slice(call->whole) : answer_body(&call->answer);
    struct http_exchange exchange = {
        .status = failed ? 0 : call->answer.status,
        .kind = call->err.kind,
        .error = failed ? call->err.text : "",
        .response = failed ? (struct slice){"", 0} : body,
        .retry_after = !failed && call->answer.has_retry_after ? call->answer.retry_after : NULL,
        .duration_us = call->duration_us,
    };
    call->state = CALL_REPORTING;
    call->done(call->context, &exchange);
    put_away(call);
}

/* `done` often sends the next request: it leaves before the wait, too. */
static void before_wait(struct loop_step *step)
{
    struct http *http = CONTAINER_OF(step, struct http, step);
    engine_run(&http->engine);
    collect(http);
    struct list batch;
    list_init(&batch);
    list_move_all(&batch, &http->finished);
    struct list *link = NULL;
    while ((link = list_pop(&batch)))
        report(CONTAINER_OF(link, struct http_call, link));
    http_push(http);
}

void http_push(struct http *http)
{
    engine_run(&http->engine);
    collect(http);
    engine_settle(&http->engine);
    if (!list_empty(&http->finished))
        engine_wake(&http->engine);
}

struct http *http_create(struct loop *loop, unsigned connections, struct error *err)
{
    struct http *http = calloc(1, sizeof *http);
    if (!http || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(http);
        error_set(err, ERROR_MEMORY, "no memory for the HTTP client");
        return NULL;
    }
    http->loop = loop;
    for (size_t i = 0; i < SHELVES; i++)
        list_init(&http->idle[i]);
    list_init(&http->sending);
    list_init(&http->finished);
    if (!engine_init(&http->engine, loop, connections, err)) {
        curl_global_cleanup();
        free(http);
        return NULL;
    }
    http->step.run = before_wait;
    loop_add_step(loop, &http->step);
    return http;
}

static void free_calls(struct list *calls)
{
    struct list *next = NULL;
    for (struct list *link = calls->next; link != calls; link = next) {
        next = link->next;
        struct http_call *call = CONTAINER_OF(link, struct http_call, link);
        handle_finish(&call->handle);
        free(call);
    }
}

void http_destroy(struct http *http)
{
    if (!http)
        return;
    while (!list_empty(&http->sending))
        http_cancel(CONTAINER_OF(http->sending.next, struct http_call, link));
    free_calls(&http->finished);
    for (size_t i = 0; i < SHELVES; i++)
        free_calls(&http->idle[i]);
    engine_finish(&http->engine);
    list_remove(&http->step.link);
    curl_global_cleanup();
    free(http);
}

static struct http_call *create_call(struct http *http, struct error *err)
{
    struct http_call *call = calloc(1, sizeof *call);
    if (!call) {
        error_set(err, ERROR_MEMORY, "no memory for a request");
        return NULL;
    }
    struct handle_callbacks callbacks = {on_line, on_body, call};
    if (!handle_init(&call->handle, &callbacks, err)) {
        free(call);
        return NULL;
    }
    engine_adopt(&http->engine, call->handle.easy);
    call->http = http;
    call->timer.fire = on_timer;
    list_init(&call->link);
    http->calls++;
    return call;
}

static struct list *take_any(struct http *http)
{
    struct list *link = NULL;
    for (unsigned i = 0; i < SHELVES && !link; i++)
        link = list_pop(&http->idle[i]);
    return link;
}

/* One that served these options last; else a new one or anyone's. */
static struct http_call *find_call(struct http *http, const struct http_options *options,
                                   struct error *err)
{
    unsigned shelf = shelf_of(options);
    struct list *link = list_pop(&http->idle[shelf]);
    if (!link && http->calls >= SPARE_CALLS)
        link = take_any(http);
    struct http_call *call =
        link ? CONTAINER_OF(link, struct http_call, link) : create_call(http, err);
    if (call)
        call->shelf = shelf;
    return call;
}

struct http_call *http_send(struct http *http, const struct http_request *request, http_done *done,
                            void *context, struct error *err)
{
    struct http_call *call = find_call(http, request->options, err);
    if (!call)
        return NULL;
    http->in_flight++;
    if (!handle_prepare(&call->handle, request, err)) {
        put_away(call);
        return NULL;
    }
    call->done = done;
    call->context = context;
    call->started_us = clock_now_us();
    call->timeout_ms = request->timeout_ms;
    call->whole = request->whole;
    call->head = request->head;
    call->err.kind = ERROR_NONE;
    answer_clear(&call->answer);
    if (curl_multi_add_handle(http->engine.multi, call->handle.easy) != CURLM_OK) {
        put_away(call);
        error_set(err, ERROR_MEMORY, "no memory for a request");
        return NULL;
    }
    loop_arm(http->loop, &call->timer, loop_now_ms(http->loop) + request->timeout_ms);
    engine_wake(&http->engine);
    list_push(&http->sending, &call->link);
    call->state = CALL_SENDING;
    return call;
}

void http_cancel(struct http_call *call)
{
    if (call->state == CALL_SENDING)
        finish(call);
    if (call->state == CALL_FINISHED)
        put_away(call);
}

uint64_t http_connections_opened(const struct http *http)
{
    return http->engine.opened;
}

unsigned http_in_flight(const struct http *http)
{
    return http->in_flight;
}
