/* What the tests of net/http share: a loop, a client, and what `done` was told. */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include "net/http.h"

struct result {
    bool done;
    int status;
    enum error_kind kind;
    char error[512];
    size_t response_bytes;
    char response[HTTP_RESPONSE_BYTES + 1]; /* its begin */
    char retry_after[256];                  /* "" where there was none */
    int64_t duration_us;
    struct client *client;
};

struct client {
    struct loop *loop;
    struct http *http;
    struct loop_timer guard; /* a test that hangs fails */
    unsigned awaited;
    bool sending; /* inside http_send */
};

static const struct http_options plain_options = {0};

static inline void client_hangs(struct loop_timer *timer)
{
    (void)timer;
    fputs("the loop ran for 20 s\n", stderr);
    abort();
}

static inline void client_open(struct client *client, unsigned connections)
{
    *client = (struct client){.guard.fire = client_hangs};
    client->loop = loop_create(NULL);
    client->http = http_create(client->loop, connections, NULL);
    assert_non_null(client->http);
}

static inline void client_close(struct client *client)
{
    http_destroy(client->http);
    loop_destroy(client->loop);
}

static inline void client_done(void *context, const struct http_exchange *exchange)
{
    struct result *result = context;
    assert_false(result->client->sending);
    assert_false(result->done);
    result->done = true;
    result->status = exchange->status;
    result->kind = exchange->kind;
    snprintf(result->error, sizeof result->error, "%s", exchange->error);
    result->response_bytes = exchange->response.size;
    snprintf(result->response, sizeof result->response, "%.*s", SLICE_ARGS(exchange->response));
    snprintf(result->retry_after, sizeof result->retry_after, "%s",
             exchange->retry_after ? exchange->retry_after : "");
    result->duration_us = exchange->duration_us;
    if (--result->client->awaited == 0)
        loop_stop(result->client->loop);
}

static inline struct http_call *
client_send(struct client *client, const struct http_request *request, struct result *result)
{
    struct error err = {0};
    *result = (struct result){.client = client};
    client->awaited++;
    client->sending = true;
    struct http_call *call = http_send(client->http, request, client_done, result, &err);
    client->sending = false;
    if (!call)
        fail_msg("http_send: %s", err.text);
    return call;
}

/* Until every `done` that is awaited was called. */
static inline void client_run(struct client *client)
{
    loop_arm(client->loop, &client->guard, loop_now_ms(client->loop) + 20000);
    loop_run(client->loop);
    loop_disarm(client->loop, &client->guard);
}

static inline struct result client_exchange(struct client *client,
                                            const struct http_request *request)
{
    struct result result;
    client_send(client, request, &result);
    client_run(client);
    return result;
}

#endif
