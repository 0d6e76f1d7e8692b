/* Having a schema registered, by a registry on loopback that answers by a script. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "decode/registrar.h"
#include "fake_registry.h"

#define FIND_PATH  "/subjects/r-value"
#define CHECK_PATH "/compatibility/subjects/r-value/versions/latest?verbose=true"
#define ADD_PATH   "/subjects/r-value/versions"
#define OK         "HTTP/1.1 200 OK"

struct fixture {
    struct fake_registry fake;
    char url[64];
    struct settings_registry settings;
    struct loop *loop;
    struct loop_timer guard; /* a test that hangs fails */
    unsigned told;
    uint32_t id;
    struct error why;
};

static void hang(struct loop_timer *timer)
{
    (void)timer;
    fputs("the loop ran for 20 s\n", stderr);
    abort();
}

static void registered(void *context, uint32_t id)
{
    struct fixture *f = context;
    f->told++;
    f->id = id;
    loop_stop(f->loop);
}

static void refused(void *context, const struct error *why)
{
    struct fixture *f = context;
    f->told++;
    f->why = *why;
    loop_stop(f->loop);
}

static struct registrar *create(struct fixture *f)
{
    const struct registrar_options options = {
        .loop = f->loop,
        .settings = &f->settings,
        .subject = SLICE("r-value"),
        .schema = SLICE("\"int\""),
        .context = f,
        .registered = registered,
        .refused = refused,
    };
    struct registrar *registrar = registrar_create(&options, NULL);
    assert_non_null(registrar);
    return registrar;
}

/* Until it is told what came of it. */
static void run(struct fixture *f, const struct fake_answer *answers)
{
    *f = (struct fixture){.guard.fire = hang};
    fake_start(&f->fake, answers, f->url);
    f->settings = (struct settings_registry){
        .url = {.data = f->url, .size = strlen(f->url)},
        .username = {.data = "key", .size = 3},
        .password = {.data = "s3cret", .size = 6},
        .timeout_ms = 10000,
    };
    f->loop = loop_create(NULL);
    struct registrar *registrar = create(f);
    loop_arm(f->loop, &f->guard, loop_now_ms(f->loop) + 20000);
    loop_run(f->loop);
    assert_int_equal(f->told, 1);
    registrar_destroy(registrar);
    loop_disarm(f->loop, &f->guard);
    fake_stop(&f->fake);
    loop_destroy(f->loop);
}

static void expect_asked(struct fixture *f, const char *asked)
{
    assert_string_equal(buffer_text(&f->fake.asked), asked);
    fake_forget(&f->fake);
}

static void finds_one_that_is_there(void **state)
{
    (void)state;
    static const struct fake_answer answers[] = {{FIND_PATH, OK, "{\"id\":7}", 0}, {0}};
    struct fixture f;
    run(&f, answers);
    assert_int_equal(f.id, 7);
    assert_non_null(strstr(f.fake.first, "\r\n\r\n{\"schema\":\"\\\"int\\\"\"}"));
    assert_non_null(strstr(f.fake.first, "Authorization: Basic a2V5OnMzY3JldA==\r\n"));
    assert_non_null(strstr(f.fake.first, "Content-Type: application/vnd.schemaregistry.v1+json"));
    expect_asked(&f, "POST " FIND_PATH "\n");
}

static void checks_and_adds_one_that_is_not(void **state)
{
    (void)state;
    static const struct fake_answer answers[] = {
        {FIND_PATH, UNKNOWN, 0},
        {CHECK_PATH, OK, "{\"is_compatible\":true}", 0},
        {ADD_PATH, OK, "{\"id\":8}", 0},
        {0},
    };
    struct fixture f;
    run(&f, answers);
    assert_int_equal(f.id, 8);
    expect_asked(&f, "POST " FIND_PATH "\nPOST " CHECK_PATH "\nPOST " ADD_PATH "\n");
}

static void adds_nothing_that_is_incompatible(void **state)
{
    (void)state;
    static const struct fake_answer answers[] = {
        {FIND_PATH, UNKNOWN, 0},
        {CHECK_PATH, OK, "{\"is_compatible\":false,\"reason\":\"it was text\"}", 0},
        {0},
    };
    struct fixture f;
    run(&f, answers);
    assert_int_equal(f.why.kind, ERROR_INPUT);
    assert_string_equal(
        f.why.text,
        "the schema of subject r-value: the registry refuses it as incompatible: it was text");
    expect_asked(&f, "POST " FIND_PATH "\nPOST " CHECK_PATH "\n");
}

static void asks_again_where_it_stood(void **state)
{
    (void)state;
    static const struct fake_answer answers[] = {
        {FIND_PATH, NULL, NULL, 1}, /* the connection ends */
        {FIND_PATH, UNKNOWN, 0},
        {CHECK_PATH, "HTTP/1.1 503 Service Unavailable", "later", 1},
        {CHECK_PATH, OK, "{\"is_compatible\":true}", 0},
        {ADD_PATH, OK, "{\"id\":9}", 0},
        {0},
    };
    struct fixture f;
    run(&f, answers);
    assert_int_equal(f.id, 9);
    expect_asked(&f, "POST " FIND_PATH "\nPOST " FIND_PATH "\nPOST " CHECK_PATH "\nPOST " CHECK_PATH
                     "\nPOST " ADD_PATH "\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_one_that_is_there),
        cmocka_unit_test(checks_and_adds_one_that_is_not),
        cmocka_unit_test(adds_nothing_that_is_incompatible),
        cmocka_unit_test(asks_again_where_it_stood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
