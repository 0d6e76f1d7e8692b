#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "inspect/parkings.h"

static void take(struct parkings *parkings, enum state_kind kind, const char *key, int64_t from,
                 int64_t last, int64_t replay)
{
    const struct state state = {
        .kind = kind,
        .subscription = SLICE("s"),
        .key = {key, 1},
        .span = {"orders", 0, from, last, replay},
        .unix_ms = last * 10,
    };
    assert_true(parkings_take(parkings, &state));
}

static struct parked_key *find(const struct parkings *parkings, const char *key)
{
    return parkings_find(parkings, SLICE("s"), (struct slice){key, 1});
}

static bool wants(const struct parked_key *parked, const char *topic, int64_t offset)
{
    const struct letter letter = {.topic = slice_of(topic), .offset = offset};
    return parkings_want(parked, &letter);
}

static void a_key_is_parked_for_what_is_behind_its_last_replay(void **state)
{
    (void)state;
    struct parkings parkings;
    parkings_init(&parkings);
    take(&parkings, STATE_PARKED, "k", 3, 9, 0);
    struct parked_key *parked = find(&parkings, "k");
    assert_non_null(parked);
    assert_true(slice_is(parked->subscription, "s"));
    assert_true(slice_is(parked->key, "k"));
    assert_int_equal(parked->said_unix_ms, 90);
    assert_false(wants(parked, "orders", 2));
    assert_true(wants(parked, "orders", 3));
    assert_true(wants(parked, "orders", 10)); /* its state is not stored yet */
    assert_false(wants(parked, "news", 3));

    take(&parkings, STATE_FAILED, "k", 5, 9, 7);
    assert_false(wants(parked, "orders", 4));
    assert_true(wants(parked, "orders", 5));
    take(&parkings, STATE_REPLAYED, "k", SPAN_FROM_ALL, 8, 0);
    assert_false(wants(parked, "orders", 8));
    assert_true(wants(parked, "orders", 9));
    take(&parkings, STATE_REPLAYED, "k", SPAN_FROM_ALL, 9, 0);
    assert_null(find(&parkings, "k"));
    parkings_finish(&parkings);
}

static void of_what_an_older_version_parked_all_is_wanted(void **state)
{
    (void)state;
    struct parkings parkings;
    parkings_init(&parkings);
    take(&parkings, STATE_PARKED, "k", SPAN_FROM_ALL, 9, 0);
    assert_true(wants(find(&parkings, "k"), "orders", 0));
    assert_true(wants(find(&parkings, "k"), "news", 0));
    take(&parkings, STATE_RELEASED, "k", SPAN_FROM_ALL, 9, 0);
    assert_null(find(&parkings, "k"));
    parkings_finish(&parkings);
}

static void keys_are_bytes_of_any_kind(void **state)
{
    (void)state;
    struct parkings parkings;
    size_t count = 0;
    parkings_init(&parkings);
    take(&parkings, STATE_PARKED, "\0", 1, 1, 0);
    take(&parkings, STATE_PARKED, " ", 2, 2, 0);
    take(&parkings, STATE_PARKED, "\xff", 3, 3, 0);
    take(&parkings, STATE_REPLAYED, "x", 0, 9, 0);
    assert_true(wants(find(&parkings, "\0"), "orders", 1));
    assert_false(wants(find(&parkings, " "), "orders", 1));
    assert_null(parkings_find(&parkings, SLICE("other"), SLICE(" ")));
    assert_null(parkings_find(&parkings, SLICE("s"), SLICE("")));
    const struct parked_key *parked = parkings_first(&parkings);
    for (; parked; parked = parkings_next(&parkings, parked))
        count++;
    assert_int_equal(count, 3);
    parkings_finish(&parkings);
}

static void what_is_of_no_key_is_passed_over(void **state)
{
    (void)state;
    struct parkings parkings;
    parkings_init(&parkings);
    const struct state others[] = {
        {.kind = STATE_DISABLED, .subscription = SLICE("s")},
        {.kind = STATE_FORGOTTEN, .subscription = SLICE("s"), .key = SLICE("k")},
    };
    take(&parkings, STATE_PARKED, "k", 1, 1, 0);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        assert_true(parkings_take(&parkings, &others[i]));
    assert_non_null(find(&parkings, "k"));
    parkings_finish(&parkings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_parked_for_what_is_behind_its_last_replay),
        cmocka_unit_test(of_what_an_older_version_parked_all_is_wanted),
        cmocka_unit_test(keys_are_bytes_of_any_kind),
        cmocka_unit_test(what_is_of_no_key_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
