#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "auth/credential.h"

#define AT(data_, line_)                                                                           \
    {                                                                                              \
        .data = (data_), .size = sizeof(data_) - 1, .at = { "grapnel.yaml", line_, 1 }             \
    }

static struct credential *create(const struct subscription_auth *auth)
{
    const struct subscription sub = {.auth = *auth};
    struct problems problems = {0};
    struct credential *credential = credential_create(&sub, &problems);
    assert_non_null(credential);
    assert_int_equal(problems.count, 0);
    return credential;
}

static void assert_headers(const struct credential *credential, struct slice want)
{
    struct buffer headers = {0};
    credential_add_headers(credential, &headers);
    assert_true(slice_equal(buffer_slice(&headers), want));
    buffer_finish(&headers);
}

static void assert_url(const struct credential *credential, const char *before, const char *after)
{
    struct buffer url = {0};
    buffer_add_text(&url, before);
    credential_add_query(credential, &url);
    assert_string_equal(buffer_text(&url), after);
    buffer_finish(&url);
}

static void adds_nothing_where_nothing_is_configured(void **state)
{
    (void)state;
    struct credential *credential = create(&(struct subscription_auth){0});
    assert_headers(credential, SLICE(""));
    assert_url(credential, "https://h/p", "https://h/p");
    assert_false(credential_owns_header(credential, SLICE("authorization")));
    credential_destroy(credential);
}

static void adds_a_bearer_token(void **state)
{
    (void)state;
    struct credential *credential = create(&(struct subscription_auth){.bearer = AT("t0ken", 1)});
    assert_headers(credential, SLICE("Authorization: Bearer t0ken\0"));
    assert_true(credential_owns_header(credential, SLICE("Authorization")));
    credential_destroy(credential);
}

/* RFC 7617 §2. */
static void adds_basic_credentials_as_the_rfc_has_them(void **state)
{
    (void)state;
    struct credential *credential = create(&(struct subscription_auth){
        .basic_username = AT("Aladdin", 1), .basic_password = AT("open sesame", 2)});
    assert_headers(credential, SLICE("Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\0"));
    credential_destroy(credential);
}

static void adds_an_api_key_as_a_header_beside_a_token(void **state)
{
    (void)state;
    struct credential *credential = create(&(struct subscription_auth){
        .bearer = AT("t0ken", 1), .api_key_header = AT("X-Key", 2), .api_key_value = AT("k3y", 2)});
    assert_headers(credential, SLICE("Authorization: Bearer t0ken\0X-Key: k3y\0"));
    assert_true(credential_owns_header(credential, SLICE("x-key")));
    assert_false(credential_owns_header(credential, SLICE("x-ke")));
    credential_destroy(credential);
}

static void adds_an_api_key_to_the_query(void **state)
{
    (void)state;
    struct credential *credential = create(&(struct subscription_auth){
        .api_key_query = AT("Key", 1), .api_key_value = AT("a&b=c d", 1)});
    assert_url(credential, "https://h/p", "https://h/p?Key=a%26b%3Dc%20d");
    assert_url(credential, "https://h/p?x=1", "https://h/p?x=1&Key=a%26b%3Dc%20d");
    assert_url(credential, "https://h/p?", "https://h/p?Key=a%26b%3Dc%20d");
    assert_url(credential, "https://h/p?x=1&", "https://h/p?x=1&Key=a%26b%3Dc%20d");
    assert_headers(credential, SLICE(""));
    credential_destroy(credential);
}

static void reports_what_would_break_a_header_at_its_place(void **state)
{
    (void)state;
    const struct {
        struct subscription_auth auth;
        unsigned line;
    } cases[] = {
        {{.bearer = AT("a\r\nX-Evil: 1", 3)}, 3},
        {{.bearer = AT("a\0b", 3)}, 3},
        {{.api_key_header = AT("X-Key", 4), .api_key_value = AT("a\nb", 5)}, 5},
        {{.api_key_header = AT("X\nKey", 6), .api_key_value = AT("a", 7)}, 6},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct subscription sub = {.auth = cases[i].auth};
        struct problems problems = {0};
        struct credential *credential = credential_create(&sub, &problems);
        assert_int_equal(problems.count, 1);
        assert_int_equal(problems.items[0].at.line, cases[i].line);
        problems_finish(&problems);
        credential_destroy(credential);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds_nothing_where_nothing_is_configured),
        cmocka_unit_test(adds_a_bearer_token),
        cmocka_unit_test(adds_basic_credentials_as_the_rfc_has_them),
        cmocka_unit_test(adds_an_api_key_as_a_header_beside_a_token),
        cmocka_unit_test(adds_an_api_key_to_the_query),
        cmocka_unit_test(reports_what_would_break_a_header_at_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
