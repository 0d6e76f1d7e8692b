#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "match/match.h"

#define TEXT(data_)                                                                                \
    {                                                                                              \
        .data = (data_), .size = sizeof(data_) - 1, .at = { "orders.yaml", 12, 5 }                 \
    }

static struct matcher *create(const struct subscription *sub)
{
    struct problems problems = {0};
    struct matcher *matcher = matcher_create(sub, &problems);
    assert_non_null(matcher);
    assert_int_equal(problems.count, 0);
    return matcher;
}

static void wants_the_topics_it_names(void **state)
{
    (void)state;
    struct text topics[] = {TEXT("orders"), TEXT("^payments\\..*"), TEXT("^(a|b){2}$")};
    const struct subscription sub = {.topics = {topics, COUNT_OF(topics)}};
    struct matcher *matcher = create(&sub);
    static const char *const wanted[] = {"orders", "payments.eu", "payments.", "ab"};
    static const char *const others[] = {"orders2",        "order",  "xorders", "payments",
                                         "my.payments.eu", "Orders", "abc",     ""};
    for (size_t i = 0; i < COUNT_OF(wanted); i++)
        assert_true(matcher_wants_topic(matcher, wanted[i]));
    for (size_t i = 0; i < COUNT_OF(others); i++)
        assert_false(matcher_wants_topic(matcher, others[i]));
    matcher_destroy(matcher);
}

/* config/ has reported it, with what is wrong. */
static void is_none_where_an_expression_is_none(void **state)
{
    (void)state;
    struct text topics[] = {TEXT("^fine"), TEXT("^(")};
    const struct subscription sub = {.topics = {topics, COUNT_OF(topics)}};
    struct problems problems = {0};
    assert_null(matcher_create(&sub, &problems));
}

static bool wants(const struct subscription *sub, enum event_form form, const char *type,
                  const char *why_not)
{
    struct matcher *matcher = create(sub);
    const struct event ev = {.form = form, .type = slice_of(type)};
    struct buffer why = {0};
    bool wanted = matcher_wants(matcher, &ev, &why);
    assert_int_equal(wanted, matcher_wants(matcher, &ev, NULL));
    assert_string_equal(buffer_text(&why), why_not);
    buffer_finish(&why);
    matcher_destroy(matcher);
    return wanted;
}

static void wants_every_type_where_none_is_named(void **state)
{
    (void)state;
    const struct subscription sub = {0};
    assert_true(wants(&sub, EVENT_JSON, "anything", ""));
    assert_true(wants(&sub, EVENT_JSON, "", ""));
}

static void wants_the_types_it_names_and_says_which_line_says_no(void **state)
{
    (void)state;
    struct text events[] = {TEXT("order.created"), TEXT("payment.*"), TEXT("*.urgent")};
    const struct subscription sub = {.events = {events, COUNT_OF(events)}};
    assert_true(wants(&sub, EVENT_JSON, "order.created", ""));
    assert_true(wants(&sub, EVENT_JSON, "payment.", ""));
    assert_true(wants(&sub, EVENT_JSON, "very.urgent", ""));
    assert_false(wants(&sub, EVENT_JSON, "order.deleted",
                       "orders.yaml:12:5: events: \"order.deleted\" is not order.created, "
                       "payment.* or *.urgent"));
}

static void skips_tombstones_unless_they_are_asked_for(void **state)
{
    (void)state;
    struct subscription sub = {.at = {"orders.yaml", 3, 4}};
    assert_false(wants(&sub, EVENT_NULL, "orders",
                       "orders.yaml:3:4: tombstones: skip, and the event is one"));
    sub.deliver_tombstones = true;
    assert_true(wants(&sub, EVENT_NULL, "orders", ""));
    struct text events[] = {TEXT("order.created")};
    sub.events = (struct texts){events, 1};
    assert_false(wants(&sub, EVENT_NULL, "orders",
                       "orders.yaml:12:5: events: \"orders\" is not order.created"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wants_the_topics_it_names),
        cmocka_unit_test(is_none_where_an_expression_is_none),
        cmocka_unit_test(wants_every_type_where_none_is_named),
        cmocka_unit_test(wants_the_types_it_names_and_says_which_line_says_no),
        cmocka_unit_test(skips_tombstones_unless_they_are_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
