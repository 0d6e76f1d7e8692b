#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <pty.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/exchange.h"

#define TEXT(data_)                                                                                \
    {                                                                                              \
        .data = (data_), .size = sizeof(data_) - 1                                                 \
    }
#define SECRET(data_)                                                                              \
    {                                                                                              \
        .data = (data_), .size = sizeof(data_) - 1, .secret = true                                 \
    }

/* A request as a trial leaves it. */
struct fixture {
    struct subscription sub;
    struct named_text headers[1];
    struct text keys[1];
    struct text_secret secrets[5];
    struct route route;
    struct trial trial;
};

static void begin(struct fixture *f, const char *url)
{
    struct problems problems = {0};
    *f = (struct fixture){
        .headers = {{TEXT("X-Key"), SECRET("hunter2")}},
        .keys = {TEXT("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")},
        .secrets = {{&f->secrets[1], SLICE("hunter2")},
                    {&f->secrets[2], SLICE("hunter3")},
                    {&f->secrets[3], SLICE("hunter4")},
                    {&f->secrets[4], SLICE("hunter5")},
                    {NULL, SLICE("https://h/services/hunter6")}},
        .sub.secrets = f->secrets,
        .sub.auth = {.bearer = SECRET("hunter3"),
                     .api_key_query = TEXT("token"),
                     .api_key_value = SECRET("hunter4")},
        .sub.sign_style = SIGN_STANDARD,
    };
    f->sub.request.headers = (struct named_texts){f->headers, 1};
    f->sub.sign_secrets = (struct texts){f->keys, 1};
    f->route = (struct route){.sub = &f->sub,
                              .signer = signer_create(&f->sub, &problems),
                              .credential = credential_create(&f->sub, &problems),
                              .mask = mask_create(&f->sub)};
    struct request *request = &f->trial.request;
    request->method = "POST";
    request->body = SLICE("{\"a\":\"hunter5\"}");
    buffer_add_text(&request->url, url);
    buffer_add_text(&request->id, "orders-0-0");
    request_add_header(request, SLICE("X-Key"), SLICE("hunter2"));
    request_add_header(request, SLICE("X-Open"), SLICE("seen hunter5"));
    struct error err;
    assert_true(
        authorise(&f->route, request, 1614265330000, &f->trial.authorised, &f->trial.http, &err));
}

static void finish(struct fixture *f)
{
    trial_finish(&f->trial);
    signer_destroy(f->route.signer);
    credential_destroy(f->route.credential);
    mask_destroy(f->route.mask);
}

static char *printed(const struct fixture *f, bool show_secrets)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    exchange_print_request(out, &f->route, &f->trial, show_secrets);
    fclose(out);
    return text;
}

static void shows_the_request_but_not_its_secrets(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "https://h:1/p?a=1&k=hunter5&b=2");
    char *text = printed(&f, false);
    assert_string_equal(text, "POST /p?a=1&k=*******&b=2&token=******* HTTP/1.1\n"
                              "Host: h:1\nAccept: */*\nX-Key: ********\nX-Open: seen *******\n"
                              "webhook-id: orders-0-0\nwebhook-timestamp: 1614265330\n"
                              "Authorization: Bearer ********\nwebhook-signature: ********\n"
                              "Content-Length: 15\n\n{\"a\":\"*******\"}\n");
    free(text);
    finish(&f);
}

static void a_url_that_is_a_secret_itself_shows_its_host(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "https://h/services/hunter6");
    char *text = printed(&f, false);
    assert_int_equal(strncmp(text, "POST /****************?token=******* HTTP/1.1\nHost: h\n", 54),
                     0);
    assert_null(strstr(text, "hunter"));
    free(text);
    finish(&f);
}

static void shows_the_secrets_when_told_to(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "https://h?k=hunter5");
    char *text = printed(&f, true);
    assert_non_null(strstr(text, "POST /?k=hunter5&token=hunter4 HTTP/1.1\n"));
    assert_non_null(strstr(text, "X-Key: hunter2\n"));
    assert_non_null(strstr(text, "Authorization: Bearer hunter3\n"));
    assert_non_null(strstr(text, "webhook-signature: v1,"));
    assert_non_null(strstr(text, "{\"a\":\"hunter5\"}"));
    free(text);
    finish(&f);
}

static void shows_what_it_accepts_once(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "https://h/");
    f.trial.http.headers = SLICE("A: b\0accept: text/html\0");
    char *text = printed(&f, false);
    assert_null(strstr(text, "*/*"));
    assert_non_null(strstr(text, "\naccept: text/html\n"));
    free(text);
    finish(&f);
}

static void shows_a_packed_body_as_the_receiver_reads_it(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "https://h/");
    f.trial.request.unpacked = f.trial.request.body;
    f.trial.http.body = SLICE("\x1f\x8b\x08");
    char *text = printed(&f, false);
    assert_non_null(strstr(text, "Content-Length: 3\n\n{\"a\":\"*******\"}\n"
                                 "(15 bytes, sent as 3 of gzip)\n"));
    free(text);
    finish(&f);
}

/* Elsewhere the bytes are as they are sent. */
static void shows_bytes_as_a_dump_on_a_terminal(void **state)
{
    (void)state;
    struct fixture f;
    int ours;
    int theirs;
    char text[4096];
    begin(&f, "https://h/");
    f.trial.http.body = SLICE("\xFF\x00 16 bytes a line, \x1b[31m");
    assert_int_equal(openpty(&ours, &theirs, NULL, NULL, NULL), 0);
    FILE *out = fdopen(theirs, "w");
    exchange_print_request(out, &f.route, &f.trial, false);
    fclose(out);
    ssize_t size = 0;
    for (ssize_t part = 1; part > 0 && size<(ssize_t)sizeof text - 1; size += part> 0 ? part : 0)
        part = read(ours, text + size, sizeof text - 1 - (size_t)size);
    text[size] = '\0';
    close(ours);
    assert_non_null(
        strstr(text, "000000  ff 00 20 31 36 20 62 79 74 65 73 20 61 20 6c 69  .. 16 bytes a li"));
    assert_non_null(
        strstr(text, "000010  6e 65 2c 20 1b 5b 33 31 6d                       ne, .[31m"));
    finish(&f);
}

static void masks_what_an_answer_echoes(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "https://h/");
    const struct http_exchange exchange = {
        .status = 429, .response = SLICE("you said hunter3"), .duration_us = 12345};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    exchange_print_answer(out, &f.route, &exchange,
                          SLICE("Retry-After: 7\r\nX-Echo: hunter2\nServer:\r\n"), false);
    fclose(out);
    assert_string_equal(text, "429, after 12.3 ms\nRetry-After: 7\nX-Echo: *******\nServer:\n\n"
                              "you said *******\n");
    free(text);
    finish(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_the_request_but_not_its_secrets),
        cmocka_unit_test(a_url_that_is_a_secret_itself_shows_its_host),
        cmocka_unit_test(shows_the_secrets_when_told_to),
        cmocka_unit_test(shows_what_it_accepts_once),
        cmocka_unit_test(shows_a_packed_body_as_the_receiver_reads_it),
        cmocka_unit_test(shows_bytes_as_a_dump_on_a_terminal),
        cmocka_unit_test(masks_what_an_answer_echoes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
