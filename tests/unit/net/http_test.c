/* net/http against a receiver on loopback that follows a script to the byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "http_client.h"
#include "scripted_server.h"

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

struct fixture {
    struct client client;
    char url[128];
    struct http_request request;
};

static void begin(struct fixture *fixture, const struct server *server)
{
    client_open(&fixture->client, 16);
    snprintf(fixture->url, sizeof fixture->url, "http://127.0.0.1:%d/hook?a=1", server->port);
    fixture->request = (struct http_request){
        .method = "POST",
        .url = fixture->url,
        .headers = SLICE("Content-Type: text/plain\0"),
        .body = SLICE("hello"),
        .timeout_ms = 10000,
        .options = &plain_options,
    };
}

/* ── what is sent ── */

static void answer_all_on_one(struct server *server)
{
    int fd = server_accept(server);
    struct buffer *seen = server->context;
    while (server_read(server, fd)) {
        buffer_add(seen, server->request, server->request_size);
        buffer_add_text(seen, "\n=\n");
        server_send(fd, OK_ANSWER);
    }
    close(fd);
}

static void sends_what_it_is_given_and_the_framing(void **state)
{
    (void)state;
    struct buffer seen = {0};
    struct server *server = server_start(answer_all_on_one, &seen);
    struct fixture f;
    begin(&f, server);
    f.request.headers =
        SLICE("Content-Type: application/json\0X-Empty: \0X-Tenant: a b\0"
              "Content-Length: 99\0Transfer-Encoding: chunked\0Expect: 100-continue\0");
    struct result result = client_exchange(&f.client, &f.request);
    assert_int_equal(result.status, 200);
    assert_int_equal(result.kind, ERROR_NONE);
    assert_string_equal(result.error, "");
    assert_string_equal(result.response, "ok");
    assert_true(result.duration_us > 0);
    client_close(&f.client);
    char want[1024];
    snprintf(want, sizeof want,
             "POST /hook?a=1 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: */*\r\n"
             "Content-Type: application/json\r\nX-Empty:\r\nX-Tenant: a b\r\n"
             "Content-Length: 5\r\n\r\nhello\n=\n",
             server->port);
    server_join(server);
    assert_string_equal(buffer_text(&seen), want);
    buffer_finish(&seen);
}

/* One handle serves all of these in turn: nothing of one may stick to the next. */
static void sends_every_method_with_and_without_a_body(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        struct slice body;
        const char *want;
    } cases[] = {
        {"POST", {"hello", 5}, "Content-Length: 5\r\n\r\nhello"},
        {"GET", {NULL, 0}, "*/*\r\n\r\n"},
        {"PUT", {"x", 1}, "Content-Length: 1\r\n\r\nx"},
        {"DELETE", {NULL, 0}, "*/*\r\n\r\n"},
        {"POST", {NULL, 0}, "Content-Length: 0\r\n\r\n"},
        {"PATCH", {"", 0}, "Content-Length: 0\r\n\r\n"},
        {"GET", {"why", 3}, "Content-Length: 3\r\n\r\nwhy"},
        {"PUT", {NULL, 0}, "Content-Length: 0\r\n\r\n"},
        {"DELETE", {"d", 1}, "Content-Length: 1\r\n\r\nd"},
        {"GET", {NULL, 0}, "*/*\r\n\r\n"},
        {"POST", {"again", 5}, "Content-Length: 5\r\n\r\nagain"},
    };
    struct buffer seen = {0};
    struct server *server = server_start(answer_all_on_one, &seen);
    struct fixture f;
    begin(&f, server);
    f.request.headers = SLICE_NONE;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        f.request.method = cases[i].method;
        f.request.body = cases[i].body;
        assert_int_equal(client_exchange(&f.client, &f.request).status, 200);
    }
    client_close(&f.client);
    server_join(server);
    assert_non_null(buffer_text(&seen));
    assert_null(strstr(seen.data, "Content-Type"));
    char *request = seen.data;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *end = strstr(request, "\n=\n");
        assert_non_null(end);
        *end = '\0';
        assert_int_equal(strncmp(request, cases[i].method, strlen(cases[i].method)), 0);
        assert_string_equal(end - strlen(cases[i].want), cases[i].want);
        request = end + 3;
    }
    buffer_finish(&seen);
}

