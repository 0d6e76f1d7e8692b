/* A schema registry that answers by a script: to each path its answers in turn, the last one for
 * ever. On a thread of its own. */
#ifndef FAKE_REGISTRY_H
#define FAKE_REGISTRY_H

#include "../net/scripted_server.h"
#include "base/buffer.h"

#define FOUND(schema) "HTTP/1.1 200 OK", "{\"schema\":\"" schema "\"}"
#define UNKNOWN       "HTTP/1.1 404 Not Found", "{\"error_code\":40403,\"message\":\"Schema not found\"}"

#define TYPES                                                                                      \
    {                                                                                              \
        "/schemas/types", "HTTP/1.1 200 OK", "[\"JSON\",\"PROTOBUF\",\"AVRO\"]", 0                 \
    }

struct fake_answer {
    const char *path; /* with a * at its end: all that begin so */
    const char *head; /* the status line; NULL: the connection is closed */
    const char *body;
    unsigned times; /* 0: for ever */
};

struct fake_registry {
    struct server *server;
    const struct fake_answer *answers; /* ended by one without a path */
    unsigned given[32];
    struct buffer asked; /* "GET /schemas/ids/7\n" … */
    char first[4096];    /* the first request as it came */
};

static inline const struct fake_answer *fake_find(struct fake_registry *fake, const char *line)
{
    static const struct fake_answer none = {"", "HTTP/1.1 404 Not Found", "no such page", 0};
    const char *path = strchr(line, ' ') + 1;
    for (unsigned i = 0; fake->answers[i].path; i++) {
        const struct fake_answer *answer = &fake->answers[i];
        size_t size = strcspn(answer->path, "*");
        bool whole = !answer->path[size];
        if (strncmp(path, answer->path, size) != 0 || (whole && path[size] != ' ') ||
            (answer->times && fake->given[i] >= answer->times))
            continue;
        fake->given[i]++;
        return answer;
    }
    return &none;
}

static inline void fake_answer_one(struct fake_registry *fake, int fd)
{
    struct server *server = fake->server;
    const struct fake_answer *answer = fake_find(fake, server->request);
    buffer_print(&fake->asked, "%.*s\n", (int)(strstr(server->request, " HTTP/") - server->request),
                 server->request);
    if (!fake->first[0])
        snprintf(fake->first, sizeof fake->first, "%.*s", (int)sizeof fake->first - 1,
                 server->request);
    if (!answer->head)
        return;
    char head[256];
    snprintf(head, sizeof head, "%s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
             answer->head, strlen(answer->body));
    server_send(fd, head);
    server_send(fd, answer->body);
}

/* One connection after the other, and a request on each. */
static inline void fake_serve(struct server *server)
{
    struct fake_registry *fake = server->context;
    for (;;) {
        int fd = accept(server->listener, NULL, NULL);
        if (fd < 0)
            return;
        if (server_read(server, fd))
            fake_answer_one(fake, fd);
        close(fd);
    }
}

static inline void fake_start(struct fake_registry *fake, const struct fake_answer *answers,
                              char url[64])
{
    *fake = (struct fake_registry){.answers = answers};
    fake->server = server_listen(64);
    fake->server->script = fake_serve;
    fake->server->context = fake;
    if (pthread_create(&fake->server->thread, NULL, server_main, fake->server) != 0)
        server_fail("pthread_create");
    snprintf(url, 64, "http://127.0.0.1:%d", fake->server->port);
}

static inline void fake_stop(struct fake_registry *fake)
{
    shutdown(fake->server->listener, SHUT_RDWR); /* accept returns */
    server_join(fake->server);
}

/* After it has stopped: what it was asked for was its thread's until then. */
static inline void fake_forget(struct fake_registry *fake)
{
    buffer_finish(&fake->asked);
}

#endif
