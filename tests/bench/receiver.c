/* The bench's receiver: one thread, epoll, HTTP/1.1 with kept connections. It answers 200 to
 * everything, after a fixed delay if asked, and must never be what limits a measurement.
 *
 *     bench-receiver PORT [DELAY_MS]
 *
 * It counts distinct webhook-ids (topic-partition-offset) in a bitmap a partition, and where a body
 * starts with {"t":MICROSECONDS (as bench-load publishes it) how long ago that was. Where requests
 * carry an X-Key, a number, it counts those that come for the first time after a later one of their
 * key. GET /stats
 * tells; GET /reset forgets. What a well-behaved client wouldn't do ends its connection. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "latency.h"

#define REQUEST_BYTES ((size_t)128 * 1024)
#define PARTITIONS    64
#define KEYS          4096
#define CONNECTIONS   8192

struct connection {
    int fd;
    bool waiting; /* its answer is due later: it is in the queue of those, and owned by it */
    size_t used;
    int64_t due_us;
    struct connection *next;
    char data[REQUEST_BYTES];
};

struct seen {
    uint8_t *bits;
    size_t bytes;
};

struct stats {
    uint64_t requests;
    uint64_t without_id;
    uint64_t distinct;
    uint64_t duplicates;
    uint64_t overtaken;
    struct latency latency;
    int64_t first_us; /* CLOCK_MONOTONIC, of a request with a new id */
    int64_t last_us;
    struct seen seen[PARTITIONS];
    uint64_t behind[KEYS]; /* the highest offset that has come of a key, and one */
};

struct receiver {
    int epoll;
    int64_t delay_us;
    struct connection *connections[CONNECTIONS]; /* by descriptor */
    struct connection *head;                     /* answers due, the earliest first */
    struct connection *tail;
    struct stats stats;
};

struct request {
    const char *head;
    size_t head_bytes;
    const char *body;
    size_t body_bytes;
};

/* The first time for this position? */
static bool seen_first(struct seen *seen, uint64_t offset)
{
    size_t byte = offset / 8;
    uint8_t bit = (uint8_t)(1u << (offset % 8));

    if (byte >= seen->bytes) {
        size_t bytes = byte * 2 + 4096;
        uint8_t *bits = realloc(seen->bits, bytes);
        if (!bits)
            abort();
        memset(bits + seen->bytes, 0, bytes - seen->bytes);
        seen->bits = bits;
        seen->bytes = bytes;
    }
    if (seen->bits[byte] & bit)
        return false;
    seen->bits[byte] |= bit;
    return true;
}

static const char *find_header(const struct request *req, const char *name)
{
    size_t length = strlen(name);
    const char *end = req->head + req->head_bytes;
    const char *line = req->head;

    while ((line = memchr(line, '\n', (size_t)(end - line)))) {
        line++;
        if ((size_t)(end - line) > length && line[length] == ':' &&
            strncasecmp(line, name, length) == 0)
            return line + length + 1;
    }
    return NULL;
}

static void count_order(struct stats *stats, const char *key, uint64_t offset)
{
    uint64_t *behind = &stats->behind[strtoul(key, NULL, 10) % KEYS];

    if (offset < *behind)
        stats->overtaken++;
    else
        *behind = offset + 1;
}

static void count_id(struct stats *stats, const char *id, const char *key)
{
    const char *end = strchr(id, '\r');
    const char *offset = end ? memrchr(id, '-', (size_t)(end - id)) : NULL;
    const char *partition = offset ? memrchr(id, '-', (size_t)(offset - id)) : NULL;

    if (!partition) {
        stats->without_id++;
        return;
    }
    size_t place = strtoul(partition + 1, NULL, 10) % PARTITIONS;
    uint64_t number = strtoull(offset + 1, NULL, 10);
    if (!seen_first(&stats->seen[place], number)) {
        stats->duplicates++;
        return;
    }
    if (key)
        count_order(stats, key, number);
    stats->last_us = clock_us(CLOCK_MONOTONIC);
    if (stats->distinct++ == 0)
        stats->first_us = stats->last_us;
}

static void count(struct stats *stats, const struct request *req)
{
    const char *id = find_header(req, "webhook-id");

    stats->requests++;
    if (id)
        count_id(stats, id, find_header(req, "x-key"));
    else
        stats->without_id++;
    latency_count(&stats->latency, req->body, req->body_bytes);
}

static bool answer(struct connection *conn, const char *text, size_t bytes)
{
    return send(conn->fd, text, bytes, MSG_NOSIGNAL) == (ssize_t)bytes;
}

static bool answer_stats(struct connection *conn, const struct stats *stats)
{
    char body[1024];
    char whole[1280];
    int bytes =
        snprintf(body, sizeof(body),
                 "{\"requests\":%" PRIu64 ",\"without_id\":%" PRIu64 ",\"distinct\":%" PRIu64
                 ",\"duplicates\":%" PRIu64 ",\"overtaken\":%" PRIu64 ",\"first_us\":%" PRId64
                 ",\"last_us\":%" PRId64 ",\"timed\":%" PRIu64 ",\"p50_us\":%" PRIu64
                 ",\"p90_us\":%" PRIu64 ",\"p99_us\":%" PRIu64 ",\"p999_us\":%" PRIu64 "}\n",
                 stats->requests, stats->without_id, stats->distinct, stats->duplicates,
                 stats->overtaken, stats->first_us, stats->last_us, stats->latency.count,
                 latency_us(&stats->latency, 0.5), latency_us(&stats->latency, 0.9),
                 latency_us(&stats->latency, 0.99), latency_us(&stats->latency, 0.999));
    int total = snprintf(whole, sizeof(whole),
                         "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                         "Content-Length: %d\r\n\r\n%s",
                         bytes, body);

    return answer(conn, whole, (size_t)total);
}

