/* The registry's client against one on loopback that answers by a script. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "decode/avro_plan.h"
#include "decode/registry.h"
#include "fake_registry.h"

struct fixture {
    struct fake_registry fake;
    char url[64];
    struct settings_registry settings;
    struct loop *loop;
    struct registry *registry;
    struct loop_timer guard; /* a test that hangs fails */
    unsigned told;
    struct error err;
};

static void hang(struct loop_timer *timer)
{
    (void)timer;
    fputs("the loop ran for 20 s\n", stderr);
    abort();
}

static void known(void *context, struct list *waiters)
{
    struct fixture *f = context;
    while (list_pop(waiters))
        f->told++;
    loop_stop(f->loop);
}

static void begin(struct fixture *f, const struct fake_answer *answers, bool once)
{
    *f = (struct fixture){.guard.fire = hang};
    fake_start(&f->fake, answers, f->url);
    f->settings = (struct settings_registry){.url = {.data = f->url, .size = strlen(f->url)},
                                             .timeout_ms = 10000};
    f->loop = loop_create(NULL);
    const struct registry_options options = {
        .loop = f->loop, .settings = &f->settings, .once = once, .context = f, .known = known};
    f->registry = registry_create(&options, NULL);
    assert_non_null(f->registry);
}

/* The client goes first: the fake waits for its connection's end. */
static void end(struct fixture *f)
{
    registry_destroy(f->registry);
    fake_stop(&f->fake);
    loop_destroy(f->loop);
}

/* How often, after the end. */
static unsigned count_asked(struct fixture *f, const char *path)
{
    unsigned count = 0;
    for (const char *at = strstr(buffer_text(&f->fake.asked), path); at; at = strstr(at + 1, path))
        count++;
    return count;
}

static enum registry_state find(struct fixture *f, uint32_t id, struct registry_schema **schema)
{
    const struct framing framing = {.kind = FRAMING_ID, .id = id};
    f->err = (struct error){0};
    return registry_find(f->registry, &framing, schema, &f->err);
}

/* Until somebody is told. */
static void run(struct fixture *f)
{
    loop_arm(f->loop, &f->guard, loop_now_ms(f->loop) + 20000);
    loop_run(f->loop);
    loop_disarm(f->loop, &f->guard);
}

/* What becomes of the schema when it is waited for. */
static enum registry_state wait_for(struct fixture *f, uint32_t id, struct registry_schema **schema)
{
    enum registry_state state = find(f, id, schema);
    if (state != REGISTRY_WAITS)
        return state;
    struct list waiter;
    list_init(&waiter);
    registry_wait(*schema, &waiter);
    run(f);
    return find(f, id, schema);
}

static void asks_once_and_keeps_the_answer(void **state)
{
    (void)state;
    static const struct fake_answer answers[] = {
        {"/schemas/ids/7", FOUND("\\\"int\\\""), 1},
        {"/schemas/ids/8", "HTTP/1.1 200 OK", "{\"schema\":\"{}\",\"schemaType\":\"JSON\"}", 1},
        {0}};
    struct fixture f;
    struct registry_schema *schema = NULL;
    struct list waiters[3];
    begin(&f, answers, false);
    for (size_t i = 0; i < COUNT_OF(waiters); i++) {
        assert_int_equal(find(&f, 7, &schema), REGISTRY_WAITS);
        list_init(&waiters[i]);
        registry_wait(schema, &waiters[i]);
    }
    list_remove(&waiters[1]); /* no longer interested */
    run(&f);
    assert_int_equal(f.told, 2);
    assert_int_equal(find(&f, 7, &schema), REGISTRY_READY);
    assert_int_equal(registry_plan(schema)->root->kind, AVRO_KIND_INTEGER);
    assert_int_equal(wait_for(&f, 8, &schema), REGISTRY_READY);
    assert_null(registry_plan(schema));
    end(&f);
    assert_string_equal(buffer_text(&f.fake.asked), "GET /schemas/ids/7\nGET /schemas/ids/8\n");
    assert_null(strstr(f.fake.first, "Authorization"));
    fake_forget(&f.fake);
}