static void count_body(struct server *server)
{
    int fd = server_accept(server);
    assert_true(server_read(server, fd));
    assert_null(strcasestr(server->request, "expect:"));
    *(size_t *)server->context = server->request_size;
    server_send(fd, OK_ANSWER);
    server_hang(fd);
}

static void sends_a_large_body_without_asking_first(void **state)
{
    (void)state;
    size_t got = 0;
    struct server *server = server_start(count_body, &got);
    struct fixture f;
    begin(&f, server);
    const size_t size = (size_t)2 * 1024 * 1024;
    char *body = malloc(size);
    memset(body, 'b', size);
    f.request.body = (struct slice){body, size};
    assert_int_equal(client_exchange(&f.client, &f.request).status, 200);
    client_close(&f.client);
    server_join(server);
    free(body);
    assert_true(got > size);
}

static void the_environment_s_proxy_counts_for_nothing(void **state)
{
    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    struct buffer seen = {0};
    struct server *server = server_start(answer_all_on_one, &seen);
    struct fixture f;
    begin(&f, server);
    assert_int_equal(client_exchange(&f.client, &f.request).status, 200);
    client_close(&f.client);
    server_join(server);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    buffer_finish(&seen);
}

/* ── connections ── */

static void uses_a_connection_again(void **state)
{
    (void)state;
    struct buffer seen = {0};
    struct server *server = server_start(answer_all_on_one, &seen);
    struct fixture f;
    begin(&f, server);
    for (int i = 0; i < 20; i++)
        assert_int_equal(client_exchange(&f.client, &f.request).status, 200);
    assert_int_equal(http_connections_opened(f.client.http), 1);
    assert_int_equal(http_in_flight(f.client.http), 0);
    client_close(&f.client);
    server_join(server);
    buffer_finish(&seen);
}

/* Takes eight connections before it answers on any; then answers on each until it is closed. */
static void answer_eight_at_once(struct server *server)
{
    int fds[8];
    for (int i = 0; i < 8; i++)
        fds[i] = server_accept(server);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 8; i++)
            assert_true(server_read(server, fds[i]));
        for (int i = 0; i < 8; i++)
            server_send(fds[i], OK_ANSWER);
    }
    for (int i = 0; i < 8; i++)
        close(fds[i]);
}

static void sends_in_parallel_and_keeps_what_it_opened(void **state)
{
    (void)state;
    struct server *server = server_start(answer_eight_at_once, NULL);
    struct fixture f;
    begin(&f, server);
    for (int round = 0; round < 2; round++) {
        struct result results[8];
        for (int i = 0; i < 8; i++)
            client_send(&f.client, &f.request, &results[i]);
        assert_int_equal(http_in_flight(f.client.http), 8);
        client_run(&f.client);
        for (int i = 0; i < 8; i++)
            assert_int_equal(results[i].status, 200);
    }
    assert_int_equal(http_connections_opened(f.client.http), 8);
    server_join(server);
    client_close(&f.client);
}

static void an_idle_connection_makes_room(void **state)
{
    (void)state;
    struct buffer seen[3] = {0};
    struct server *servers[3];
    struct client client;
    client_open(&client, 2);
    for (int i = 0; i < 3; i++) {
        char url[64];
        servers[i] = server_start(answer_all_on_one, &seen[i]);
        snprintf(url, sizeof url, "http://127.0.0.1:%d/", servers[i]->port);
        const struct http_request request = {
            .method = "GET", .url = url, .timeout_ms = 10000, .options = &plain_options};
        assert_int_equal(client_exchange(&client, &request).status, 200);
    }
    assert_int_equal(http_connections_opened(client.http), 3);
    client_close(&client);
    for (int i = 0; i < 3; i++) {
        server_join(servers[i]);
        buffer_finish(&seen[i]);
    }
}

