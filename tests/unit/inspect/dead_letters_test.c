#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "inspect/dead_letters.h"

static const struct dead_letter sample = {
    .partition = 3,
    .place = 17,
    .letter =
        {
            .id = SLICE_INIT("orders-0-42"),
            .subscription = SLICE_INIT("dash"),
            .reason = SLICE_INIT("status"),
            .failed_unix_ms = 1000,
        },
};

static void a_position_is_two_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is;
    } rows[] = {{"0:0", true},
                {"3:17", true},
                {"2147483647:9223372036854775807", true},
                {"2147483648:0", false},
                {"0:9223372036854775808", false},
                {"3", false},
                {":", false},
                {"3:", false},
                {":17", false},
                {"3:17:1", false},
                {"-3:17", false},
                {"orders-0-42", false},
                {"", false}};
    int32_t partition = 0;
    int64_t place = 0;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(letter_position(slice_of(rows[i].text), &partition, &place), rows[i].is);
    assert_true(letter_position(SLICE("3:17"), &partition, &place));
    assert_int_equal(partition, 3);
    assert_int_equal(place, 17);
}

static void wants_what_nothing_excludes(void **state)
{
    (void)state;
    static const char *const by_id[] = {"orders-0-1", "orders-0-42"};
    static const char *const by_position[] = {"3:17"};
    static const char *const others[] = {"3:18", "orders-0-4"};
    const struct slice none = SLICE_NONE;
    const int64_t any = LETTERS_ANY_TIME;
    const struct {
        struct letters_wanted wanted;
        enum letters_bar bar;
    } rows[] = {
        {{none, none, any, any, NULL, 0, 0}, LETTERS_NO_BAR},
        {{SLICE("dash"), SLICE("status"), 1000, 1001, by_id, 2, 0}, LETTERS_NO_BAR},
        {{none, none, any, any, by_position, 1, 0}, LETTERS_NO_BAR},
        {{none, none, any, any, others, 2, 0}, LETTERS_NOT_NAMED},
        {{SLICE("das"), none, any, any, NULL, 0, 0}, LETTERS_SUBSCRIPTION},
        {{none, SLICE("timeout"), any, any, NULL, 0, 0}, LETTERS_REASON},
        {{none, none, 1001, any, NULL, 0, 0}, LETTERS_SINCE},
        {{none, none, any, 1000, NULL, 0, 0}, LETTERS_UNTIL},
        {{SLICE("crm"), none, any, any, by_id, 2, 0}, LETTERS_SUBSCRIPTION},
        {{SLICE("crm"), SLICE("timeout"), 1001, 1000, others, 2, 0}, LETTERS_NOT_NAMED},
        {{none, SLICE("timeout"), 1001, any, by_position, 1, 0}, LETTERS_REASON},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(letters_bar(&rows[i].wanted, &sample), rows[i].bar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_position_is_two_numbers),
        cmocka_unit_test(wants_what_nothing_excludes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