static void says_who_we_are(void **state)
{
    (void)state;
    static const struct fake_answer answers[] = {{"/a/b/schemas/ids/7", FOUND("\\\"int\\\""), 0},
                                                 {0}};
    struct fixture f;
    struct registry_schema *schema = NULL;
    begin(&f, answers, false);
    registry_destroy(f.registry);
    strcat(f.url, "/a/b/");
    f.settings.url.size = strlen(f.url);
    f.settings.username = (struct text){.data = "key", .size = 3};
    f.settings.password = (struct text){.data = "pa:ss", .size = 5};
    const struct registry_options options = {
        .loop = f.loop, .settings = &f.settings, .context = &f, .known = known};
    f.registry = registry_create(&options, NULL);
    assert_int_equal(wait_for(&f, 7, &schema), REGISTRY_READY);
    end(&f);
    assert_non_null(strstr(f.fake.first, "\r\nAuthorization: Basic a2V5OnBhOnNz\r\n"));
    assert_non_null(strstr(f.fake.first, "\r\nAccept: application/vnd.schemaregistry.v1+json"));
    fake_forget(&f.fake);
}

static void asks_for_references_too(void **state)
{
    (void)state;
    static const struct fake_answer answers[] = {
        {"/schemas/ids/7", "HTTP/1.1 200 OK",
         "{\"schema\":\"\\\"f\\\"\",\"references\":[{\"subject\":\"s\",\"version\":3}]}", 0},
        {"/subjects/s/versions/3", "HTTP/1.1 500 Oops", "", 1},
        {"/subjects/s/versions/3",
         FOUND("{\\\"type\\\":\\\"fixed\\\",\\\"name\\\":\\\"f\\\",\\\"size\\\":1}"), 0},
        {0}};
    struct fixture f;
    struct registry_schema *schema = NULL;
    begin(&f, answers, false);
    assert_int_equal(wait_for(&f, 7, &schema), REGISTRY_READY);
    assert_int_equal(registry_plan(schema)->root->kind, AVRO_KIND_BYTES);
    end(&f);
    assert_string_equal(buffer_text(&f.fake.asked),
                        "GET /schemas/ids/7\nGET /subjects/s/versions/3\n"
                        "GET /schemas/types\n"
                        "GET /schemas/ids/7\nGET /subjects/s/versions/3\n");
    fake_forget(&f.fake);
}

/* None of these is a word on the schema; the answer that is comes in the end. */
static void asks_an_absent_registry_again(void **state)
{
    (void)state;
    static const struct fake_answer answers[] = {
        {"/schemas/ids/7", "HTTP/1.1 503 Service Unavailable", "", 1},
        {"/schemas/ids/8", "HTTP/1.1 401 Unauthorized", "", 1},
        {"/schemas/ids/9", "HTTP/1.1 404 Not Found", "<html>", 1},
        {"/schemas/ids/10", NULL, NULL, 1},
        {"/schemas/ids/11", "HTTP/1.1 200 OK", "<html>", 1},
        {"/schemas/ids/7", FOUND("\\\"int\\\""), 0},
        {"/schemas/ids/8", FOUND("\\\"int\\\""), 0},
        {"/schemas/ids/9", FOUND("\\\"int\\\""), 0},
        {"/schemas/ids/10", FOUND("\\\"int\\\""), 0},
        {"/schemas/ids/11", FOUND("\\\"int\\\""), 0},
        {0}};
    struct fixture f;
    struct registry_schema *schema = NULL;
    begin(&f, answers, false);
    for (uint32_t id = 7; id <= 11; id++) {
        assert_int_equal(wait_for(&f, id, &schema), REGISTRY_READY);
        if (f.told != id - 6)
            fail_msg("schema %u was told of %u times", id, f.told);
    }
    end(&f);
    fake_forget(&f.fake);
}

static void tells_what_is_wrong_with_a_schema(void **state)
{
    (void)state;
    static const struct fake_answer answers[] = {
        {"/schemas/ids/7", UNKNOWN, 0},
        {"/schemas/ids/8", FOUND("\\\"unheard\\\""), 0},
        {"/schemas/ids/9", "HTTP/1.1 200 OK", "{\"schema\":\"\",\"schemaType\":\"PROTOBUF\"}", 0},
        {0}};
    static const char *const errors[] = {
        "schema 7: the registry knows no such schema",
        "schema 8: it is no Avro: Unknown Avro \"type\": unheard",
        "schema 9: it is of type PROTOBUF; Avro and JSON Schema can be read"};
    struct fixture f;
    struct registry_schema *schema = NULL;
    begin(&f, answers, false);
    for (uint32_t i = 0; i < COUNT_OF(errors); i++) {
        assert_int_equal(wait_for(&f, i + 7, &schema), REGISTRY_FAILED);
        assert_string_equal(f.err.text, errors[i]);
        assert_int_equal(f.err.kind, ERROR_DECODE);
    }
    assert_int_equal(find(&f, 7, &schema), REGISTRY_FAILED); /* that holds for a while */
    end(&f);
    assert_int_equal(count_asked(&f, "ids/7\n"), 1);
    fake_forget(&f.fake);
}

