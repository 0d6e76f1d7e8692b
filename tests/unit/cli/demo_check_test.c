#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "cli/demo_check.h"

/* The published vector of Standard Webhooks 1.0.0. */
#define SECRET    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define TIMESTAMP 1614265330
#define SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static bool verify(const char *signature, const char *timestamp, const char *body, int64_t now_s,
                   const char *secret)
{
    struct error err = {0};
    const struct receiver_header headers[] = {
        {SLICE("Webhook-Id"), SLICE("msg_p5jXN8AQM9LWM0D4loKWxJek")},
        {SLICE("Webhook-Timestamp"), slice_of(timestamp)},
        {SLICE("Webhook-Signature"), slice_of(signature)},
    };
    const struct receiver_request request = {
        .method = "POST",
        .target = "/",
        .headers = headers,
        .header_count = signature ? 3 : 2,
        .body = slice_of(body),
    };
    return demo_check_signature(&request, secret, now_s, &err);
}

#define BODY "{\"test\": 2432232314}"

static void verifies_the_published_vector(void **state)
{
    (void)state;
    assert_true(verify(SIGNATURE, "1614265330", BODY, TIMESTAMP, SECRET));
}

static void takes_any_one_of_several_signatures(void **state)
{
    (void)state;
    assert_true(verify("v1,AAAA " SIGNATURE, "1614265330", BODY, TIMESTAMP, SECRET));
    assert_true(verify(SIGNATURE " v1,AAAA", "1614265330", BODY, TIMESTAMP, SECRET));
}

static void refuses_what_is_not_exactly_what_was_signed(void **state)
{
    (void)state;
    const struct {
        const char *signature, *timestamp, *body, *secret;
        int64_t now_s;
    } rows[] = {
        {SIGNATURE, "1614265330", "{\"test\": 2432232315}", SECRET, TIMESTAMP},
        {SIGNATURE, "1614265331", BODY, SECRET, TIMESTAMP},
        {SIGNATURE, "1614265330", BODY, "whsec_AfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", TIMESTAMP},
        {SIGNATURE, "1614265330", BODY, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", TIMESTAMP},
        {SIGNATURE, "1614265330", BODY, "whsec_", TIMESTAMP},
        {SIGNATURE, "1614265330", BODY, SECRET, TIMESTAMP + 301},
        {SIGNATURE, "1614265330", BODY, SECRET, TIMESTAMP - 301},
        {SIGNATURE "x", "1614265330", BODY, SECRET, TIMESTAMP},
        {"", "1614265330", BODY, SECRET, TIMESTAMP},
        {NULL, "1614265330", BODY, SECRET, TIMESTAMP},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_false(verify(rows[i].signature, rows[i].timestamp, rows[i].body, rows[i].now_s,
                            rows[i].secret));
}

static const struct demo_act act = {
    .subscription = "sales",
    .method = "GET",
    .target = "/sale?Amount=41.10",
    .body = "",
    .attempts = 3,
    .status = 503,
    .outcome = "dead-lettered",
};

static bool check(const char *method, const char *target, const char *id, const char *extra)
{
    struct error err = {0};
    const struct receiver_header headers[] = {
        {SLICE("webhook-id"), slice_of(id)},
        {SLICE("user-agent"), SLICE("grapnel/" GRAPNEL_VERSION)},
        {slice_of(extra), SLICE("x")},
    };
    const struct receiver_request request = {
        .method = method,
        .target = target,
        .headers = headers,
        .header_count = extra ? 3 : 2,
        .body = SLICE(""),
    };
    return demo_check_request(&act, "orders-0-0", &request, &err);
}

static void takes_a_request_only_byte_for_byte(void **state)
{
    (void)state;
    assert_true(check("GET", "/sale?Amount=41.10", "orders-0-0", NULL));
    assert_true(check("GET", "/sale?Amount=41.10", "orders-0-0", "x-other"));
    assert_false(check("POST", "/sale?Amount=41.10", "orders-0-0", NULL));
    assert_false(check("GET", "/sale?Amount=41.1", "orders-0-0", NULL));
    assert_false(check("GET", "/sale?Amount=41.10", "orders-0-1", NULL));
    assert_false(check("GET", "/sale?Amount=41.10", NULL, NULL));
    assert_false(check("GET", "/sale?Amount=41.10", "orders-0-0", "content-type"));
    assert_false(check("GET", "/sale?Amount=41.10", "orders-0-0", "authorization"));
}

static bool check_result(const char *text)
{
    struct error err = {0};
    struct results_reader reader = {0};
    struct result_row row;
    bool good = results_read(&reader, slice_of(text), &row, &err) &&
                demo_check_result(&act, "orders-0-0", &row, &err);
    results_reader_finish(&reader);
    return good;
}

#define RESULT(outcome, attempt, status)                                                           \
    "{\"id\":\"orders-0-0\",\"subscription\":\"sales\",\"outcome\":\"" outcome                     \
    "\",\"attempt\":" attempt ",\"status\":" status "}"

static void takes_a_result_only_as_the_act_says(void **state)
{
    (void)state;
    assert_true(check_result(RESULT("dead-lettered", "3", "503")));
    assert_false(check_result(RESULT("delivered", "3", "503")));
    assert_false(check_result(RESULT("dead-lettered", "2", "503")));
    assert_false(check_result(RESULT("dead-lettered", "3", "null")));
    assert_false(check_result("[]"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verifies_the_published_vector),
        cmocka_unit_test(takes_any_one_of_several_signatures),
        cmocka_unit_test(refuses_what_is_not_exactly_what_was_signed),
        cmocka_unit_test(takes_a_request_only_byte_for_byte),
        cmocka_unit_test(takes_a_result_only_as_the_act_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
