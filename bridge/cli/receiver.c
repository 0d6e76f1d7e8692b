/* The happy path: MHD's epoll descriptor is watched by the loop; a request's line makes a struct
 * exchange, its body is gathered there, the handler sees it whole, the answer is queued.
 * What can fail: no memory for a request (MHD then closes the connection), or a body over the limit
 * (413). */
#include "cli/receiver.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/list.h"

#define HEADERS_MAX 64
#define ANSWERS_MAX 8
#define STATUS_OK   204

struct answer {
    const char *path;
    int status;
};

struct receiver {
    struct loop *loop;
    struct MHD_Daemon *daemon;
    receiver_handler *handler;
    void *context;
    struct loop_io io;
    struct loop_timer timer;
    struct answer answers[ANSWERS_MAX];
    size_t answer_count;
    struct list exchanges; /* those that MHD has not told us the end of */
};

/* One request while it comes in; MHD keeps it for us from the first line to the end. */
struct exchange {
    struct list link;
    char *target;
    bool begun;
    struct buffer body;
};

struct header_list {
    struct receiver_header items[HEADERS_MAX];
    size_t count;
};

static void *begin(void *context, const char *uri, struct MHD_Connection *connection)
{
    (void)connection;
    struct receiver *receiver = context;
    struct exchange *exchange = calloc(1, sizeof(*exchange));
    if (!exchange)
        return NULL;
    list_push(&receiver->exchanges, &exchange->link);
    exchange->body.limit = RECEIVER_BODY_BYTES;
    exchange->target = strdup(uri);
    return exchange;
}

static void exchange_destroy(struct exchange *exchange)
{
    buffer_finish(&exchange->body);
    free(exchange->target);
    free(exchange);
}

static void end(void *context, struct MHD_Connection *connection, void **state,
                enum MHD_RequestTerminationCode code)
{
    (void)context, (void)connection, (void)code;
    struct exchange *exchange = *state;
    if (!exchange)
        return;
    list_remove(&exchange->link);
    exchange_destroy(exchange);
    *state = NULL;
}

static enum MHD_Result reply(struct MHD_Connection *connection, int status)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    enum MHD_Result result = MHD_queue_response(connection, (unsigned)status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result add_header(void *context, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    (void)kind;
    struct header_list *list = context;
    if (list->count < HEADERS_MAX)
        list->items[list->count++] = (struct receiver_header){slice_of(name), slice_of(value)};
    return MHD_YES;
}

static int status_for(const struct receiver *receiver, const char *target)
{
    struct slice path = {target, strcspn(target, "?")};
    for (size_t i = 0; i < receiver->answer_count; i++)
        if (slice_is(path, receiver->answers[i].path))
            return receiver->answers[i].status;
    return STATUS_OK;
}

static enum MHD_Result hand_on(struct receiver *receiver, struct MHD_Connection *connection,
                               const char *method, const struct exchange *exchange)
{
    if (exchange->body.failed)
        return reply(connection, MHD_HTTP_CONTENT_TOO_LARGE);
    struct header_list headers = {.count = 0};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, add_header, &headers);
    struct receiver_request request = {
        .method = method,
        .target = exchange->target,
        .headers = headers.items,
        .header_count = headers.count,
        .body = buffer_slice(&exchange->body),
        .status = status_for(receiver, exchange->target),
    };
    enum MHD_Result result = reply(connection, request.status);
    receiver->handler(receiver->context, &request);
    return result;
}

/* MHD calls this for the headers, for each piece of the body, and once more at its end. */
// NOLINTNEXTLINE(readability-function-size): MHD's signature
static enum MHD_Result take(void *context, struct MHD_Connection *connection, const char *url,
                            const char *method, const char *version, const char *piece,
                            size_t *piece_size, void **state)
{
    (void)url, (void)version;
    struct exchange *exchange = *state;
    if (!exchange || !exchange->target)
        return MHD_NO;
    if (!exchange->begun) {
        exchange->begun = true;
        return MHD_YES;
    }
    if (*piece_size == 0)
        return hand_on(context, connection, method, exchange);
    buffer_add(&exchange->body, piece, *piece_size);
    *piece_size = 0;
    return MHD_YES;
}

static void run(struct receiver *receiver)
{
    MHD_run(receiver->daemon);
    MHD_UNSIGNED_LONG_LONG wait_ms;
    if (MHD_get_timeout(receiver->daemon, &wait_ms) == MHD_YES)
        loop_arm(receiver->loop, &receiver->timer, clock_now_ms() + (int64_t)wait_ms);
    else
        loop_disarm(receiver->loop, &receiver->timer);
}

static void ready(struct loop_io *io, uint32_t events)
{
    (void)events;
    run(CONTAINER_OF(io, struct receiver, io));
}

static void fire(struct loop_timer *timer)
{
    run(CONTAINER_OF(timer, struct receiver, timer));
}

static struct MHD_Daemon *listen_locally(struct receiver *receiver)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    return MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, take, receiver, MHD_OPTION_SOCK_ADDR,
                            &address, MHD_OPTION_URI_LOG_CALLBACK, begin, receiver,
                            MHD_OPTION_NOTIFY_COMPLETED, end, receiver, MHD_OPTION_END);
}

struct receiver *receiver_open(struct loop *loop, receiver_handler *handler, void *context,
                               struct error *err)
{
    struct receiver *receiver = calloc(1, sizeof(*receiver));
    if (!receiver) {
        error_set(err, ERROR_MEMORY, "no memory for a receiver");
        return NULL;
    }
    list_init(&receiver->exchanges);
    receiver->loop = loop;
    receiver->handler = handler;
    receiver->context = context;
    receiver->timer.fire = fire;
    receiver->io = (struct loop_io){-1, ready};
    receiver->daemon = listen_locally(receiver);
    if (!receiver->daemon) {
        error_set(err, ERROR_SYSTEM, "no port of 127.0.0.1 to listen on");
        goto failed;
    }
    receiver->io.fd = MHD_get_daemon_info(receiver->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    if (loop_watch(loop, &receiver->io, EPOLLIN, err))
        return receiver;
    receiver->io.fd = -1;
failed:
    receiver_close(receiver);
    return NULL;
}

void receiver_close(struct receiver *receiver)
{
    if (!receiver)
        return;
    loop_disarm(receiver->loop, &receiver->timer);
    if (receiver->io.fd >= 0)
        loop_unwatch(receiver->loop, &receiver->io);
    if (receiver->daemon)
        MHD_stop_daemon(receiver->daemon);
    /* A request whose headers could not be read has a beginning and no end. */
    struct list *next = NULL;
    for (struct list *link = receiver->exchanges.next; link != &receiver->exchanges; link = next) {
        next = link->next;
        exchange_destroy(CONTAINER_OF(link, struct exchange, link));
    }
    free(receiver);
}

unsigned receiver_port(const struct receiver *receiver)
{
    return MHD_get_daemon_info(receiver->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

bool receiver_answer(struct receiver *receiver, const char *path, int status, struct error *err)
{
    if (receiver->answer_count == ANSWERS_MAX)
        return error_set(err, ERROR_MEMORY, "too many answers set");
    receiver->answers[receiver->answer_count++] = (struct answer){path, status};
    return true;
}

struct slice receiver_header(const struct receiver_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (slice_equal_nocase(request->headers[i].name, slice_of(name)))
            return request->headers[i].value;
    return SLICE_NONE;
}