static void forget(struct stats *stats)
{
    for (size_t i = 0; i < PARTITIONS; i++)
        free(stats->seen[i].bits);
    memset(stats, 0, sizeof(*stats));
}

static bool answer_ok(struct connection *conn)
{
    static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    return answer(conn, ok, sizeof(ok) - 1);
}

static void answer_later(struct receiver *r, struct connection *conn)
{
    conn->waiting = true;
    conn->due_us = clock_us(CLOCK_MONOTONIC) + r->delay_us;
    conn->next = NULL;
    if (r->tail)
        r->tail->next = conn;
    else
        r->head = conn;
    r->tail = conn;
}

static bool serve(struct receiver *r, struct connection *conn, const struct request *req)
{
    if (strncmp(req->head, "GET /stats", 10) == 0)
        return answer_stats(conn, &r->stats);
    if (strncmp(req->head, "GET /reset", 10) == 0) {
        forget(&r->stats);
        return answer_ok(conn);
    }
    count(&r->stats, req);
    if (r->delay_us == 0)
        return answer_ok(conn);
    answer_later(r, conn);
    return true;
}

/* Serves what is complete in the buffer. False: end the connection. */
static bool serve_buffered(struct receiver *r, struct connection *conn)
{
    size_t at = 0;

    while (!conn->waiting && at < conn->used) {
        struct request req = {.head = conn->data + at};
        const char *end = memmem(req.head, conn->used - at, "\r\n\r\n", 4);
        if (!end)
            break;
        req.head_bytes = (size_t)(end - req.head) + 2;
        req.body = end + 4;
        const char *length = find_header(&req, "content-length");
        req.body_bytes = length ? strtoul(length, NULL, 10) : 0;
        if (req.body_bytes > REQUEST_BYTES)
            return false;
        size_t whole = req.head_bytes + 2 + req.body_bytes;
        if (conn->used - at < whole)
            break;
        if (!serve(r, conn, &req))
            return false;
        at += whole;
    }
    conn->used -= at;
    memmove(conn->data, conn->data + at, conn->used);
    return true;
}

static void drop(struct receiver *r, struct connection *conn)
{
    r->connections[conn->fd] = NULL;
    close(conn->fd);
    conn->fd = -1;
    if (!conn->waiting)
        free(conn);
}

static void read_some(struct receiver *r, struct connection *conn)
{
    ssize_t got = recv(conn->fd, conn->data + conn->used, REQUEST_BYTES - 1 - conn->used, 0);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        drop(r, conn);
        return;
    }
    conn->used += (size_t)got;
    conn->data[conn->used] = '\0';
    if (!serve_buffered(r, conn))
        drop(r, conn);
}

/* Answers what is due, and says how long until the next: NULL for ever. */
static const struct timespec *answer_due(struct receiver *r, struct timespec *wait)
{
    int64_t now = clock_us(CLOCK_MONOTONIC);

    while (r->head && r->head->due_us <= now) {
        struct connection *conn = r->head;
        r->head = conn->next;
        if (!r->head)
            r->tail = NULL;
        conn->waiting = false;
        if (conn->fd < 0)
            free(conn);
        else if (!answer_ok(conn) || !serve_buffered(r, conn))
            drop(r, conn);
    }
    if (!r->head)
        return NULL;
    int64_t left = r->head->due_us - now;
    wait->tv_sec = left / 1000000;
    wait->tv_nsec = left % 1000000 * 1000;
    return wait;
}

static void accept_one(struct receiver *r, int listener)
{
    int one = 1;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    if (fd < 0)
        return;
    struct connection *conn = fd < CONNECTIONS ? malloc(sizeof(*conn)) : NULL;
    if (!conn) {
        close(fd);
        return;
    }
    conn->fd = fd;
    conn->waiting = false;
    conn->used = 0;
    r->connections[fd] = conn;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        drop(r, conn);
}

static int listen_on(uint16_t port)
{
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 4096) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void run(struct receiver *r, int listener)
{
    struct epoll_event events[256];
    struct timespec wait;

    for (;;) {
        const struct timespec *until = answer_due(r, &wait);
        int count = epoll_pwait2(r->epoll, events, 256, until, NULL);
        for (int i = 0; i < count; i++) {
            struct connection *conn = r->connections[events[i].data.fd];
            if (conn)
                read_some(r, conn);
            else if (events[i].data.fd == listener)
                accept_one(r, listener);
        }
    }
}

int main(int argc, char **argv)
{
    static struct receiver r;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: bench-receiver PORT [DELAY_MS]\n");
        return 2;
    }
    r.delay_us = argc > 2 ? strtol(argv[2], NULL, 10) * 1000 : 0;
    r.epoll = epoll_create1(EPOLL_CLOEXEC);
    int listener = listen_on((uint16_t)strtoul(argv[1], NULL, 10));
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    if (r.epoll < 0 || listener < 0 || epoll_ctl(r.epoll, EPOLL_CTL_ADD, listener, &event) < 0) {
        perror("bench-receiver");
        return 3;
    }
    printf("listening\n");
    fflush(stdout);
    run(&r, listener);
}
