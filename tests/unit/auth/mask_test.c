#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "auth/mask.h"

#define TEXT(data_)                                                                                \
    {                                                                                              \
        .data = (data_), .size = sizeof(data_) - 1                                                 \
    }

struct row {
    const char *text;
    const char *shown;
};

typedef void mask_function(const struct mask *mask, struct slice text, char *out);

static void check(const struct subscription *sub, mask_function *hide, const struct row *rows,
                  size_t count)
{
    struct mask *mask = mask_create(sub);
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(rows[i].text);
        char *shown = malloc(size + 1); /* no byte too long: a sanitizer sees it */
        assert_non_null(shown);
        shown[size] = '\0';
        hide(mask, slice_of(rows[i].text), shown);
        assert_string_equal(shown, rows[i].shown);
        free(shown);
    }
    mask_destroy(mask);
}

static void check_secret(const char *secret, mask_function *hide, const struct row *rows,
                         size_t count)
{
    const struct text_secret only = {NULL, slice_of(secret)};
    check(&(struct subscription){.secrets = &only}, hide, rows, count);
}

static void hides_a_secret_in_every_form_it_is_sent_in(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"", ""},
        {"nothing of it", "nothing of it"},
        {"a/b \"c\"&d", "*********"},
        {"<a/b \"c\"&d><a/b \"c\"&d>", "<*********><*********>"},
        {"?k=a%2Fb%20%22c%22%26d&x", "?k=*******************&x"},
        {"k=a%2Fb+%22c%22%26d", "k=*****************"},
        {"{\"k\":\"a/b \\\"c\\\"&d\"}", "{\"k\":\"***********\"}"},
        {"{\"k\":\"a\\/b \\\"c\\\"&d\"}", "{\"k\":\"************\"}"},
        {"<k>a/b \"c\"&amp;d</k>", "<k>*************</k>"},
        {"<k v=\"a/b &quot;c&quot;&amp;d\"/>", "<k v=\"***********************\"/>"},
    };
    check_secret("a/b \"c\"&d", mask_text, rows, COUNT_OF(rows));
    static const struct row decoded[] = {{"sig=a%2Fb%2Bc or a/b+c", "sig=********* or *****"}};
    check_secret("a%2Fb%2Bc", mask_text, decoded, COUNT_OF(decoded));
    static const struct row lines[] = {{"X: one two", "X: *******"}, {"one\ntwo", "*******"}};
    check_secret("one\ntwo", mask_text, lines, COUNT_OF(lines));
}

static void hides_what_basic_is_sent_as_but_not_the_user(void **state)
{
    (void)state;
    const struct text_secret password = {NULL, SLICE("open sesame")};
    const struct subscription sub = {
        .auth = {.basic_username = TEXT("Aladdin"), .basic_password = TEXT("open sesame")},
        .secrets = &password};
    static const struct row rows[] = {
        {"Aladdin: open sesame!", "Aladdin: ***********!"},
        {"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Basic ****************************"},
    };
    check(&sub, mask_text, rows, COUNT_OF(rows));
}

static void hides_a_signing_key_without_its_prefix_too(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLwSW", "**************************************"},
        {"key MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLwSW", "key ********************************"},
    };
    check_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLwSW", mask_text, rows, COUNT_OF(rows));
}

static void hides_several_secrets_each_in_its_forms(void **state)
{
    (void)state;
    const struct text_secret key = {NULL, SLICE("a \"b/9")};
    const struct text_secret sign = {&key, SLICE("whsec_AAAA")};
    const struct text_secret part = {&sign, SLICE("a \"b")};
    const struct text_secret tiny = {&part, SLICE("eu")};
    static const struct row rows[] = {
        {"a \"b/9 whsec_AAAA AAAA", "****** ********** ****"},
        {"a%20%22b%2F9 a \\\"b/9 .", "************ ******* ."},
        {"europe", "europe"},
    };
    check(&(struct subscription){.secrets = &tiny}, mask_text, rows, COUNT_OF(rows));
}

static void secrets_that_overlap_are_both_hidden(void **state)
{
    (void)state;
    const struct text_secret a = {NULL, SLICE("abcd")};
    const struct text_secret b = {&a, SLICE("cdef")};
    const struct text_secret c = {&b, SLICE("abcdefgh")};
    const struct text_secret d = {&c, SLICE("xxxx")};
    const struct subscription sub = {.secrets = &d};
    static const struct row rows[] = {
        {"<abcdef>", "<******>"},
        {"<abcdefgh>", "<********>"},
        {"<xxxxxx>", "<******>"},
    };
    check(&sub, mask_text, rows, COUNT_OF(rows));
}