static void says_at_once_that_a_registry_is_absent_where_that_is_wanted(void **state)
{
    (void)state;
    static const struct fake_answer answers[] = {
        {"/schemas/ids/7", "HTTP/1.1 503 Service Unavailable", "", 0}, {0}};
    struct fixture f;
    struct registry_schema *schema = NULL;
    char expected[160];
    begin(&f, answers, true);
    assert_int_equal(wait_for(&f, 7, &schema), REGISTRY_FAILED);
    snprintf(expected, sizeof expected,
             "schema 7: the schema registry at %s can't be asked: the answer is 503", f.url);
    assert_string_equal(f.err.text, expected);
    assert_int_equal(f.err.kind, ERROR_STATUS);
    end(&f);
    fake_forget(&f.fake);
}

static void shows_no_more_than_the_host_of_a_secret_url(void **state)
{
    (void)state;
    static const struct fake_answer answers[] = {{"/s3cret/schemas/ids/7", NULL, NULL, 0}, {0}};
    struct fixture f;
    struct registry_schema *schema = NULL;
    begin(&f, answers, true);
    registry_destroy(f.registry);
    strcat(f.url, "/s3cret");
    f.settings.url.size = strlen(f.url);
    f.settings.url.secret = true;
    const struct registry_options options = {
        .loop = f.loop, .settings = &f.settings, .once = true, .context = &f, .known = known};
    f.registry = registry_create(&options, NULL);
    assert_int_equal(wait_for(&f, 7, &schema), REGISTRY_FAILED);
    assert_null(strstr(f.err.text, "s3cret"));
    assert_non_null(strstr(f.err.text, "http://127.0.0.1:"));
    end(&f);
    fake_forget(&f.fake);
}

/* Some have no error code, as Apicurio has none for GUIDs: it is a word all the same, where the
 * registry answers. */
static void takes_a_bare_404_from_a_registry_that_is_there(void **state)
{
    (void)state;
    static const struct fake_answer answers[] = {
        {"/schemas/guids/*", "HTTP/1.1 404 Not Found", "", 0}, TYPES, {0}};
    const struct framing framing = {.kind = FRAMING_GUID};
    for (int once = 0; once < 2; once++) {
        struct fixture f;
        struct registry_schema *schema = NULL;
        struct list waiter;
        begin(&f, answers, once);
        assert_int_equal(registry_find(f.registry, &framing, &schema, NULL), REGISTRY_WAITS);
        list_init(&waiter);
        registry_wait(schema, &waiter);
        run(&f);
        assert_int_equal(registry_find(f.registry, &framing, &schema, &f.err), REGISTRY_FAILED);
        assert_string_equal(f.err.text, "schema 00000000-0000-0000-0000-000000000000: "
                                        "the registry knows no such schema");
        assert_int_equal(f.err.kind, ERROR_DECODE);
        end(&f);
        fake_forget(&f.fake);
    }
}

/* A proxy says so too, and then it is no word: what it hides is told when it is there again. */
static void waits_where_a_404_may_be_a_proxy_s(void **state)
{
    (void)state;
    static const struct fake_answer answers[] = {
        {"/schemas/ids/8", FOUND("\\\"int\\\""), 0},
        {"/schemas/ids/7", "HTTP/1.1 404 Not Found", "default backend", 2},
        {"/schemas/types", "HTTP/1.1 404 Not Found", "default backend", 1},
        {"/schemas/types", "HTTP/1.1 200 OK", "<html>", 1},
        {"/schemas/ids/7", FOUND("\\\"int\\\""), 0},
        {0}};
    struct fixture f;
    struct registry_schema *schema = NULL;
    begin(&f, answers, false);
    assert_int_equal(wait_for(&f, 8, &schema), REGISTRY_READY); /* it has answered before */
    assert_int_equal(wait_for(&f, 7, &schema), REGISTRY_READY);
    end(&f);
    assert_int_equal(count_asked(&f, "types\n"), 2);
    fake_forget(&f.fake);
}