/* More subscriptions than handles are kept for: each is set up anew for another. */
static void many_subscriptions_share_what_there_is(void **state)
{
    (void)state;
    static const char *const methods[] = {"POST", "GET", "DELETE"};
    struct http_options options[200] = {0};
    struct buffer seen = {0};
    struct server *server = server_start(answer_all_on_one, &seen);
    struct fixture f;
    begin(&f, server);
    for (size_t i = 0; i < COUNT_OF(options); i++) {
        options[i].tls_1_3 = i % 2;
        f.request.options = &options[i];
        f.request.method = methods[i % 3];
        f.request.body = i % 3 ? SLICE_NONE : SLICE("hello");
        snprintf(f.url, sizeof f.url, "http://127.0.0.1:%d/%zu", server->port, i);
        assert_int_equal(client_exchange(&f.client, &f.request).status, 200);
    }
    client_close(&f.client);
    server_join(server);
    assert_non_null(buffer_text(&seen));
    const char *at = seen.data;
    for (size_t i = 0; i < COUNT_OF(options); i++) {
        char line[64];
        snprintf(line, sizeof line, "%s /%zu HTTP/1.1\r\n", methods[i % 3], i);
        at = strstr(at, line);
        assert_non_null(at);
    }
    buffer_finish(&seen);
}

static void answer_once_and_close(struct server *server)
{
    for (int i = 0; i < 2; i++) {
        int fd = server_accept(server);
        assert_true(server_read(server, fd));
        server_send(fd, OK_ANSWER);
        close(fd);
    }
}

static void a_connection_closed_while_idle_is_replaced(void **state)
{
    (void)state;
    struct server *server = server_start(answer_once_and_close, NULL);
    struct fixture f;
    begin(&f, server);
    assert_int_equal(client_exchange(&f.client, &f.request).status, 200);
    assert_int_equal(client_exchange(&f.client, &f.request).status, 200);
    assert_int_equal(http_connections_opened(f.client.http), 2);
    client_close(&f.client);
    server_join(server);
}

/* The receiver's time-out and the request cross: it closes with the request in its hands. */
static void close_under_the_second_request(struct server *server)
{
    int fd = server_accept(server);
    assert_true(server_read(server, fd));
    server_send(fd, OK_ANSWER);
    assert_true(server_read(server, fd));
    if (server->context)
        server_reset(fd);
    else
        close(fd);
    server_answer_once(server, OK_ANSWER);
}

static void a_kept_connection_that_ends_unanswered_is_replaced(void **state)
{
    (void)state;
    static int with_a_reset;
    for (int i = 0; i < 2; i++) {
        struct server *server =
            server_start(close_under_the_second_request, i ? &with_a_reset : NULL);
        struct fixture f;
        begin(&f, server);
        assert_int_equal(client_exchange(&f.client, &f.request).status, 200);
        assert_int_equal(client_exchange(&f.client, &f.request).status, 200);
        assert_int_equal(http_connections_opened(f.client.http), 2);
        client_close(&f.client);
        server_join(server);
    }
}

/* ── answers ── */

struct answering {
    const char *text;
    size_t size; /* 0: all of it */
    enum { THEN_HANG, THEN_CLOSE, THEN_RESET, THEN_AGAIN } then;
};

static void answer_as_told(struct server *server)
{
    const struct answering *answering = server->context;
    int fd = server_accept(server);
    assert_true(server_read(server, fd));
    if (answering->text)
        server_send_bytes(fd, answering->text,
                          answering->size ? answering->size : strlen(answering->text));
    if (answering->then == THEN_AGAIN && server_read(server, fd))
        server_send(fd, OK_ANSWER);
    if (answering->then == THEN_RESET)
        server_reset(fd);
    else if (answering->then == THEN_CLOSE)
        close(fd);
    else
        server_hang(fd);
}

