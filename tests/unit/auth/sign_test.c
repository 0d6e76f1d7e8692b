#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "auth/sign.h"
#include "base/compiler.h"

/* The vector published with Standard Webhooks' libraries. */
#define SECRET    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static const struct sign_input published = {
    .id = {"msg_p5jXN8AQM9LWM0D4loKWxJek", 28},
    .timestamp_s = 1614265330,
    .body = {"{\"test\": 2432232314}", 20},
};

static struct text text_of(const char *data)
{
    return (struct text){.data = data, .size = strlen(data), .at = {"grapnel.yaml", 7, 3}};
}

static struct signer *create(struct text *secrets, size_t count, struct problems *problems)
{
    const struct subscription sub = {.sign_style = SIGN_STANDARD, .sign_secrets = {secrets, count}};
    return signer_create(&sub, problems);
}

static void makes_the_published_signature(void **state)
{
    (void)state;
    struct problems problems = {0};
    struct text secret = text_of(SECRET);
    struct signer *signer = create(&secret, 1, &problems);
    assert_non_null(signer);
    struct buffer headers = {0};
    assert_true(signer_sign(signer, &published, &headers));
    assert_int_equal(headers.size, sizeof "webhook-signature: " SIGNATURE);
    assert_string_equal(headers.data, "webhook-signature: " SIGNATURE);
    buffer_finish(&headers);
    signer_destroy(signer);
}

static void signs_once_with_each_secret_of_a_rotation(void **state)
{
    (void)state;
    struct problems problems = {0};
    struct text secrets[] = {text_of("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), text_of(SECRET)};
    struct signer *signer = create(secrets, 2, &problems);
    struct buffer headers = {0};
    assert_true(signer_sign(signer, &published, &headers));
    const char *value = headers.data + strlen("webhook-signature: ");
    const char *space = strchr(value, ' ');
    assert_int_equal(strncmp(value, "v1,", 3), 0);
    assert_int_equal(space - value, strlen(SIGNATURE));
    assert_string_equal(space + 1, SIGNATURE);
    buffer_finish(&headers);
    signer_destroy(signer);
}

static void signs_an_empty_body(void **state)
{
    (void)state;
    struct problems problems = {0};
    struct text secret = text_of(SECRET);
    struct signer *signer = create(&secret, 1, &problems);
    struct sign_input input = published;
    input.body = SLICE_NONE;
    struct buffer headers = {0};
    assert_true(signer_sign(signer, &input, &headers));
    assert_int_equal(headers.size, sizeof "webhook-signature: " SIGNATURE);
    buffer_finish(&headers);
    signer_destroy(signer);
}

static void reports_a_wrong_secret_without_showing_it(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "hunter2hunter2hunter2hunter2hunt",      /* no prefix */
        "whsec_",                                /* no key */
        "whsec_c2hvcnQ=",                        /* too short */
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", /* not padded */
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La!aSw",
        ("whsec_" /* of 66 bytes */
         "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqrTwjUMfKQ9r8"
         "G"),
        "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct problems problems = {0};
        struct text secrets[] = {text_of(SECRET), text_of(wrong[i])};
        assert_null(create(secrets, 2, &problems));
        assert_int_equal(problems.count, 1);
        assert_int_equal(problems.items[0].at.line, 7);
        const char *shown = strstr(problems.items[0].message, "whsec_");
        assert_true(!shown || strncmp(shown, "whsec_ and", 10) == 0);
        assert_null(strstr(problems.items[0].message, "hunter2"));
        problems_finish(&problems);
    }
}

static void without_a_style_there_is_no_signature(void **state)
{
    (void)state;
    struct problems problems = {0};
    const struct subscription sub = {.sign_style = SIGN_NONE};
    assert_null(signer_create(&sub, &problems));
    assert_int_equal(problems.count, 0);
    struct buffer headers = {0};
    assert_true(signer_sign(NULL, &published, &headers));
    assert_int_equal(headers.size, 0);
    assert_false(signer_owns_header(NULL, SLICE("webhook-signature")));
}

static void owns_its_header_in_any_case(void **state)
{
    (void)state;
    struct problems problems = {0};
    struct text secret = text_of(SECRET);
    struct signer *signer = create(&secret, 1, &problems);
    assert_true(signer_owns_header(signer, SLICE("Webhook-Signature")));
    assert_false(signer_owns_header(signer, SLICE("webhook-id")));
    signer_destroy(signer);
}

static void says_so_when_the_headers_have_no_room(void **state)
{
    (void)state;
    struct problems problems = {0};
    struct text secret = text_of(SECRET);
    struct signer *signer = create(&secret, 1, &problems);
    struct buffer headers = {.limit = 30};
    assert_false(signer_sign(signer, &published, &headers));
    buffer_finish(&headers);
    signer_destroy(signer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_the_published_signature),
        cmocka_unit_test(signs_once_with_each_secret_of_a_rotation),
        cmocka_unit_test(signs_an_empty_body),
        cmocka_unit_test(reports_a_wrong_secret_without_showing_it),
        cmocka_unit_test(without_a_style_there_is_no_signature),
        cmocka_unit_test(owns_its_header_in_any_case),
        cmocka_unit_test(says_so_when_the_headers_have_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