static void hides_a_secret_that_the_end_cuts_off(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"you said hunter2hun", "you said **********"},
        {"a huntsman: hun", "a huntsman: hun"},
        {"hunt", "****"},
    };
    check_secret("hunter2hunter2", mask_text, rows, COUNT_OF(rows));
}

static void short_values_are_hidden_in_urls_alone(void **state)
{
    (void)state;
    static const struct row texts[] = {{"{\"pin\":\"417\"}", "{\"pin\":\"417\"}"}};
    static const struct row urls[] = {{"http://h/?pin=417", "http://h/?pin=***"}};
    check_secret("417", mask_text, texts, COUNT_OF(texts));
    check_secret("417", mask_url, urls, COUNT_OF(urls));
    static const struct row same[] = {{"http://h:1/a/1", "http://h:1/a/1"}};
    check_secret("1", mask_url, same, COUNT_OF(same));
    check_secret("/", mask_url, same, COUNT_OF(same));
}

static void shows_of_a_url_what_is_no_secret(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"", ""},
        {"https://h/e/s3cret/1?a=2", "https://h/e/******/1?a=2"},
        {"https://s3cret.example.com:1/?k=s3cret&b=2",
         "https://******.example.com:1/?k=******&b=2"},
    };
    check_secret("s3cret", mask_url, rows, COUNT_OF(rows));
    static const struct row scheme[] = {{"http://h/http", "http://h/****"}};
    check_secret("http", mask_url, scheme, COUNT_OF(scheme));
}

static void of_a_secret_that_is_a_url_the_host_is_shown(void **state)
{
    (void)state;
    static const struct row urls[] = {
        {"https://h.example.com/services/T0/abcdef0123456?sig=x%2Fyz&v=2",
         "https://h.example.com/*************************?sig=******&v=2"},
    };
    static const struct row texts[] = {
        {"h.example.com: no /services/T0/abcdef0123456",
         "h.example.com: no /*************************"},
        {"unknown abcdef0123456, sig x/yz", "unknown *************, sig ****"},
        {"services closed", "services closed"},
    };
    const char *secret = "https://h.example.com/services/T0/abcdef0123456?sig=x%2Fyz";
    check_secret(secret, mask_url, urls, COUNT_OF(urls));
    check_secret(secret, mask_text, texts, COUNT_OF(texts));
    static const struct row bare[] = {{"https://h:1/x", "https://h:1/x"}};
    check_secret("https://h:1", mask_url, bare, COUNT_OF(bare));
    check_secret("https://h:1/", mask_url, bare, COUNT_OF(bare));
}

static void hides_the_pieces_around_an_expression(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"https://h/piece-one/acme/piece-two?k=k3y3", "https://h/*********/acme/*********?k=****"}};
    check_secret("https://h/piece-one/{{ .tenant }}/piece-two?k=k3y3", mask_url, rows,
                 COUNT_OF(rows));
    static const struct row texts[] = {{"t0k-acme-t1k2 {{ x }}", "****acme***** {{ x }}"}};
    check_secret("t0k-{{ .tenant }}-t1k2", mask_text, texts, COUNT_OF(texts));
    static const struct row open[] = {{"ab{{cd", "******"}};
    check_secret("ab{{cd", mask_text, open, COUNT_OF(open));
}

static void hides_secrets_in_an_error(void **state)
{
    (void)state;
    const struct text_secret secret = {NULL, SLICE("s3cret")};
    struct mask *mask = mask_create(&(struct subscription){.secrets = &secret});
    struct error err;
    error_set(&err, ERROR_DNS, "Could not resolve host: s3cret.example.com");
    mask_error(mask, &err);
    assert_string_equal(err.text, "Could not resolve host: ******.example.com");
    error_set(&err, ERROR_DNS, "%s", "");
    mask_error(mask, &err);
    assert_string_equal(err.text, "");
    assert_int_equal(err.kind, ERROR_DNS);
    mask_destroy(mask);
    mask_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hides_a_secret_in_every_form_it_is_sent_in),
        cmocka_unit_test(hides_what_basic_is_sent_as_but_not_the_user),
        cmocka_unit_test(hides_a_signing_key_without_its_prefix_too),
        cmocka_unit_test(hides_several_secrets_each_in_its_forms),
        cmocka_unit_test(secrets_that_overlap_are_both_hidden),
        cmocka_unit_test(hides_a_secret_that_the_end_cuts_off),
        cmocka_unit_test(short_values_are_hidden_in_urls_alone),
        cmocka_unit_test(shows_of_a_url_what_is_no_secret),
        cmocka_unit_test(of_a_secret_that_is_a_url_the_host_is_shown),
        cmocka_unit_test(hides_the_pieces_around_an_expression),
        cmocka_unit_test(hides_secrets_in_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
