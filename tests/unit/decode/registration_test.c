#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "decode/registration.h"

static void asks_where_confluents_api_says(void **state)
{
    (void)state;
    static const char *const paths[] = {
        [REGISTRATION_FIND] = "/subjects/a%2Fb-value",
        [REGISTRATION_CHECK] = "/compatibility/subjects/a%2Fb-value/versions/latest?verbose=true",
        [REGISTRATION_ADD] = "/subjects/a%2Fb-value/versions",
    };
    for (int step = 0; step < REGISTRATION_DONE; step++) {
        struct buffer path = {0};
        registration_write_path((enum registration_step)step, SLICE("a/b-value"), &path);
        assert_string_equal(buffer_text(&path), paths[step]);
        buffer_finish(&path);
    }
    struct buffer body = {0};
    registration_write_body(SLICE("{\"type\":\"int\"}"), &body);
    assert_string_equal(buffer_text(&body), "{\"schema\":\"{\\\"type\\\":\\\"int\\\"}\"}");
    buffer_finish(&body);
}

#define FIND  REGISTRATION_FIND
#define CHECK REGISTRATION_CHECK
#define ADD   REGISTRATION_ADD
#define DONE  REGISTRATION_DONE

/* Answers of Confluent's registry and Apicurio's, and of others in their place. */
static const struct {
    enum registration_step step;
    int status;
    const char *body;
    enum registration_step next;
    uint32_t id;
    enum error_kind kind;
    const char *text;
} rows[] = {
    {FIND, 200, "{\"subject\":\"a-value\",\"id\":7,\"version\":1}", DONE, 7, ERROR_NONE, ""},
    {FIND, 404, "{\"error_code\":40401,\"message\":\"no subject\"}", CHECK, 0, ERROR_NONE, ""},
    {FIND, 404, "{\"error_code\":40403,\"message\":\"no schema\"}", CHECK, 0, ERROR_NONE, ""},
    {FIND, 404, "<html>no such page</html>", FIND, 0, ERROR_STATUS, "the answer is 404"},
    {FIND, 404, "{}", FIND, 0, ERROR_STATUS, "the answer is 404"},
    {FIND, 200, "{}", FIND, 0, ERROR_PROTOCOL, "the answer is no registry's"},
    {FIND, 200, "welcome", FIND, 0, ERROR_PROTOCOL, "the answer is no registry's"},
    {FIND, 200, "", FIND, 0, ERROR_PROTOCOL, "the answer is no registry's"},
    {FIND, 401, "{\"error_code\":401,\"message\":\"Unauthorized\"}", FIND, 0, ERROR_STATUS,
     "the answer is 401: Unauthorized"},
    {CHECK, 200, "{\"is_compatible\":true}", ADD, 0, ERROR_NONE, ""},
    {CHECK, 404, "{\"error_code\":40402,\"message\":\"no version\"}", ADD, 0, ERROR_NONE, ""},
    {CHECK, 200, "{\"is_compatible\":false,\"messages\":[\"status: int\",\"more\"]}", CHECK, 0,
     ERROR_INPUT, "the registry refuses it as incompatible: status: int"},
    {CHECK, 200, "{\"is_compatible\":false,\"reason\":\"/fields/0\"}", CHECK, 0, ERROR_INPUT,
     "the registry refuses it as incompatible: /fields/0"},
    {CHECK, 200, "{\"is_compatible\":false,\"messages\":[],\"reason\":null}", CHECK, 0, ERROR_INPUT,
     "the registry refuses it as incompatible: it does not say why"},
    {CHECK, 200, "{\"is_compatible\":\"yes\"}", CHECK, 0, ERROR_PROTOCOL,
     "the answer is no registry's"},
    {CHECK, 422, "{\"error_code\":42201,\"message\":\"Invalid\"}", CHECK, 0, ERROR_INPUT,
     "the registry refuses it as invalid: Invalid"},
    {ADD, 200, "{\"id\":4294967295}", DONE, UINT32_MAX, ERROR_NONE, ""},
    {ADD, 200, "{\"id\":4294967296}", ADD, 0, ERROR_PROTOCOL, "the answer is no registry's"},
    {ADD, 200, "{\"id\":-1}", ADD, 0, ERROR_PROTOCOL, "the answer is no registry's"},
    {ADD, 200, "{\"id\":\"7\"}", ADD, 0, ERROR_PROTOCOL, "the answer is no registry's"},
    {ADD, 200, "[7]", ADD, 0, ERROR_PROTOCOL, "the answer is no registry's"},
    {ADD, 409, "{\"error_code\":409,\"message\":\"not for readers\"}", ADD, 0, ERROR_INPUT,
     "the registry refuses it as incompatible: not for readers"},
    {ADD, 409, "busy", ADD, 0, ERROR_STATUS, "the answer is 409"},
    {ADD, 422, "{\"error_code\":42205,\"message\":\"read only\"}", ADD, 0, ERROR_STATUS,
     "the answer is 422: read only"},
    {ADD, 500, "{\"error_code\":50003,\"message\":\"forwarding failed\"}", ADD, 0, ERROR_STATUS,
     "the answer is 500: forwarding failed"},
};

static void goes_on_is_done_is_refused_or_asks_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        enum registration_step step = rows[i].step;
        struct error err = {0};
        uint32_t id = 0;
        bool taken = registration_take(&step, rows[i].status, slice_of(rows[i].body), &id, &err);
        assert_int_equal(taken, rows[i].kind == ERROR_NONE);
        assert_int_equal(step, rows[i].next);
        assert_int_equal(id, rows[i].id);
        assert_int_equal(err.kind, rows[i].kind);
        assert_string_equal(err.text, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_where_confluents_api_says),
        cmocka_unit_test(goes_on_is_done_is_refused_or_asks_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