static struct result exchange(struct answering answering)
{
    struct server *server = server_start(answer_as_told, &answering);
    struct fixture f;
    begin(&f, server);
    struct result result = client_exchange(&f.client, &f.request);
    if (answering.then == THEN_AGAIN) {
        assert_int_equal(client_exchange(&f.client, &f.request).status, 200);
        assert_int_equal(http_connections_opened(f.client.http), 1);
    }
    client_close(&f.client);
    server_join(server);
    return result;
}

static void understands_every_form_of_answer(void **state)
{
    (void)state;
    const struct {
        struct answering answering;
        int status;
        const char *response;
        const char *retry_after;
    } cases[] = {
        {{"HTTP/1.1 204 No Content\r\n\r\n", 0, THEN_AGAIN}, 204, "", ""},
        {{"HTTP/1.1 304 x\r\nContent-Length: 10\r\n\r\n", 0, THEN_AGAIN}, 304, "", ""},
        {{"HTTP/1.1 302 Found\r\nLocation: /else\r\nContent-Length: 0\r\n\r\n", 0, THEN_AGAIN},
         302,
         "",
         ""},
        {{"HTTP/1.0 200 OK\r\n\r\nuntil the end", 0, THEN_CLOSE}, 200, "until the end", ""},
        {{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nRetry-After: 1\r\n\r\n" OK_ANSWER, 0,
          THEN_AGAIN},
         200,
         "ok",
         ""},
        {{"HTTP/1.1 503 Busy\r\nretry-after:  120 \r\nContent-Length: 0\r\n\r\n", 0, THEN_AGAIN},
         503,
         "",
         "120"},
        {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Retry-After\r\n\r\n"
          "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nRetry-After: 5\r\n\r\n",
          0, THEN_AGAIN},
         200,
         "abcde",
         ""},
        {{"HTTP/1.1 410\r\nContent-Length: 0\r\n\r\n", 0, THEN_AGAIN}, 410, "", ""},
        {{"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 0, THEN_AGAIN}, 200, "ok", ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct result result = exchange(cases[i].answering);
        assert_int_equal(result.status, cases[i].status);
        assert_int_equal(result.kind, ERROR_NONE);
        assert_string_equal(result.response, cases[i].response);
        assert_string_equal(result.retry_after, cases[i].retry_after);
    }
}

static void the_status_stands_whatever_becomes_of_the_body(void **state)
{
    (void)state;
    const struct answering cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut", 0, THEN_CLOSE},
        {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut", 0, THEN_RESET},
        {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut", 0, THEN_HANG},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ncut\r\nzz\r\n", 0, THEN_HANG},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ncut", 0, THEN_CLOSE},
        {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\ncut", 0, THEN_HANG},
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ncut and more", 0, THEN_HANG},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct result result = exchange(cases[i]);
        assert_int_equal(result.kind, ERROR_NONE);
        assert_int_equal(result.status, 200);
        assert_string_equal(result.response, "cut");
        assert_true(result.duration_us < 900000); /* to the status */
    }
}

static void answer_without_end(struct server *server)
{
    int fd = server_accept(server);
    assert_true(server_read(server, fd));
    server_send(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    char chunk[1008];
    snprintf(chunk, sizeof chunk, "3e8\r\n%01000d\r\n", 0);
    for (ssize_t sent = 1; sent > 0;)
        sent = send(fd, chunk, sizeof chunk - 1, MSG_NOSIGNAL);
    close(fd);
}

static void an_endless_body_is_given_up(void **state)
{
    (void)state;
    struct server *server = server_start(answer_without_end, NULL);
    struct fixture f;
    begin(&f, server);
    struct result result = client_exchange(&f.client, &f.request);
    assert_int_equal(result.status, 200);
    assert_int_equal(strlen(result.response), HTTP_RESPONSE_BYTES);
    server_join(server); /* its send failed: the connection is closed */
    client_close(&f.client);
}

static void what_is_no_answer_has_a_kind(void **state)
{
    (void)state;
    struct buffer lines = {0};
    struct buffer line = {0};
    buffer_add_text(&lines, "HTTP/1.1 200 OK\r\n");
    while (lines.size < 70000)
        buffer_add_text(&lines,
                        "X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
    buffer_print(&line, "HTTP/1.1 200 OK\r\nX-Long: %0199000d", 0);
    const struct {
        struct answering answering;
        enum error_kind kind;
    } cases[] = {
        {{NULL, 0, THEN_CLOSE}, ERROR_CONNECT},
        {{NULL, 0, THEN_RESET}, ERROR_CONNECT},
        {{"HTTP/1.1 20", 0, THEN_CLOSE}, ERROR_CONNECT},
        {{"HTTP/1.1 200 OK\r\nX: y\r\n", 0, THEN_CLOSE}, ERROR_PROTOCOL},
        {{"HTTP/1.1 200 OK\r\nX: y\r\n", 0, THEN_RESET}, ERROR_PROTOCOL},
        {{"SSH-2.0-OpenSSH_9.2\r\n", 0, THEN_HANG}, ERROR_PROTOCOL},
        {{"\0\1\2\3\4\5\6\7\n\n\n", 11, THEN_HANG}, ERROR_PROTOCOL},
        {{"<html>\r\n\r\n", 0, THEN_CLOSE}, ERROR_PROTOCOL},
        {{"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", 0, THEN_HANG}, ERROR_PROTOCOL},
        {{"HTTP/1.1 abc\r\n\r\n", 0, THEN_HANG}, ERROR_PROTOCOL},
        {{"HTTP/1.1 000 zero\r\n\r\n", 0, THEN_CLOSE}, ERROR_PROTOCOL},
        {{"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", 0, THEN_HANG}, ERROR_PROTOCOL},
        {{lines.data, lines.size, THEN_HANG}, ERROR_PROTOCOL},
        {{line.data, line.size, THEN_HANG}, ERROR_PROTOCOL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct result result = exchange(cases[i].answering);
        if (result.kind != cases[i].kind)
            fail_msg("case %zu: %s (%s), status %d", i, error_name(result.kind), result.error,
                     result.status);
        assert_int_equal(result.status, 0);
        assert_string_not_equal(result.error, "");
    }
    buffer_finish(&lines);
    buffer_finish(&line);
}

/* ── no answer ── */

static struct result send_to(const char *url, int64_t timeout_ms)
{
    struct client client;
    client_open(&client, 4);
    const struct http_request request = {
        .method = "GET", .url = url, .timeout_ms = timeout_ms, .options = &plain_options};
    struct result result = client_exchange(&client, &request);
    client_close(&client);
    return result;
}

static void a_refused_connection_is_named_without_the_url_s_secrets(void **state)
{
    (void)state;
    struct server *server = server_listen(1);
    char url[128];
    snprintf(url, sizeof url, "http://user:hunter2@127.0.0.1:%d/p?key=hunter3", server->port);
    server_join(server);
    struct result result = send_to(url, 5000);
    assert_int_equal(result.kind, ERROR_CONNECT);
    assert_non_null(strstr(result.error, "127.0.0.1"));
    assert_non_null(strstr(result.error, "Connection refused"));
    assert_null(strstr(result.error, "hunter"));
}

static void a_name_without_an_address_is_dns(void **state)
{
    (void)state;
    /* A label over 63 characters never leaves this machine. */
    struct result result =
        send_to("http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                "aaaaaaaa.example/?key=hunter3",
                5000);
    assert_int_equal(result.kind, ERROR_DNS);
    assert_null(strstr(result.error, "hunter"));
}

static void a_url_that_is_none_is_not_sent(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "http://[::1?hunter3",
        "http://",
        "http://h:99999/hunter3",
        "http://a b/hunter3",
        "http://h/hunter3\n",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "127.0.0.1",
        "",
    };
    struct client client;
    client_open(&client, 4);
    struct http_request request = {.method = "GET", .timeout_ms = 1, .options = &plain_options};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct error err = {0};
        request.url = wrong[i];
        assert_null(http_send(client.http, &request, client_done, NULL, &err));
        assert_int_equal(err.kind, ERROR_RENDER);
        assert_null(strstr(err.text, "hunter"));
    }
    assert_int_equal(http_in_flight(client.http), 0);
    client_close(&client);
}

static void read_and_hang(struct server *server)
{
    int fd = server_accept(server);
    server_hang(fd);
}

static void a_receiver_that_does_not_answer_is_a_timeout(void **state)
{
    (void)state;
    struct server *server = server_start(read_and_hang, NULL);
    struct fixture f;
    begin(&f, server);
    f.request.timeout_ms = 60;
    struct result result = client_exchange(&f.client, &f.request);
    assert_int_equal(result.kind, ERROR_TIMEOUT);
    assert_int_equal(result.status, 0);
    assert_string_equal(result.error, "no answer within 60 ms");
    assert_true(result.duration_us >= 59000);
    server_join(server); /* the connection was closed */
    client_close(&f.client);
}

static void trickle_the_head(struct server *server)
{
    int fd = server_accept(server);
    assert_true(server_read(server, fd));
    server_send(fd, "HTTP/1.1 200 OK\r\n");
    while (send(fd, "X: y\r\n", 6, MSG_NOSIGNAL) > 0)
        usleep(5000);
    close(fd);
}

static void a_trickling_head_does_not_put_the_timeout_off(void **state)
{
    (void)state;
    struct server *server = server_start(trickle_the_head, NULL);
    struct fixture f;
    begin(&f, server);
    f.request.timeout_ms = 100;
    assert_int_equal(client_exchange(&f.client, &f.request).kind, ERROR_TIMEOUT);
    server_join(server);
    client_close(&f.client);
}

/* With the queue of a listener full, the kernel drops what knocks. */
static void a_connection_that_does_not_come_is_a_timeout(void **state)
{
    (void)state;
    struct server *server = server_listen(0);
    int fillers[4];
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)server->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < 4; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fillers[i], (struct sockaddr *)&address, sizeof address);
    }
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", server->port);
    struct result result = send_to(url, 80);
    assert_int_equal(result.kind, ERROR_TIMEOUT);
    assert_string_equal(result.error, "no connection within 80 ms");
    for (int i = 0; i < 4; i++)
        close(fillers[i]);
    server_join(server);
}

