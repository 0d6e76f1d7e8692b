#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "deliver/authorise.h"

#define TEXT(data_)                                                                                \
    {                                                                                              \
        .data = (data_), .size = sizeof(data_) - 1                                                 \
    }

/* A route of a subscription, without what authorise has no use for. */
static struct route route_of(const struct subscription *sub)
{
    struct problems problems = {0};
    struct route route = {.sub = sub,
                          .signer = signer_create(sub, &problems),
                          .credential = credential_create(sub, &problems)};
    assert_int_equal(problems.count, 0);
    return route;
}

static void route_finish(struct route *route)
{
    signer_destroy(route->signer);
    credential_destroy(route->credential);
}

static void make_request(struct request *request)
{
    *request = (struct request){.method = "POST", .body = SLICE("{\"test\": 2432232314}")};
    buffer_add_text(&request->id, "msg_p5jXN8AQM9LWM0D4loKWxJek");
    buffer_add_text(&request->url, "https://h/p?x=1");
    request_add_header(request, SLICE("Content-Type"), SLICE("application/json"));
}

static void adds_id_time_credentials_and_signature(void **state)
{
    (void)state;
    struct text secret = TEXT("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    const struct subscription sub = {
        .auth = {.bearer = TEXT("t0ken"),
                 .api_key_query = TEXT("Key"),
                 .api_key_value = TEXT("k3y")},
        .sign_style = SIGN_STANDARD,
        .sign_secrets = {&secret, 1},
        .delivery = {.timeout_ms = 1234},
    };
    struct route route = route_of(&sub);
    struct request request;
    make_request(&request);
    struct authorised authorised = {0};
    struct http_request http;
    struct error err = {0};
    for (int i = 0; i < 2; i++) /* the second time into what the first has grown */
        assert_true(authorise(&route, &request, 1614265330999, &authorised, &http, &err));
    assert_string_equal(http.method, "POST");
    assert_string_equal(http.url, "https://h/p?x=1&Key=k3y");
    assert_true(
        slice_equal(http.headers,
                    SLICE("Content-Type: application/json\0"
                          "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek\0"
                          "webhook-timestamp: 1614265330\0"
                          "Authorization: Bearer t0ken\0"
                          "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\0")));
    assert_true(slice_equal(http.body, request.body));
    assert_int_equal(http.timeout_ms, 1234);
    assert_ptr_equal(http.options, &route.http);
    assert_true(slice_equal(buffer_slice(&request.url), SLICE("https://h/p?x=1")));
    authorised_finish(&authorised);
    request_finish(&request);
    route_finish(&route);
}

static void adds_only_id_and_time_where_nothing_is_configured(void **state)
{
    (void)state;
    const struct subscription sub = {0};
    struct route route = route_of(&sub);
    struct request request;
    make_request(&request);
    struct authorised authorised = {0};
    struct http_request http;
    struct error err = {0};
    assert_true(authorise(&route, &request, 999, &authorised, &http, &err));
    assert_string_equal(http.url, "https://h/p?x=1");
    assert_true(slice_equal(http.headers, SLICE("Content-Type: application/json\0"
                                                "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek\0"
                                                "webhook-timestamp: 0\0")));
    authorised_finish(&authorised);
    request_finish(&request);
    route_finish(&route);
}

static void says_so_when_there_is_no_room(void **state)
{
    (void)state;
    const struct subscription sub = {0};
    struct route route = route_of(&sub);
    struct request request;
    make_request(&request);
    struct authorised authorised = {.headers.limit = 40};
    struct http_request http;
    struct error err = {0};
    assert_false(authorise(&route, &request, 0, &authorised, &http, &err));
    assert_int_equal(err.kind, ERROR_MEMORY);
    authorised_finish(&authorised);
    request_finish(&request);
    route_finish(&route);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds_id_time_credentials_and_signature),
        cmocka_unit_test(adds_only_id_and_time_where_nothing_is_configured),
        cmocka_unit_test(says_so_when_there_is_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
