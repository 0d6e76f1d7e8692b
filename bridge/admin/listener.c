/* The happy path: libmicrohttpd reads a request's head and calls `handle` once for the head and
 * once at the end; the second time the answer is made and queued, and the connection is kept.
 * What can fail: the client is slow, endless or rude. Connections, their memory and their idleness
 * are limited here; a body, which no route wants, is read and dropped up to BODY_BYTES. */
#include "admin/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "admin/problem.h"
#include "admin/routes.h"
#include "base/log.h"
#include "base/memory.h"

#define CONNECTIONS      128
#define CONNECTION_BYTES 32768 /* of head, each; a longer one is answered 431 */
#define IDLE_S           15
#define BODY_BYTES       65536
#define BACKLOG          128

struct listener {
    struct admin_tokens *tokens; /* the newest; the others may still be looked at */
    struct MHD_Daemon *daemon;
    struct admin admin;
    unsigned port;
};

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        return (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
    }
    if (address->sa_family != AF_INET6)
        return false;
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
}

static bool comes_from_loopback(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info && info->client_addr && is_loopback(info->client_addr);
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct answer *answer)
{
    if (answer->body.failed)
        problem_answer(answer, 500, "no memory for the answer");
    struct slice body = buffer_slice(&answer->body);
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body.size, answer->body.data,
        answer->body.data ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (!response) {
        buffer_finish(&answer->body);
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (answer->allow[0])
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, answer->allow);
    if (answer->challenge)
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, answer->challenge);
    enum MHD_Result queued = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return queued;
}

/* `seen` is ours, a request long: NULL at its head, then how much of a body came. */
/* NOLINTNEXTLINE(readability-function-size): the parameters are libmicrohttpd's */
static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **seen)
{
    (void)version;
    (void)upload;
    struct listener *listener = context;
    size_t bytes = (size_t)(uintptr_t)*seen + *upload_size;
    bool head = *seen == NULL;
    *seen = (void *)(uintptr_t)(bytes + 1);
    if (head)
        return MHD_YES;
    if (*upload_size) {
        *upload_size = 0;
        return bytes > BODY_BYTES ? MHD_NO : MHD_YES;
    }
    struct admin_request request = {
        .method = method,
        .path = url,
        .authorization =
            MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION),
        .from_loopback = comes_from_loopback(connection),
    };
    struct answer answer = {0};
    routes_answer(&listener->admin, &request, &answer);
    return send_answer(connection, &answer);
}

static void log_line(void *context, const char *format, va_list args)
{
    (void)context;
    char text[512];
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\r\n")] = '\0';
    log_debug("libmicrohttpd", STR("text", text));
}

/* "HOST:PORT", "[V6]:PORT" or ":PORT" (all addresses) in two parts. */
static bool split_address(const char *listen, char *host, size_t host_size, const char **port,
                          struct error *err)
{
    const char *colon = strrchr(listen, ':');
    const char *start = listen;
    const char *end = colon;
    if (colon && colon > listen && *listen == '[' && colon[-1] == ']') {
        start++;
        end--;
    } else if (colon && memchr(listen, ':', (size_t)(colon - listen))) {
        colon = NULL; /* an IPv6 address without brackets: where would its port begin? */
    }
    /* getaddrinfo takes a port modulo 65536 */
    if (!colon || !colon[1] || strtoul(colon + 1, NULL, 10) > 65535 ||
        (size_t)(end - start) >= host_size)
        return error_set(err, ERROR_INPUT, "admin.listen '%s' is not HOST:PORT", listen);
    memcpy(host, start, (size_t)(end - start));
    host[end - start] = '\0';
    *port = colon + 1;
    return true;
}

/* A listening socket; -1 and errno where that can't be. */
static int listen_at(const struct addrinfo *address)
{
    int on = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int problem = errno;
    close(fd);
    errno = problem;
    return -1;
}

static int open_socket(const char *listen, struct error *err)
{
    char host[256] = "";
    const char *port = "";
    if (!split_address(listen, host, sizeof host, &port, err))
        return -1;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *addresses = NULL;
    int found = getaddrinfo(*host ? host : NULL, port, &hints, &addresses);
    if (found != 0) {
        error_set(err, ERROR_INPUT, "admin.listen '%s': %s", listen, gai_strerror(found));
        return -1;
    }
    int fd = -1;
    for (const struct addrinfo *a = addresses; a && fd < 0; a = a->ai_next)
        fd = listen_at(a);
    if (fd < 0)
        error_set(err, ERROR_SYSTEM, "admin.listen '%s': %s", listen, strerrordesc_np(errno));
    freeaddrinfo(addresses);
    return fd;
}

static unsigned port_of(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    char port[8] = "0";
    if (getsockname(fd, (struct sockaddr *)&address, &size) == 0)
        getnameinfo((struct sockaddr *)&address, size, NULL, 0, port, sizeof port, NI_NUMERICSERV);
    return (unsigned)strtoul(port, NULL, 10);
}

void listener_set_tokens(struct listener *listener, const struct settings_admin *settings)
{
    struct admin_tokens *made =
        memory_need(calloc(1, sizeof *made + settings->token_count * sizeof *made->items));
    for (size_t i = 0; i < settings->token_count; i++)
        made->items[i] = (struct admin_token){secret_copy(text_slice(&settings->tokens[i].token)),
                                              settings->tokens[i].role};
    made->count = settings->token_count;
    made->before = listener->tokens;
    listener->tokens = made;
    cell_put(&listener->admin.tokens, made);
}

static void free_tokens(struct admin_tokens *tokens)
{
    while (tokens) {
        struct admin_tokens *before = tokens->before;
        for (size_t i = 0; i < tokens->count; i++)
            secret_finish(&tokens->items[i].token);
        free(tokens);
        tokens = before;
    }
}

static struct MHD_Daemon *start(struct listener *listener, int fd)
{
    return MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_USE_ITC | MHD_USE_ERROR_LOG, 0, NULL,
        NULL, handle, listener, MHD_OPTION_EXTERNAL_LOGGER, log_line, NULL,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_S, MHD_OPTION_END);
}

struct listener *listener_open(const struct listener_options *options, struct error *err)
{
    int fd = open_socket(options->settings->listen.data, err);
    if (fd < 0)
        return NULL;
    struct listener *listener = calloc(1, sizeof *listener);
    if (!listener) {
        error_set(err, ERROR_MEMORY, "no memory for the admin listener");
        goto failed;
    }
    listener_set_tokens(listener, options->settings);
    listener->admin.metrics = options->metrics;
    listener->admin.ready = options->ready;
    listener->admin.context = options->context;
    listener->port = port_of(fd);
    listener->daemon = start(listener, fd);
    if (listener->daemon)
        return listener;
    error_set(err, ERROR_SYSTEM, "the admin listener's thread can't be started");
failed:
    close(fd);
    listener_close(listener);
    return NULL;
}

void listener_close(struct listener *listener)
{
    if (!listener)
        return;
    if (listener->daemon)
        MHD_stop_daemon(listener->daemon); /* closes the socket too */
    free_tokens(listener->tokens);
    free(listener);
}

unsigned listener_port(const struct listener *listener)
{
    return listener->port;
}