/* ── cancelling ── */

static void cancelling_closes_the_connection_and_calls_nothing(void **state)
{
    (void)state;
    struct server *server = server_start(read_and_hang, NULL);
    struct fixture f;
    begin(&f, server);
    struct result cancelled;
    struct result other;
    struct http_call *call = client_send(&f.client, &f.request, &cancelled);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:1/");
    f.request.url = url;
    client_send(&f.client, &f.request, &other); /* refused: what the loop runs for */
    f.client.awaited = 1;
    client_run(&f.client);
    assert_int_equal(other.kind, ERROR_CONNECT);
    assert_false(cancelled.done);
    http_cancel(call);
    assert_int_equal(http_in_flight(f.client.http), 0);
    server_join(server); /* the connection was closed */
    assert_false(cancelled.done);
    client_close(&f.client);
}

struct canceller {
    struct loop *loop;
    struct http_call *other;
    bool called;
};

static void cancel_other(void *context, const struct http_exchange *exchange)
{
    (void)exchange;
    struct canceller *canceller = context;
    assert_false(canceller->called);
    canceller->called = true;
    http_cancel(canceller->other);
    loop_stop(canceller->loop);
}

/* Both are refused in one turn; the first to be told cancels the second. */
static void a_call_can_be_cancelled_by_another_s_done(void **state)
{
    (void)state;
    struct client client;
    client_open(&client, 4);
    const struct http_request request = {.method = "GET",
                                         .url = "http://127.0.0.1:1/",
                                         .timeout_ms = 5000,
                                         .options = &plain_options};
    struct canceller cancellers[2] = {{.loop = client.loop}, {.loop = client.loop}};
    cancellers[1].other = http_send(client.http, &request, cancel_other, &cancellers[0], NULL);
    cancellers[0].other = http_send(client.http, &request, cancel_other, &cancellers[1], NULL);
    client_run(&client);
    assert_int_equal(cancellers[0].called + cancellers[1].called, 1);
    assert_int_equal(http_in_flight(client.http), 0);
    client_close(&client);
}

