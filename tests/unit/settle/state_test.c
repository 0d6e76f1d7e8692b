#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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
     .span = {"orders", 3, 17, 42, 1763910245000},
     .instance = SLICE_INIT("host-7"),
     .unix_ms = 1763910245000},
    {.kind = STATE_PARKED,
     .subscription = SLICE_INIT("o"),
     .key = SLICE_INIT("k"),
     .span = {"orders", 3, SPAN_FROM_ALL, 42, 0}},
    {.kind = STATE_FAILED,
     .subscription = SLICE_INIT("o"),
     .key = SLICE_INIT(""),
     .span = {"orders", 0, 0, 0, 7},
     .unix_ms = 1763910245000},
    {.kind = STATE_REPLAYED,
     .subscription = SLICE_INIT("o"),
     .key = SLICE_INIT("k"),
     .span = {"orders", INT32_MAX, SPAN_FROM_ALL, INT64_MAX, 0},
     .unix_ms = 1763910245000},
};

static void assert_slice(struct slice got, struct slice wanted)
{
    assert_int_equal(got.data == NULL, wanted.data == NULL);
    assert_true(slice_equal(got, wanted));
}

static void assert_span(const struct span *got, const struct span *wanted)
{
    assert_int_equal(got->topic == NULL, wanted->topic == NULL);
    if (wanted->topic)
        assert_string_equal(got->topic, wanted->topic);
    assert_int_equal(got->partition, wanted->partition);
    assert_int_equal(got->from, wanted->from);
    assert_int_equal(got->last, wanted->last);
    assert_int_equal(got->replay, wanted->replay);
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
        assert_span(&got.span, &states[i].span);
        assert_true(state_read(&reader, buffer_slice(&key), SLICE_NONE, &got, &err));
        assert_int_equal(got.kind, STATE_FORGOTTEN);
        assert_slice(got.subscription, states[i].subscription);
        buffer_finish(&key);
        buffer_finish(&value);
    }
    state_reader_finish(&reader);
}

static void write_key(enum state_kind kind, const char *topic, int32_t partition,
                      struct buffer *key)
{
    struct buffer value = {0};
    const struct state one = {.kind = kind,
                              .subscription = SLICE("o"),
                              .key = SLICE("k"),
                              .span = {.topic = topic, .partition = partition}};
    state_write(&one, key, &value);
    buffer_finish(&value);
}

/* Two states of one thing have one key, so that compaction leaves the last of them; but what two
 * instances may know at once has two. */
static void has_one_key_for_what_follows_on_each_other(void **state)
{
    (void)state;
    static const struct {
        enum state_kind kinds[2];
        const char *topic;
        int32_t partition;
        bool same;
    } rows[] = {
        {{STATE_DISABLED, STATE_ENABLED}, "t", 0, true},
        {{STATE_FAILED, STATE_REPLAYED}, "t", 0, true},
        {{STATE_PARKED, STATE_FAILED}, "t", 0, false},
        {{STATE_PARKED, STATE_REPLAYED}, "t", 0, false},
        {{STATE_PARKED, STATE_PARKED}, "u", 0, false},
        {{STATE_PARKED, STATE_PARKED}, "t", 1, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buffer keys[2] = {0};
        write_key(rows[i].kinds[0], "t", 0, &keys[0]);
        write_key(rows[i].kinds[1], rows[i].topic, rows[i].partition, &keys[1]);
        assert_int_equal(slice_equal(buffer_slice(&keys[0]), buffer_slice(&keys[1])), rows[i].same);
        buffer_finish(&keys[0]);
        buffer_finish(&keys[1]);
    }
}

/* Whatever stands for the first event, if it is none all letters of the key are replayed. */
static void reads_what_older_versions_wrote(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        const char *value;
        enum state_kind kind;
        int64_t from;
        int64_t replay;
    } rows[] = {
        {"parked o aw==", "\"parked\"", STATE_PARKED, SPAN_FROM_ALL, 0},
        {"parked o aw==", "\"released\"", STATE_RELEASED, SPAN_FROM_ALL, 0},
        {"replayed o aw==", "\"replayed\"", STATE_REPLAYED, SPAN_FROM_ALL, 0},
        {"parked o aw== t 3", "\"parked\"", STATE_PARKED, SPAN_FROM_ALL, 0},
        {"parked o aw== t 3", "\"parked\",\"from\":9,\"replay\":5", STATE_PARKED, 9, 5},
        {"parked o aw== t 3", "\"parked\",\"from\":10", STATE_PARKED, 10, 0}, /* behind it */
        {"parked o aw== t 3", "\"parked\",\"from\":11", STATE_PARKED, SPAN_FROM_ALL, 0},
        {"parked o aw== t 3", "\"parked\",\"from\":-7", STATE_PARKED, SPAN_FROM_ALL, 0},
        {"parked o aw== t 3", "\"parked\",\"from\":\"4\",\"replay\":{}", STATE_PARKED,
         SPAN_FROM_ALL, 0},
    };
    struct state_reader reader = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct state got;
        char value[160];
        snprintf(value, sizeof value, "{\"topic\":\"t\",\"partition\":3,\"offset\":9,\"state\":%s}",
                 rows[i].value);
        assert_true(state_read(&reader, slice_of(rows[i].key), slice_of(value), &got, NULL));
        assert_int_equal(got.kind, rows[i].kind);
        assert_slice(got.key, SLICE("k"));
        assert_span(&got.span, &(struct span){"t", 3, rows[i].from, 9, rows[i].replay});
    }
    state_reader_finish(&reader);
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
        {SLICE_INIT("parked a aw== t"),
         SLICE_INIT("{\"state\":\"parked\",\"topic\":\"t\",\"partition\":0,\"offset\":0}")},
        {SLICE_INIT("parked a aw== t 1"),
         SLICE_INIT("{\"state\":\"parked\",\"topic\":\"t\",\"partition\":0,\"offset\":0}")},
        {SLICE_INIT("parked a aw== u 0"),
         SLICE_INIT("{\"state\":\"parked\",\"topic\":\"t\",\"partition\":0,\"offset\":0}")},
        {SLICE_INIT("parked a aw== t 0 x"),
         SLICE_INIT("{\"state\":\"parked\",\"topic\":\"t\",\"partition\":0,\"offset\":0}")},
        {SLICE_INIT("parked a aw=="),
         SLICE_INIT("{\"state\":\"parked\",\"topic\":\"t\\u0000\",\"partition\":0,\"offset\":0}")},
        {SLICE_INIT("parked a aw=="),
         SLICE_INIT("{\"state\":\"parked\",\"topic\":\"a t\",\"partition\":0,\"offset\":0}")},
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
        cmocka_unit_test(reads_what_older_versions_wrote),
        cmocka_unit_test(refuses_what_is_none_of_these),
        cmocka_unit_test(a_digest_tells_urls_apart_and_nothing_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
