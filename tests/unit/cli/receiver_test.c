#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "cli/receiver.h"

/* A receiver, and one client connection to it whose answers are read on the same loop. */
struct fixture {
    struct loop *loop;
    struct receiver *receiver;
    struct loop_io client;
    struct loop_timer deadline;
    struct slice outgoing;
    struct buffer answers;
    bool closed;
    struct buffer seen; /* what the handler was given, as text */
    size_t requests;
};

static void note(void *context, const struct receiver_request *request)
{
    struct fixture *fixture = context;
    fixture->requests++;
    buffer_print(&fixture->seen, "%s %s [%.*s] %.*s\n", request->method, request->target,
                 SLICE_ARGS(receiver_header(request, "X-Token")), SLICE_ARGS(request->body));
}

static void read_answer(struct fixture *fixture)
{
    char bytes[4096];
    ssize_t size = recv(fixture->client.fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (size > 0)
        buffer_add(&fixture->answers, bytes, (size_t)size);
    else
        fixture->closed = true;
    loop_stop(fixture->loop);
}

static void send_more(struct fixture *fixture)
{
    struct slice rest = fixture->outgoing;
    ssize_t size = send(fixture->client.fd, rest.data, rest.size, MSG_DONTWAIT | MSG_NOSIGNAL);
    fixture->outgoing = size < 0 ? SLICE("") : slice_from(rest, (size_t)size);
    if (fixture->outgoing.size == 0)
        assert_true(loop_watch(fixture->loop, &fixture->client, EPOLLIN, NULL));
}

static void client_ready(struct loop_io *io, uint32_t events)
{
    struct fixture *fixture = CONTAINER_OF(io, struct fixture, client);
    if (events & EPOLLIN)
        read_answer(fixture);
    else
        send_more(fixture);
}

static void give_up(struct loop_timer *timer)
{
    loop_stop(CONTAINER_OF(timer, struct fixture, deadline)->loop);
    fail_msg("no answer within ten seconds");
}

static int setup(void **state)
{
    struct error err = {0};
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    fixture->loop = loop_create(&err);
    fixture->receiver = receiver_open(fixture->loop, note, fixture, &err);
    assert_non_null(fixture->receiver);
    fixture->deadline.fire = give_up;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)receiver_port(fixture->receiver))};
    fixture->client = (struct loop_io){socket(AF_INET, SOCK_STREAM, 0), client_ready};
    assert_int_equal(connect(fixture->client.fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_true(loop_watch(fixture->loop, &fixture->client, EPOLLIN, &err));
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    loop_unwatch(fixture->loop, &fixture->client);
    close(fixture->client.fd);
    loop_disarm(fixture->loop, &fixture->deadline);
    receiver_close(fixture->receiver);
    loop_destroy(fixture->loop);
    buffer_finish(&fixture->answers);
    buffer_finish(&fixture->seen);
    free(fixture);
    return 0;
}

/* Sends `request`, and runs the loop until the answers hold `want` or the connection ends. */
static void exchange(struct fixture *fixture, struct slice request, const char *want)
{
    fixture->outgoing = request;
    assert_true(loop_watch(fixture->loop, &fixture->client, EPOLLIN | EPOLLOUT, NULL));
    loop_arm(fixture->loop, &fixture->deadline, clock_now_ms() + 10000);
    do
        loop_run(fixture->loop);
    while (!fixture->closed && !strstr(buffer_text(&fixture->answers), want));
    loop_disarm(fixture->loop, &fixture->deadline);
    assert_non_null(strstr(buffer_text(&fixture->answers), want));
    buffer_clear(&fixture->answers);
}

static void refuses_what_is_not_http(void **state)
{
    struct fixture *fixture = *state;
    exchange(fixture, SLICE("GET /x HTTP/1.1\r\nHost: h\r\nContent-Length: five\r\n\r\n"),
             "HTTP/1.1 400");
    assert_int_equal(fixture->requests, 0);
}

static void sees_method_target_headers_and_body(void **state)
{
    struct fixture *fixture = *state;
    exchange(fixture,
             SLICE("POST /a%2Fb?x=%241.1&y=+ HTTP/1.1\r\nHost: h\r\nx-token: t\r\nContent-Length: "
                   "5\r\n\r\nhello"),
             "HTTP/1.1 204");
    assert_string_equal(buffer_text(&fixture->seen), "POST /a%2Fb?x=%241.1&y=+ [t] hello\n");
}

static void keeps_the_connection_for_the_next_request(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 3; i++)
        exchange(fixture, SLICE("GET /again HTTP/1.1\r\nHost: h\r\n\r\n"), "HTTP/1.1 204");
    assert_int_equal(fixture->requests, 3);
    assert_false(fixture->closed);
}

static void answers_a_path_as_it_was_told(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    assert_true(receiver_answer(fixture->receiver, "/down", 503, &err));
    assert_true(receiver_answer(fixture->receiver, "/gone", 410, &err));
    exchange(fixture, SLICE("GET /down?a=b HTTP/1.1\r\nHost: h\r\n\r\n"), "HTTP/1.1 503");
    exchange(fixture, SLICE("GET /gone HTTP/1.1\r\nHost: h\r\n\r\n"), "HTTP/1.1 410");
    exchange(fixture, SLICE("GET /downhill HTTP/1.1\r\nHost: h\r\n\r\n"), "HTTP/1.1 204");
    assert_int_equal(fixture->requests, 3);
}

static void refuses_a_body_over_its_limit(void **state)
{
    struct fixture *fixture = *state;
    struct buffer request = {0};
    buffer_print(&request, "PUT /big HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n",
                 RECEIVER_BODY_BYTES + 1);
    char *body = buffer_reserve(&request, RECEIVER_BODY_BYTES + 1);
    memset(body, 'x', RECEIVER_BODY_BYTES + 1);
    request.size += RECEIVER_BODY_BYTES + 1;
    exchange(fixture, buffer_slice(&request), "HTTP/1.1 413");
    assert_int_equal(fixture->requests, 0);
    buffer_finish(&request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(refuses_what_is_not_http, setup, teardown),
        cmocka_unit_test_setup_teardown(sees_method_target_headers_and_body, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_the_connection_for_the_next_request, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_a_path_as_it_was_told, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_a_body_over_its_limit, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