/* 300 that wait for seconds each, were they asked four at a time and with pauses. */
static void schemas_in_doubt_keep_no_others_waiting(void **state)
{
    (void)state;
    static const struct fake_answer answers[] = {{"/schemas/ids/5000", "HTTP/1.1 500 Oops", "", 2},
                                                 {"/schemas/ids/5000", FOUND("\\\"int\\\""), 0},
                                                 {"/schemas/ids/5*", "HTTP/1.1 500 Oops", "", 0},
                                                 {"/schemas/ids/7", FOUND("\\\"int\\\""), 0},
                                                 TYPES,
                                                 {0}};
    struct fixture f;
    struct registry_schema *schema = NULL;
    struct list waiters[300];
    begin(&f, answers, false);
    for (uint32_t i = 0; i < COUNT_OF(waiters); i++) {
        assert_int_equal(find(&f, 5000 + i, &schema), REGISTRY_WAITS);
        list_init(&waiters[i]);
        registry_wait(schema, &waiters[i]);
    }
    assert_int_equal(wait_for(&f, 7, &schema), REGISTRY_READY);
    while (find(&f, 5000, &schema) == REGISTRY_WAITS)
        run(&f); /* its own trouble ends by itself */
    assert_int_equal(find(&f, 5000, &schema), REGISTRY_READY);
    assert_int_equal(find(&f, 5001, &schema), REGISTRY_WAITS);
    end(&f);
    assert_int_equal(count_asked(&f, "ids/5000\n"), 3);
    fake_forget(&f.fake);
}

/* What is asked for and no longer wanted costs nothing. */
static void forgets_what_nobody_waits_for(void **state)
{
    (void)state;
    static const struct fake_answer answers[] = {
        {"/schemas/ids/7", "HTTP/1.1 503 Service Unavailable", "", 0},
        {"/schemas/ids/8", "HTTP/1.1 503 Service Unavailable", "", 2},
        {"/schemas/ids/8", FOUND("\\\"int\\\""), 0},
        {0}};
    struct fixture f;
    struct registry_schema *schema = NULL;
    struct list waiter;
    begin(&f, answers, false);
    assert_int_equal(find(&f, 7, &schema), REGISTRY_WAITS);
    list_init(&waiter);
    registry_wait(schema, &waiter);
    list_remove(&waiter);
    assert_int_equal(wait_for(&f, 8, &schema), REGISTRY_READY);
    end(&f);
    assert_int_equal(count_asked(&f, "ids/7\n"), 1);
    fake_forget(&f.fake);
}

static void serves_many_who_wait_at_once(void **state)
{
    (void)state;
    static const struct fake_answer answers[] = {{"/schemas/ids/*", FOUND("\\\"int\\\""), 0}, {0}};
    struct fixture f;
    struct registry_schema *schema = NULL;
    struct list waiters[200];
    begin(&f, answers, false);
    for (uint32_t id = 0; id < COUNT_OF(waiters); id++) {
        assert_int_equal(find(&f, id, &schema), REGISTRY_WAITS);
        list_init(&waiters[id]);
        registry_wait(schema, &waiters[id]);
    }
    while (f.told < COUNT_OF(waiters))
        run(&f);
    for (uint32_t id = 0; id < COUNT_OF(waiters); id++)
        assert_int_equal(find(&f, id, &schema), REGISTRY_READY);
    end(&f);
    fake_forget(&f.fake);
}

static void keeps_no_more_than_it_may(void **state)
{
    (void)state;
    static const struct fake_answer answers[] = {{"/schemas/ids/*", FOUND("\\\"int\\\""), 0}, {0}};
    struct fixture f;
    struct registry_schema *schema = NULL;
    begin(&f, answers, false);
    for (uint32_t id = 0; id <= REGISTRY_SCHEMAS; id++) {
        assert_int_equal(wait_for(&f, id, &schema), REGISTRY_READY);
        assert_int_equal(find(&f, 0, &schema), REGISTRY_READY); /* always used */
    }
    assert_int_equal(find(&f, 1, &schema), REGISTRY_WAITS);
    assert_int_equal(find(&f, 2, &schema), REGISTRY_WAITS); /* the next to go, for 1's sake */
    assert_int_equal(find(&f, 4, &schema), REGISTRY_READY);
    end(&f);
    fake_forget(&f.fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_once_and_keeps_the_answer),
        cmocka_unit_test(says_who_we_are),
        cmocka_unit_test(asks_for_references_too),
        cmocka_unit_test(asks_an_absent_registry_again),
        cmocka_unit_test(tells_what_is_wrong_with_a_schema),
        cmocka_unit_test(says_at_once_that_a_registry_is_absent_where_that_is_wanted),
        cmocka_unit_test(shows_no_more_than_the_host_of_a_secret_url),
        cmocka_unit_test(takes_a_bare_404_from_a_registry_that_is_there),
        cmocka_unit_test(waits_where_a_404_may_be_a_proxy_s),
        cmocka_unit_test(schemas_in_doubt_keep_no_others_waiting),
        cmocka_unit_test(forgets_what_nobody_waits_for),
        cmocka_unit_test(serves_many_who_wait_at_once),
        cmocka_unit_test(keeps_no_more_than_it_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
