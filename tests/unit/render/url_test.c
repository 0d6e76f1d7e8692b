#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "render/url.h"

static void accepts_urls_whose_host_is_constant(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        size_t authority_bytes;
        bool has_query;
        bool takes_item;
    } rows[] = {
        {"http://h", 8, false, false},
        {"HTTPS://h.example.com:8443/x", 26, false, false},
        {"http://127.0.0.1:8080/", 21, false, false},
        {"http://[::1]:80/x", 15, false, false},
        {"http://h?a=b", 8, true, false},
        {"http://h/{{ .a }}", 8, false, false},
        {"http://h/a/{{ .a }}/b?x={{ .b }}&y=1", 8, true, false},
        {"http://h/?", 8, true, true},
        {"http://h/?a=b&", 8, true, true},
        {"http://h/%2F-._~!$&'()*+,;=:@", 8, false, false},
        {"http://h/...", 8, false, false},
        {"http://h/.well-known/a..b?..", 8, true, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct problems problems = {0};
        struct url_shape shape;
        struct text text = {.data = rows[i].url, .size = strlen(rows[i].url)};
        if (!url_check(&text, &shape, &problems))
            fail_msg("%s: %s", rows[i].url, problems.items[0].message);
        assert_int_equal(shape.authority_bytes, rows[i].authority_bytes);
        assert_int_equal(shape.has_query, rows[i].has_query);
        assert_int_equal(shape.takes_item, rows[i].takes_item);
    }
}

static void refuses_what_a_value_could_lead_astray(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        const char *problem;
    } rows[] = {
        {"{{ .url }}", "url: it must begin with http:// or https://"},
        {"ftp://h/", "url: it must begin with http:// or https://"},
        {"https://{{ .host }}/",
         "url: an expression can't choose scheme, host or port; it may stand behind them"},
        {"https://h{{ .path }}",
         "url: an expression can't choose scheme, host or port; it may stand behind them"},
        {"https://h:{{ .port }}/",
         "url: an expression can't choose scheme, host or port; it may stand behind them"},
        {"https://u:p@h/",
         "url: a user and password don't belong in the URL, but under auth: basic"},
        {"https:///x", "url: the host is missing"},
        {"https://:80/x", "url: the host is missing"},
        {"https://[::1/x", "url: the host is missing"},
        {"https://h:0/", "url: the port must be 1 to 65535"},
        {"https://h:/", "url: the port must be 1 to 65535"},
        {"https://h:65536/", "url: the port must be 1 to 65535"},
        {"https://h:99999999999999999999/", "url: the port must be 1 to 65535"},
        {"https://h:8x/", "url: the port must be 1 to 65535"},
        {"https://h\xC3\xA9/",
         "url: a host has letters, digits, '-' and '.'; one in another script is written xn--…"},
        {"https://h\\x/",
         "url: a host has letters, digits, '-' and '.'; one in another script is written xn--…"},
        {"https://h/#top", "url: a fragment (#…) is never sent"},
        {"https://h/%zz", "url: a % needs two hexadecimal digits behind it"},
        {"https://h/%4", "url: a % needs two hexadecimal digits behind it"},
        {"https://h/%{{ .a }}", "url: a % needs two hexadecimal digits behind it"},
        {"https://h/a b", "url: a character that must be percent-encoded"},
        {"https://h/\xC3\xA9", "url: a character that must be percent-encoded"},
        {"https://h/a\\b", "url: a character that must be percent-encoded"},
        {"https://h/{a}", "url: a character that must be percent-encoded"},
        {"https://h/../a", "url: a segment of the path can't be . or .."},
        {"https://h/a/.", "url: a segment of the path can't be . or .."},
        {"https://h/a/%2e%2E/b", "url: a segment of the path can't be . or .."},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct problems problems = {0};
        struct url_shape shape;
        struct text text = {.data = rows[i].url, .size = strlen(rows[i].url)};
        if (url_check(&text, &shape, &problems))
            fail_msg("%s", rows[i].url);
        assert_string_equal(problems.items[0].message, rows[i].problem);
        problems_finish(&problems);
    }
}

static void sees_a_path_that_climbs(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool climbs;
    } rows[] = {
        {"http://h", false},       {"http://h/", false},      {"http://h//", false},
        {"http://h/.", true},      {"http://h/..", true},     {"http://h/../", true},
        {"http://h/a/..", true},   {"http://h/a/../b", true}, {"http://h/a/..?x", true},
        {"http://h/...", false},   {"http://h/.a/b.", false}, {"http://h/?/../", false},
        {"http://h/%2e", true},    {"http://h/.%2E/b", true}, {"http://h/%2e%2e", true},
        {"http://h/%2e%2", false}, {"http://h/..%2F", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (url_climbs(slice_of(rows[i].url), 8) != rows[i].climbs)
            fail_msg("%s", rows[i].url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_urls_whose_host_is_constant),
        cmocka_unit_test(refuses_what_a_value_could_lead_astray),
        cmocka_unit_test(sees_a_path_that_climbs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