static void destroying_cancels_what_is_under_way(void **state)
{
    (void)state;
    struct server *server = server_start(read_and_hang, NULL);
    struct fixture f;
    begin(&f, server);
    struct result results[3];
    for (int i = 0; i < 3; i++)
        client_send(&f.client, &f.request, &results[i]);
    client_close(&f.client);
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* the script waits for a connection */
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)server->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    (void)connect(fd, (struct sockaddr *)&address, sizeof address);
    close(fd);
    server_join(server);
    for (int i = 0; i < 3; i++)
        assert_false(results[i].done);
}

/* ── an answer that is wanted as a whole ── */

#define WHOLE_BYTES 300000

static void answer_300000_bytes(struct server *server)
{
    int fd = server_accept(server);
    char *body = malloc(WHOLE_BYTES);
    memset(body, 'x', WHOLE_BYTES);
    while (server_read(server, fd)) {
        server_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n");
        server_send_bytes(fd, body, WHOLE_BYTES);
    }
    free(body);
    close(fd);
}

static void gives_the_whole_answer_to_who_asks_for_it(void **state)
{
    (void)state;
    struct server *server = server_start(answer_300000_bytes, NULL);
    struct fixture f;
    struct buffer whole = {.limit = WHOLE_BYTES};
    begin(&f, server);
    f.request.whole = &whole;
    for (int i = 0; i < 2; i++) { /* the connection is kept */
        buffer_clear(&whole);
        struct result result = client_exchange(&f.client, &f.request);
        assert_int_equal(result.status, 200);
        assert_int_equal(whole.size, WHOLE_BYTES);
        assert_int_equal(result.response_bytes, WHOLE_BYTES);
    }
    f.request.whole = NULL; /* and what comes next gets its first KiB again */
    struct result result = client_exchange(&f.client, &f.request);
    assert_int_equal(result.response_bytes, HTTP_RESPONSE_BYTES);
    client_close(&f.client);
    server_join(server);
    buffer_finish(&whole);
}

