#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <cmocka.h>

#include "admin/listener.h"
#include "base/compiler.h"

struct fixture {
    struct metrics *metrics;
    struct listener *listener;
};

static bool is_ready(void *context, struct buffer *why)
{
    (void)context;
    (void)why;
    return true;
}

static struct listener *open_at(const struct fixture *fixture, const char *address,
                                const char *token, struct error *err)
{
    struct settings_token tokens[] = {
        {.token = {.data = token, .size = token ? strlen(token) : 0}}};
    struct settings_admin settings = {.listen = {.data = address, .size = strlen(address)},
                                      .tokens = tokens,
                                      .token_count = token ? 1 : 0};
    struct listener_options options = {&settings, fixture->metrics, is_ready, NULL};
    return listener_open(&options, err);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct error err = {0};
    fixture->metrics = metrics_create();
    metrics_name_subscription(fixture->metrics, 0, "orders");
    fixture->listener = open_at(fixture, "127.0.0.1:0", NULL, &err);
    *state = fixture;
    return fixture->listener ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    listener_close(fixture->listener);
    metrics_destroy(fixture->metrics);
    free(fixture);
    return 0;
}

static int connect_to(const struct listener *listener)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)listener_port(listener)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval wait = {.tv_sec = 10};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* All that comes until the other side closes. */
static char *read_all(int fd)
{
    size_t size = 0, capacity = 1 << 20;
    char *text = malloc(capacity);
    for (;;) {
        ssize_t got = recv(fd, text + size, capacity - 1 - size, 0);
        if (got <= 0)
            break;
        size += (size_t)got;
    }
    text[size] = '\0';
    close(fd);
    return text;
}

static char *ask(const struct listener *listener, const char *request)
{
    int fd = connect_to(listener);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    return read_all(fd);
}

static void answers_over_a_socket(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *request;
        const char *head;
        const char *body;
    } rows[] = {
        {"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 OK\r\n",
         "\r\n\r\nalive\n"},
        {"GET /readyz HTTP/1.0\r\n\r\n", "200 OK\r\n", "\r\n\r\nready\n"},
        {"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 OK\r\n",
         "\ngrapnel_queued{subscription=\"orders\"} 0\n"},
        {"GET /metrics?x=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 OK\r\n",
         "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"},
        {"GET /nope HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 404 Not Found\r\n",
         "Content-Type: application/problem+json\r\n"},
        {"POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
         "HTTP/1.1 405 Method Not Allowed\r\n", "Allow: GET, HEAD\r\n"},
        {"nonsense\r\n\r\n", "", ""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char *text = ask(fixture->listener, rows[i].request);
        if (!strstr(text, rows[i].head) || !strstr(text, rows[i].body))
            fail_msg("%s was answered:\n%s", rows[i].request, text);
        free(text);
    }
}

static void head_is_get_without_the_body(void **state)
{
    struct fixture *fixture = *state;
    char *text =
        ask(fixture->listener, "HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_non_null(strstr(text, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(text, "Content-Length: 6\r\n"));
    assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\n");
    free(text);
}

static void connections_are_kept(void **state)
{
    struct fixture *fixture = *state;
    char *text =
        ask(fixture->listener, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
                               "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_non_null(strstr(text, "alive\n"));
    assert_non_null(strstr(text, "ready\n"));
    free(text);
}

static void a_token_opens_the_metrics_and_health_needs_none(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    struct listener *guarded = open_at(fixture, "localhost:0", "s3cret", &err);
    assert_non_null(guarded);
    static const struct {
        const char *request;
        const char *head;
    } rows[] = {
        {"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 "},
        {"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
         "WWW-Authenticate: Bearer"},
        {"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nauthorization: Bearer "
         "s3cret\r\n\r\n",
         "HTTP/1.1 200 "},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char *text = ask(guarded, rows[i].request);
        assert_non_null(strstr(text, rows[i].head));
        assert_null(strstr(text, "s3cret"));
        free(text);
    }
    listener_close(guarded);
}

static void what_is_too_much_is_refused(void **state)
{
    struct fixture *fixture = *state;
    size_t size = 200000;
    char *request = malloc(size + 1);
    size_t used = (size_t)sprintf(request, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ");
    memset(request + used, 'a', size - used);
    request[size] = '\0';
    int fd = connect_to(fixture->listener);
    send(fd, request, size, MSG_NOSIGNAL); /* may be cut off by the answer */
    char *text = read_all(fd);
    assert_true(*text == '\0' || strstr(text, " 431 ") || strstr(text, " 413 "));
    free(text);

    used = (size_t)sprintf(request,
                           "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n");
    memset(request + used, 'a', size - used);
    fd = connect_to(fixture->listener);
    send(fd, request, size, MSG_NOSIGNAL);
    free(read_all(fd)); /* returns: the connection was closed before all of it came */
    free(request);
    text = ask(fixture->listener, "GET /healthz HTTP/1.0\r\n\r\n");
    assert_non_null(strstr(text, "alive"));
    free(text);
}

static void an_address_that_cannot_be_had_is_told(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    char taken[32];
    snprintf(taken, sizeof taken, "127.0.0.1:%u", listener_port(fixture->listener));
    assert_null(open_at(fixture, taken, NULL, &err));
    assert_int_equal(err.kind, ERROR_SYSTEM);
    assert_non_null(strstr(err.text, taken));
    assert_non_null(strstr(err.text, "Address already in use"));
    static const char *const wrong[] = {"",
                                        "8088",
                                        "127.0.0.1",
                                        "127.0.0.1:",
                                        "::1:8088",
                                        "127.0.0.1:http",
                                        "300.300.300.300:1",
                                        "[::1]8088",
                                        "127.0.0.1:99999"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct listener *listener = open_at(fixture, wrong[i], NULL, &err);
        if (listener)
            fail_msg("listens at '%s'", wrong[i]);
        assert_int_equal(err.kind, ERROR_INPUT);
    }
}

static void closing_ends_open_connections(void **state)
{
    struct fixture *fixture = *state;
    int fd = connect_to(fixture->listener);
    listener_close(fixture->listener);
    fixture->listener = NULL;
    char *text = read_all(fd);
    assert_string_equal(text, "");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_over_a_socket, set_up, tear_down),
        cmocka_unit_test_setup_teardown(head_is_get_without_the_body, set_up, tear_down),
        cmocka_unit_test_setup_teardown(connections_are_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_token_opens_the_metrics_and_health_needs_none, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_too_much_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_address_that_cannot_be_had_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(closing_ends_open_connections, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
