#include "net/engine.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct engine_socket {
    struct loop_io io;
    struct engine *engine;
    struct list changed;
    uint32_t wanted;  /* what curl waits for; 0 between two requests */
    uint32_t watched; /* what epoll knows */
    bool ours;        /* a connection, whose closing we see; else the resolver's, which we do not */
};

static struct engine_socket *find(const struct engine *engine, int fd)
{
    return (size_t)fd < engine->socket_count ? engine->sockets[fd] : NULL;
}

static bool grow(struct engine *engine, size_t count)
{
    struct engine_socket **sockets = realloc(engine->sockets, count * sizeof(void *));
    if (!sockets)
        return false;
    for (size_t i = engine->socket_count; i < count; i++)
        sockets[i] = NULL;
    engine->sockets = sockets;
    engine->socket_count = count;
    return true;
}

static void forget(struct engine *engine, struct engine_socket *sock)
{
    if (sock->watched)
        loop_unwatch(engine->loop, &sock->io);
    list_remove(&sock->changed);
    engine->sockets[sock->io.fd] = NULL;
    free(sock);
}

/* Anything but curl asking for it is the end of a kept connection, or bytes that nobody asked for:
 * curl finds out by itself when it wants to use it again. */
static void ready(struct loop_io *io, uint32_t events)
{
    struct engine_socket *sock = CONTAINER_OF(io, struct engine_socket, io);
    struct engine *engine = sock->engine;
    if (!sock->wanted) {
        loop_unwatch(engine->loop, io);
        sock->watched = 0;
        return;
    }
    if (events & (EPOLLERR | EPOLLHUP))
        events |= sock->wanted;
    int bits =
        (events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events & EPOLLOUT ? CURL_CSELECT_OUT : 0);
    int running = 0;
    curl_multi_socket_action(engine->multi, io->fd, bits, &running);
}

/* curl closes a socket that never connected without a word (7.88), and when the next one gets its
 * number and wants the same, it doesn't say so either: what the old one wanted, the new one wants.
 */
static struct engine_socket *add(struct engine *engine, int fd)
{
    struct engine_socket *old = find(engine, fd);
    uint32_t wanted = old ? old->wanted : 0;
    if (old)
        forget(engine, old);
    if ((size_t)fd >= engine->socket_count && !grow(engine, ((size_t)fd + 64) / 64 * 64))
        return NULL;
    struct engine_socket *sock = calloc(1, sizeof *sock);
    if (!sock)
        return NULL;
    sock->io = (struct loop_io){.fd = fd, .ready = ready};
    sock->engine = engine;
    list_init(&sock->changed);
    engine->sockets[fd] = sock;
    sock->wanted = wanted;
    if (wanted)
        list_push(&engine->changed, &sock->changed);
    return sock;
}

static curl_socket_t on_open(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct engine *engine = context;
    (void)purpose;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    struct engine_socket *sock = add(engine, fd);
    if (!sock) {
        close(fd);
        return CURL_SOCKET_BAD;
    }
    sock->ours = true;
    engine->opened++;
    return fd;
}

static int on_close(void *context, curl_socket_t fd)
{
    struct engine *engine = context;
    struct engine_socket *sock = find(engine, fd);
    if (sock)
        forget(engine, sock);
    return close(fd);
}

/* The resolver's descriptor may be closed, and its number used again, without a word: no laziness.
 */
static int watch_foreign(struct engine *engine, int fd, uint32_t wanted)
{
    struct engine_socket *sock = find(engine, fd);
    if (!wanted) {
        if (sock)
            forget(engine, sock);
        return 0;
    }
    if (!sock)
        sock = add(engine, fd);
    if (!sock || !loop_watch(engine->loop, &sock->io, wanted, NULL))
        return -1;
    sock->wanted = wanted;
    sock->watched = wanted;
    list_remove(&sock->changed);
    return 0;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *assigned)
{
    (void)easy;
    (void)assigned;
    struct engine *engine = context;
    uint32_t wanted = (what & CURL_POLL_IN && what != CURL_POLL_REMOVE ? EPOLLIN : 0U) |
                      (what & CURL_POLL_OUT && what != CURL_POLL_REMOVE ? EPOLLOUT : 0U);
    struct engine_socket *sock = find(engine, fd);
    if (!sock || !sock->ours)
        return watch_foreign(engine, fd, wanted);
    if (!wanted && sock->wanted != EPOLLIN) { /* not one to be kept, and perhaps closed already */
        forget(engine, sock);
        return 0;
    }
    sock->wanted = wanted;
    if (wanted != sock->watched && list_empty(&sock->changed))
        list_push(&engine->changed, &sock->changed);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    struct engine *engine = context;
    engine->due_ms = timeout_ms < 0 ? -1 : loop_now_ms(engine->loop) + timeout_ms;
    engine->timer_changed = true;
    return 0;
}

/* Runs in engine_run, which comes before the next wait. */
static void on_due(struct loop_timer *timer)
{
    (void)timer;
}

bool engine_init(struct engine *engine, struct loop *loop, unsigned connections, struct error *err)
{
    *engine = (struct engine){.loop = loop, .due_ms = -1, .timer.fire = on_due};
    list_init(&engine->changed);
    engine->multi = curl_multi_init();
    if (!engine->multi)
        return error_set(err, ERROR_MEMORY, "no memory for the HTTP client");
    curl_multi_setopt(engine->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(engine->multi, CURLMOPT_SOCKETDATA, engine);
    curl_multi_setopt(engine->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(engine->multi, CURLMOPT_TIMERDATA, engine);
    curl_multi_setopt(engine->multi, CURLMOPT_MAXCONNECTS, (long)connections);
    curl_multi_setopt(engine->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)connections);
    return true;
}

void engine_finish(struct engine *engine)
{
    if (engine->multi)
        curl_multi_cleanup(engine->multi);
    for (size_t i = 0; i < engine->socket_count; i++)
        if (engine->sockets[i])
            forget(engine, engine->sockets[i]);
    if (engine->loop)
        loop_disarm(engine->loop, &engine->timer);
    free(engine->sockets);
    *engine = (struct engine){0};
}

void engine_adopt(struct engine *engine, CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, engine);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, engine);
}

void engine_run(struct engine *engine)
{
    if (engine->due_ms < 0 || engine->due_ms > loop_now_ms(engine->loop))
        return;
    engine->due_ms = -1;
    int running = 0;
    curl_multi_socket_action(engine->multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

void engine_wake(struct engine *engine)
{
    int64_t now_ms = loop_now_ms(engine->loop);
    if (heap_holds(&engine->timer.node) && engine->timer.node.key <= now_ms)
        return;
    loop_arm(engine->loop, &engine->timer, now_ms);
    engine->timer_changed = true;
}

/* Between two requests a connection stays watched for input, which is what the next one wants. */
static void settle_socket(struct engine *engine, struct engine_socket *sock)
{
    uint32_t events = sock->wanted ? sock->wanted : EPOLLIN;
    if (events == sock->watched || (!sock->wanted && !sock->watched))
        return;
    if (loop_watch(engine->loop, &sock->io, events, NULL))
        sock->watched = events;
}

void engine_settle(struct engine *engine)
{
    struct list *link = NULL;
    while ((link = list_pop(&engine->changed)))
        settle_socket(engine, CONTAINER_OF(link, struct engine_socket, changed));
    if (!engine->timer_changed)
        return;
    engine->timer_changed = false;
    if (engine->due_ms < 0)
        loop_disarm(engine->loop, &engine->timer);
    else
        loop_arm(engine->loop, &engine->timer, engine->due_ms);
}