static void answer_with_headers(struct server *server)
{
    int fd = server_accept(server);
    server_read(server, fd);
    server_send(fd, "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
                    "HTTP/1.1 200 OK\r\nX-One: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "0\r\nX-Trailer: 1\r\n\r\n");
    close(fd);
}

static void gives_the_answer_s_headers_to_who_asks_for_them(void **state)
{
    (void)state;
    struct server *server = server_start(answer_with_headers, NULL);
    struct fixture f;
    struct buffer head = {0};
    begin(&f, server);
    f.request.head = &head;
    assert_int_equal(client_exchange(&f.client, &f.request).status, 200);
    assert_string_equal(buffer_text(&head), "X-One: 1\r\nTransfer-Encoding: chunked\r\n");
    client_close(&f.client);
    server_join(server);
    buffer_finish(&head);
}

static void a_whole_answer_that_is_too_large_is_none(void **state)
{
    (void)state;
    struct server *server = server_start(answer_300000_bytes, NULL);
    struct fixture f;
    struct buffer whole = {.limit = WHOLE_BYTES - 1};
    begin(&f, server);
    f.request.whole = &whole;
    struct result result = client_exchange(&f.client, &f.request);
    assert_int_equal(result.status, 0);
    assert_int_equal(result.kind, ERROR_PROTOCOL);
    assert_string_equal(result.error, "the answer has more than 299999 bytes");
    client_close(&f.client);
    server_join(server);
    buffer_finish(&whole);
}

static void answer_half(struct server *server)
{
    int fd = server_accept(server);
    if (server_read(server, fd))
        server_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    if (server->context)
        server_hang(fd);
    else
        close(fd);
}

static void a_whole_answer_that_ends_too_early_is_none(void **state)
{
    (void)state;
    struct server *server = server_start(answer_half, NULL);
    struct fixture f;
    struct buffer whole = {0};
    begin(&f, server);
    f.request.whole = &whole;
    struct result result = client_exchange(&f.client, &f.request);
    assert_int_equal(result.kind, ERROR_PROTOCOL);
    assert_string_equal(result.error, "the connection ended within the answer");
    client_close(&f.client);
    server_join(server);
    buffer_finish(&whole);
}

static void a_whole_answer_that_does_not_end_is_a_timeout(void **state)
{
    (void)state;
    struct server *server = server_start(answer_half, &(bool){true});
    struct fixture f;
    struct buffer whole = {0};
    begin(&f, server);
    f.request.whole = &whole;
    f.request.timeout_ms = 50;
    struct result result = client_exchange(&f.client, &f.request);
    assert_int_equal(result.kind, ERROR_TIMEOUT);
    assert_int_equal(result.status, 0);
    client_close(&f.client);
    server_join(server);
    buffer_finish(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_what_it_is_given_and_the_framing),
        cmocka_unit_test(sends_every_method_with_and_without_a_body),
        cmocka_unit_test(sends_a_large_body_without_asking_first),
        cmocka_unit_test(the_environment_s_proxy_counts_for_nothing),
        cmocka_unit_test(uses_a_connection_again),
        cmocka_unit_test(sends_in_parallel_and_keeps_what_it_opened),
        cmocka_unit_test(an_idle_connection_makes_room),
        cmocka_unit_test(many_subscriptions_share_what_there_is),
        cmocka_unit_test(a_connection_closed_while_idle_is_replaced),
        cmocka_unit_test(a_kept_connection_that_ends_unanswered_is_replaced),
        cmocka_unit_test(understands_every_form_of_answer),
        cmocka_unit_test(the_status_stands_whatever_becomes_of_the_body),
        cmocka_unit_test(an_endless_body_is_given_up),
        cmocka_unit_test(what_is_no_answer_has_a_kind),
        cmocka_unit_test(a_refused_connection_is_named_without_the_url_s_secrets),
        cmocka_unit_test(a_name_without_an_address_is_dns),
        cmocka_unit_test(a_url_that_is_none_is_not_sent),
        cmocka_unit_test(a_receiver_that_does_not_answer_is_a_timeout),
        cmocka_unit_test(a_trickling_head_does_not_put_the_timeout_off),
        cmocka_unit_test(a_connection_that_does_not_come_is_a_timeout),
        cmocka_unit_test(cancelling_closes_the_connection_and_calls_nothing),
        cmocka_unit_test(a_call_can_be_cancelled_by_another_s_done),
        cmocka_unit_test(destroying_cancels_what_is_under_way),
        cmocka_unit_test(gives_the_whole_answer_to_who_asks_for_it),
        cmocka_unit_test(gives_the_answer_s_headers_to_who_asks_for_them),
        cmocka_unit_test(a_whole_answer_that_is_too_large_is_none),
        cmocka_unit_test(a_whole_answer_that_ends_too_early_is_none),
        cmocka_unit_test(a_whole_answer_that_does_not_end_is_a_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
