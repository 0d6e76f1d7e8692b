#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/jtext.h"
#include "cli/trial_json.h"

static const struct text_secret secret = {NULL, SLICE_INIT("hunter2")};

static void check(struct trial *trial, enum trial_verdict verdict, bool show_secrets,
                  const char *expected)
{
    struct subscription sub = {.name = "s", .secrets = &secret};
    struct problems problems = {0};
    const struct route route = {
        .sub = &sub, .credential = credential_create(&sub, &problems), .mask = mask_create(&sub)};
    struct buffer out = {0};
    struct jtext json = {0};
    trial_add_json(&out, &route, trial, verdict, show_secrets);
    assert_string_equal(buffer_text(&out), expected);
    assert_true(jtext_read(&json, buffer_slice(&out), NULL));
    jtext_finish(&json);
    buffer_finish(&out);
    trial_finish(trial);
    mask_destroy(route.mask);
    credential_destroy(route.credential);
}

#define HEADERS "A: \"1\"\0X-Key: k hunter2\0"

static struct trial taken(struct slice body)
{
    return (struct trial){.http = {.method = "POST",
                                   .url = "https://h/?k=hunter2",
                                   .headers = SLICE(HEADERS),
                                   .body = body}};
}

static void shows_the_request(void **state)
{
    (void)state;
    struct trial trial = taken(SLICE("say \"hunter2\""));
    check(&trial, TRIAL_TAKEN, false,
          "{\"subscription\":\"s\",\"verdict\":\"taken\",\"request\":{\"method\":\"POST\","
          "\"url\":\"https://h/?k=*******\",\"headers\":{\"A\":\"\\\"1\\\"\",\"X-Key\":\"k "
          "*******\"},"
          "\"body\":\"say \\\"*******\\\"\",\"sent_bytes\":13}}");
    trial = taken(SLICE("say \"hunter2\""));
    check(&trial, TRIAL_TAKEN, true,
          "{\"subscription\":\"s\",\"verdict\":\"taken\",\"request\":{\"method\":\"POST\","
          "\"url\":\"https://h/?k=hunter2\",\"headers\":{\"A\":\"\\\"1\\\"\",\"X-Key\":\"k "
          "hunter2\"},"
          "\"body\":\"say \\\"hunter2\\\"\",\"sent_bytes\":13}}");
}

static void shows_each_kind_of_body(void **state)
{
    (void)state;
#define BEFORE                                                                                     \
    "{\"subscription\":\"s\",\"verdict\":\"taken\",\"request\":{\"method\":\"POST\","              \
    "\"url\":\"https://h/?k=*******\",\"headers\":{\"A\":\"\\\"1\\\"\",\"X-Key\":\"k *******\"},"
    struct trial trial = taken(SLICE_NONE);
    check(&trial, TRIAL_TAKEN, false, BEFORE "\"body\":null,\"sent_bytes\":0}}");
    trial = taken(SLICE(""));
    check(&trial, TRIAL_TAKEN, false, BEFORE "\"body\":\"\",\"sent_bytes\":0}}");
    trial = taken(SLICE("\xFF\x01"));
    check(&trial, TRIAL_TAKEN, false, BEFORE "\"body_base64\":\"/wE=\",\"sent_bytes\":2}}");
    trial = taken(SLICE("\x1f\x8b"));
    trial.request.unpacked = SLICE("a\nb");
    check(&trial, TRIAL_TAKEN, false, BEFORE "\"body\":\"a\\nb\",\"sent_bytes\":2}}");
}

static void says_why_there_is_none(void **state)
{
    (void)state;
    struct trial trial = {0};
    buffer_add_text(&trial.why_not, "s.yaml:3:4: events: \"a\" is not b");
    check(&trial, TRIAL_LEFT, false,
          "{\"subscription\":\"s\",\"verdict\":\"not-taken\","
          "\"why\":\"s.yaml:3:4: events: \\\"a\\\" is not b\"}");
    trial = (struct trial){0};
    error_set(&trial.err, ERROR_TOO_LARGE, "it is");
    check(&trial, TRIAL_FAILED, false,
          "{\"subscription\":\"s\",\"verdict\":\"dead-letter\",\"reason\":\"too-large\","
          "\"why\":\"it is\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_the_request),
        cmocka_unit_test(shows_each_kind_of_body),
        cmocka_unit_test(says_why_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
