/* net/http over TLS: whom it trusts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "http_client.h"
#include "tls_server.h"

static struct identity right;
static struct identity other;     /* of an authority of its own */
static struct identity elsewhere; /* for another host */

static int make_identities(void **state)
{
    (void)state;
    identity_init(&right, "IP:127.0.0.1");
    identity_init(&other, "IP:127.0.0.1");
    identity_init(&elsewhere, "DNS:elsewhere.example");
    return 0;
}

static int forget_identities(void **state)
{
    (void)state;
    identity_finish(&right);
    identity_finish(&other);
    identity_finish(&elsewhere);
    return 0;
}

static struct http_request request_to(const struct server *server, char url[64],
                                      const struct http_options *options)
{
    snprintf(url, 64, "https://127.0.0.1:%d/", server->port);
    return (struct http_request){
        .method = "GET", .url = url, .timeout_ms = 10000, .options = options};
}

static struct result get(struct tls_script script, const struct http_options *options)
{
    char url[64];
    struct client client;
    script.connections = 1;
    struct server *server = server_start(tls_serve, &script);
    client_open(&client, 4);
    struct http_request request = request_to(server, url, options);
    struct result result = client_exchange(&client, &request);
    client_close(&client);
    server_join(server);
    return result;
}

static void assert_refused(const struct result *result)
{
    assert_int_equal(result->status, 0);
    assert_int_equal(result->kind, ERROR_TLS);
    assert_string_not_equal(result->error, "");
}

static void trusts_the_authorities_of_the_file(void **state)
{
    (void)state;
    const struct http_options options = {.ca_file = right.ca_file};
    struct result result = get((struct tls_script){.identity = &right}, &options);
    assert_string_equal(result.error, "");
    assert_int_equal(result.status, 200);
}

static void trusts_no_other(void **state)
{
    (void)state;
    const struct http_options system = {0};
    const struct http_options others = {.ca_file = other.ca_file};
    const struct http_options missing = {.ca_file = "/nonexistent/ca.pem"};
    struct result results[] = {
        get((struct tls_script){.identity = &right}, &system),
        get((struct tls_script){.identity = &right}, &others),
    };
    for (size_t i = 0; i < COUNT_OF(results); i++) {
        assert_refused(&results[i]);
        assert_non_null(strstr(results[i].error, "certificate"));
    }
    struct result result = get((struct tls_script){.identity = &right}, &missing);
    assert_refused(&result);
}

static void wants_the_certificate_to_name_the_host(void **state)
{
    (void)state;
    const struct http_options options = {.ca_file = elsewhere.ca_file};
    struct result result = get((struct tls_script){.identity = &elsewhere}, &options);
    assert_refused(&result);
}

static void wants_the_pinned_key(void **state)
{
    (void)state;
    char both[160];
    snprintf(both, sizeof both, "%s;%s", other.pin, right.pin);
    const struct http_options pinned = {.ca_file = right.ca_file, .pinned_public_key = right.pin};
    const struct http_options either = {.ca_file = right.ca_file, .pinned_public_key = both};
    const struct http_options wrong = {.ca_file = right.ca_file, .pinned_public_key = other.pin};
    const struct tls_script script = {.identity = &right};
    assert_int_equal(get(script, &pinned).status, 200);
    assert_int_equal(get(script, &either).status, 200);
    struct result result = get(script, &wrong);
    assert_refused(&result);
}

static void speaks_no_version_older_than_asked(void **state)
{
    (void)state;
    const struct http_options usual = {.ca_file = right.ca_file};
    const struct http_options newest = {.ca_file = right.ca_file, .tls_1_3 = true};
    const struct tls_script only_1_1 = {.identity = &right, .newest = TLS1_1_VERSION};
    const struct tls_script only_1_2 = {.identity = &right, .newest = TLS1_2_VERSION};
    const struct tls_script any = {.identity = &right};
    struct result too_old = get(only_1_1, &usual);
    assert_refused(&too_old);
    assert_int_equal(get(only_1_2, &usual).status, 200);
    too_old = get(only_1_2, &newest);
    assert_refused(&too_old);
    assert_int_equal(get(any, &newest).status, 200);
}

static void falls_back_to_http_1_1_where_2_is_not_spoken(void **state)
{
    (void)state;
    const struct http_options options = {.ca_file = right.ca_file, .http2 = true};
    assert_int_equal(get((struct tls_script){.identity = &right}, &options).status, 200);
}

static void keeps_connections_but_not_for_those_who_trust_less(void **state)
{
    (void)state;
    char url[64];
    struct tls_script script = {.identity = &right, .connections = 2};
    struct server *server = server_start(tls_serve, &script);
    const struct http_options options = {.ca_file = right.ca_file};
    const struct http_options wrong = {.ca_file = right.ca_file, .pinned_public_key = other.pin};
    struct client client;
    client_open(&client, 1); /* and so one handle for both, too */
    struct http_request request = request_to(server, url, &options);
    for (int i = 0; i < 5; i++)
        assert_int_equal(client_exchange(&client, &request).status, 200);
    assert_int_equal(http_connections_opened(client.http), 1);
    request.options = &wrong;
    struct result result = client_exchange(&client, &request);
    assert_refused(&result);
    client_close(&client);
    server_join(server);
}

static void says_not_tls(struct server *server)
{
    int fd = server_accept(server);
    server_send(fd, "HTTP/1.1 400 Speak plainly\r\n\r\n");
    server_hang(fd);
}

static void a_receiver_without_tls_is_a_tls_error(void **state)
{
    (void)state;
    char url[64];
    struct client client;
    struct server *server = server_start(says_not_tls, NULL);
    client_open(&client, 4);
    const struct http_options options = {0};
    struct http_request request = request_to(server, url, &options);
    struct result result = client_exchange(&client, &request);
    assert_refused(&result);
    client_close(&client);
    server_join(server);
}

static void read_and_hang(struct server *server)
{
    server_hang(server_accept(server));
}

static void a_handshake_that_hangs_is_a_timeout(void **state)
{
    (void)state;
    char url[64];
    struct client client;
    struct server *server = server_start(read_and_hang, NULL);
    client_open(&client, 4);
    const struct http_options options = {0};
    struct http_request request = request_to(server, url, &options);
    request.timeout_ms = 80;
    struct result result = client_exchange(&client, &request);
    assert_int_equal(result.kind, ERROR_TIMEOUT);
    assert_string_equal(result.error, "no connection within 80 ms");
    client_close(&client);
    server_join(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trusts_the_authorities_of_the_file),
        cmocka_unit_test(trusts_no_other),
        cmocka_unit_test(wants_the_certificate_to_name_the_host),
        cmocka_unit_test(wants_the_pinned_key),
        cmocka_unit_test(speaks_no_version_older_than_asked),
        cmocka_unit_test(falls_back_to_http_1_1_where_2_is_not_spoken),
        cmocka_unit_test(keeps_connections_but_not_for_those_who_trust_less),
        cmocka_unit_test(a_receiver_without_tls_is_a_tls_error),
        cmocka_unit_test(a_handshake_that_hangs_is_a_timeout),
    };
    return cmocka_run_group_tests(tests, make_identities, forget_identities);
}
