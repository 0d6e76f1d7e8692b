#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/clock.h"
#include "inspect/parked.h"

/* "key topic-offset", and when it failed; its place is its position in the array. */
struct sample {
    const char *key;
    const char *topic;
    int64_t offset;
    int64_t failed_unix_ms;
};

static void add(struct parked_letters *parked, const struct sample *sample, int64_t place)
{
    char offset[24];
    char failed_at[CLOCK_ISO_SIZE];
    snprintf(offset, sizeof offset, "%lld", (long long)sample->offset);
    clock_iso(sample->failed_unix_ms, failed_at);
    const struct record_header headers[] = {
        {SLICE("grapnel-id"), SLICE("i")},
        {SLICE("grapnel-subscription"), SLICE("s")},
        {SLICE("grapnel-reason"), SLICE("parked")},
        {SLICE("grapnel-error"), SLICE("")},
        {SLICE("grapnel-attempts"), SLICE("0")},
        {SLICE("grapnel-source-topic"), slice_of(sample->topic)},
        {SLICE("grapnel-source-partition"), SLICE("0")},
        {SLICE("grapnel-source-offset"), slice_of(offset)},
        {SLICE("grapnel-failed-at"), slice_of(failed_at)},
    };
    struct dead_letter letter = {.place = place,
                                 .key = slice_of(sample->key),
                                 .headers = headers,
                                 .header_count = COUNT_OF(headers)};
    assert_true(letter_read(headers, COUNT_OF(headers), &letter.letter, NULL));
    assert_true(parked_add(parked, &letter));
}

static void assert_sorted(const struct sample *samples, size_t count, const char *wanted)
{
    struct parked_letters parked = {0};
    char got[256] = "";
    for (size_t i = 0; i < count; i++)
        add(&parked, &samples[i], (int64_t)i);
    parked_sort(&parked);
    for (size_t i = 0; i < parked.count; i++) {
        const struct dead_letter *letter = &parked.items[i].copy.letter;
        size_t length = strlen(got);
        snprintf(got + length, sizeof got - length, "%.*s:%.*s%lld@%lld%s ",
                 SLICE_ARGS(letter->key), SLICE_ARGS(letter->letter.topic),
                 (long long)letter->letter.offset, (long long)letter->place,
                 parked.items[i].last ? "." : "");
    }
    assert_string_equal(got, wanted);
    parked_finish(&parked);
}

static void each_event_comes_once_in_the_order_published(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"b", "t", 4, 1}, {"a", "t", 10, 1}, {"a", "t", 2, 1}, {"a", "t", 9, 1},
        {"b", "t", 3, 1}, {"a", "t", 2, 2},  {"", "t", 5, 1},
    };
    assert_sorted(samples, COUNT_OF(samples), ":t5@6. a:t2@5 a:t9@3 a:t10@1. b:t3@4 b:t4@0. ");
}

static void the_partition_that_failed_first_goes_first(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"k", "b", 7, 1000},
        {"k", "a", 4, 2000},
        {"k", "b", 8, 3000},
        {"k", "a", 5, 4000},
    };
    assert_sorted(samples, COUNT_OF(samples), "k:b7@0 k:a4@1 k:b8@2. k:a5@3. ");
}

/* That it has failed again since makes it no later; and a clock that steps back none earlier. */
static void the_order_of_a_partition_is_that_of_its_offsets(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"k", "b", 7, 1000}, {"k", "a", 4, 5000}, {"k", "a", 5, 2000},
        {"k", "b", 8, 3000}, {"k", "b", 7, 9000},
    };
    assert_sorted(samples, COUNT_OF(samples), "k:b7@4 k:b8@3. k:a4@1 k:a5@2. ");
}

static void nothing_is_sorted_too(void **state)
{
    (void)state;
    assert_sorted(NULL, 0, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_comes_once_in_the_order_published),
        cmocka_unit_test(the_partition_that_failed_first_goes_first),
        cmocka_unit_test(the_order_of_a_partition_is_that_of_its_offsets),
        cmocka_unit_test(nothing_is_sorted_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
