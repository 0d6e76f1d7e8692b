/* A receiver that does exactly what a test's script says, on a thread of its own. */
#ifndef SCRIPTED_SERVER_H
#define SCRIPTED_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct server;
typedef void server_script(struct server *server);

struct server {
    int listener;
    int port;
    pthread_t thread;
    server_script *script;
    void *context;
    char request[3 * 1024 * 1024]; /* the last one read */
    size_t request_size;
};

static inline void server_fail(const char *what)
{
    perror(what);
    abort();
}

static inline void *server_main(void *context)
{
    struct server *server = context;
    server->script(server);
    return NULL;
}

static inline struct server *server_listen(int backlog)
{
    struct server *server = calloc(1, sizeof *server);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    signal(SIGPIPE, SIG_IGN);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(server->listener, (struct sockaddr *)&address, size) != 0 ||
        listen(server->listener, backlog) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &size) != 0)
        server_fail("listen");
    server->port = ntohs(address.sin_port);
    return server;
}

static inline struct server *server_start(server_script *script, void *context)
{
    struct server *server = server_listen(64);
    server->script = script;
    server->context = context;
    if (pthread_create(&server->thread, NULL, server_main, server) != 0)
        server_fail("pthread_create");
    return server;
}

/* Waits for the script's end. */
static inline void server_join(struct server *server)
{
    if (server->script)
        pthread_join(server->thread, NULL);
    close(server->listener);
    free(server);
}

static inline int server_accept(struct server *server)
{
    int fd = accept(server->listener, NULL, NULL);
    if (fd < 0)
        server_fail("accept");
    return fd;
}

static inline size_t server_body_bytes(const char *head)
{
    const char *length = strcasestr(head, "\r\ncontent-length:");
    return length ? (size_t)strtoul(length + 17, NULL, 10) : 0;
}

/* Reads one request, head and body. False: the client closed before its end. */
static inline bool server_read(struct server *server, int fd)
{
    server->request_size = 0;
    size_t wanted = 0;
    while (wanted == 0 || server->request_size < wanted) {
        char *end = server->request + server->request_size;
        size_t room = sizeof server->request - server->request_size - 1;
        ssize_t size = read(fd, end, room);
        if (size <= 0)
            return false;
        server->request_size += (size_t)size;
        server->request[server->request_size] = '\0';
        const char *head_end = strstr(server->request, "\r\n\r\n");
        if (head_end)
            wanted = (size_t)(head_end + 4 - server->request) + server_body_bytes(server->request);
    }
    return true;
}

static inline void server_send_bytes(int fd, const char *bytes, size_t size)
{
    while (size) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the client has had enough */
        bytes += sent;
        size -= (size_t)sent;
    }
}

static inline void server_send(int fd, const char *text)
{
    server_send_bytes(fd, text, strlen(text));
}

/* Until the client closes. */
static inline void server_hang(int fd)
{
    char bytes[4096];
    while (read(fd, bytes, sizeof bytes) > 0)
        continue;
    close(fd);
}

static inline void server_reset(int fd)
{
    const struct linger none = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    close(fd);
}

/* A connection's one request is answered with this; then the client's closing is awaited. */
static inline void server_answer_once(struct server *server, const char *text)
{
    int fd = server_accept(server);
    if (server_read(server, fd))
        server_send(fd, text);
    server_hang(fd);
}

#endif
