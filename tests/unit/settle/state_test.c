#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "settle/state.h"

static const struct state states[] = {
    {.kind = STATE_DISABLED,
     .subscription = SLICE_INIT("orders-to-crm"),
     .reason = SLICE_INIT("410"),
     .url = SLICE_INIT("00ff"),
     .instance = SLICE_INIT("host-7"),
     .unix_ms = 1763910245123},
    {.kind = STATE_ENABLED, .subscription = SLICE_INIT("orders-to-crm"), .unix_ms = 1},
    {.kind = STATE_PARKED,
     .subscription = SLICE_INIT("o"),
     .key = SLICE_INIT("a \"key\"\n\0\xff"),
     .position = {SLICE_INIT("orders"), 3, 42},
     .instance = SLICE_INIT("host-7"),
     .unix_ms = 1763910245000},
    {.kind = STATE_RELEASED,
     .subscription = SLICE_INIT("o"),
     .key = SLICE_INIT(""),
     .position = {SLICE_INIT("orders"), 0, 0},
     .unix_ms = 1763910245000},
    {.kind = STATE_REPLAYED,
     .subscription = SLICE_INIT("o"),
     .key = SLICE_INIT("k"),
     .position = {SLICE_INIT("orders"), INT32_MAX, INT64_MAX},
     .unix_ms = 1763910245000},
};

static void assert_slice(struct slice got, struct slice wanted)
{
    assert_int_equal(got.data == NULL, wanted.data == NULL);
    assert_true(slice_equal(got, wanted));
}

static void comes_out_as_it_went_in(void **state)
{
    (void)state;
    struct state_reader reader = {0};
    for (size_t i = 0; i < COUNT_OF(states); i++) {
        struct buffer key = {0};
        struct buffer value = {0};
        struct state got;
        struct error err = {0};
        state_write(&states[i], &key, &value);
        assert_true(state_read(&reader, buffer_slice(&key), buffer_slice(&value), &got, &err));
        assert_int_equal(got.kind, states[i].kind);
        assert_slice(got.subscription, states[i].subscription);
        assert_slice(got.reason, states[i].reason);
        assert_slice(got.url, states[i].url);
        assert_slice(got.key, states[i].key);
        assert_slice(got.instance, states[i].instance);
        assert_int_equal(got.unix_ms, states[i].unix_ms);
        assert_true(state_same_position(&got.position, &states[i].position));
        assert_true(state_read(&reader, buffer_slice(&key), SLICE_NONE, &got, &err));
        assert_int_equal(got.kind, STATE_FORGOTTEN);
        assert_slice(got.subscription, states[i].subscription);
        buffer_finish(&key);
        buffer_finish(&value);
    }
    state_reader_finish(&reader);
}

/* Two states of one thing have one key, so that compaction leaves the last of them. */
static void has_one_key_for_what_follows_on_each_other(void **state)
{
    (void)state;
    static const enum state_kind pairs[][2] = {{STATE_DISABLED, STATE_ENABLED},
                                               {STATE_PARKED, STATE_RELEASED}};
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        struct buffer keys[2] = {0};
        struct buffer value = {0};
        for (size_t j = 0; j < 2; j++) {
            struct state one = states[2];
            one.kind = pairs[i][j];
            state_write(&one, &keys[j], &value);
        }
        assert_true(slice_equal(buffer_slice(&keys[0]), buffer_slice(&keys[1])));
        buffer_finish(&keys[0]);
        buffer_finish(&keys[1]);
        buffer_finish(&value);
    }
}

static void refuses_what_is_none_of_these(void **state)
{
    (void)state;
    static const struct {
        struct slice key;
        struct slice value;
    } rows[] = {
        {{NULL, 0}, SLICE_INIT("{}")},
        {SLICE_INIT(""), SLICE_INIT("{}")},
        {SLICE_INIT("disabled"), SLICE_INIT("{\"state\":\"disabled\"}")},
        {SLICE_INIT("disabled a b"), SLICE_INIT("{\"state\":\"disabled\"}")},
        {SLICE_INIT("disabled a"), SLICE_INIT("{\"state\":\"parked\"}")},
        {SLICE_INIT("disabled a"), SLICE_INIT("{\"state\":7}")},
        {SLICE_INIT("disabled a"), SLICE_INIT("\"disabled\"")},
        {SLICE_INIT("disabled a"), SLICE_INIT("{")},
        {SLICE_INIT("disabled a"), SLICE_INIT("")},
        {SLICE_INIT("parked a !"),
         SLICE_INIT("{\"state\":\"parked\",\"topic\":\"t\",\"partition\":0,"
                    "\"offset\":0}")},
        {SLICE_INIT("parked a aw== b"),
         SLICE_INIT("{\"state\":\"parked\",\"topic\":\"t\",\"partition\":0,\"offset\":0}")},
        {SLICE_INIT("parked a aw=="), SLICE_INIT("{\"state\":\"parked\"}")},
        {SLICE_INIT("parked a aw=="),
         SLICE_INIT("{\"state\":\"parked\",\"topic\":\"\",\"partition\":0,\"offset\":0}")},
        {SLICE_INIT("parked a aw=="),
         SLICE_INIT("{\"state\":\"parked\",\"topic\":\"t\",\"partition\":-1,\"offset\":0}")},
        {SLICE_INIT("parked a aw=="),
         SLICE_INIT(
             "{\"state\":\"parked\",\"topic\":\"t\",\"partition\":2147483648,\"offset\":0}")},
        {SLICE_INIT("parked a aw=="),
         SLICE_INIT("{\"state\":\"parked\",\"topic\":\"t\",\"partition\":0,\"offset\":\"0\"}")},
        {SLICE_INIT("replayed a aw=="),
         SLICE_INIT("{\"state\":\"parked\",\"topic\":\"t\",\"partition\":0,\"offset\":0}")},
        {SLICE_INIT("something a aw=="), {NULL, 0}},
    };
    struct state_reader reader = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct state got;
        struct error err = {0};
        assert_false(state_read(&reader, rows[i].key, rows[i].value, &got, &err));
        assert_int_equal(err.kind, ERROR_DECODE);
    }
    state_reader_finish(&reader);
}

static void a_digest_tells_urls_apart_and_nothing_more(void **state)
{
    (void)state;
    char digest[STATE_DIGEST_BYTES];
    char other[STATE_DIGEST_BYTES];
    state_digest(SLICE("abc"), digest);
    assert_string_equal(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    state_digest(SLICE("abd"), other);
    assert_string_not_equal(digest, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_out_as_it_went_in),
        cmocka_unit_test(has_one_key_for_what_follows_on_each_other),
        cmocka_unit_test(refuses_what_is_none_of_these),
        cmocka_unit_test(a_digest_tells_urls_apart_and_nothing_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
