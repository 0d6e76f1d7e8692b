#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "match/index.h"

#define SUBS 300

/* Subscriptions with topics and event patterns of all sorts, made of a few letters. */
struct fixture {
    struct subscription subs[SUBS];
    struct matcher *matchers[SUBS];
    struct index_entry entries[SUBS];
    struct text texts[SUBS][6];
    char bytes[SUBS][6][16];
    uint32_t random;
};

static unsigned pick(struct fixture *fixture, unsigned below)
{
    fixture->random = fixture->random * 1664525u + 1013904223u;
    return (fixture->random >> 16) % below;
}

static struct text make_text(struct fixture *fixture, char *bytes, const char *letters)
{
    size_t size = 1 + pick(fixture, 5);
    for (size_t i = 0; i < size; i++)
        bytes[i] = letters[pick(fixture, (unsigned)strlen(letters))];
    bytes[size] = '\0';
    return (struct text){.data = bytes, .size = size};
}

static void make(struct fixture *fixture, size_t i)
{
    static const char *const topics[] = {"orders", "payments", "^o", "^.*s$"};
    struct subscription *sub = &fixture->subs[i];
    struct text *texts = fixture->texts[i];
    texts[0] = (struct text){.data = topics[pick(fixture, COUNT_OF(topics))]};
    size_t events = pick(fixture, 4);
    for (size_t e = 0; e < events; e++)
        texts[1 + e] = make_text(fixture, fixture->bytes[i][e], "ab.*");
    *sub = (struct subscription){
        .topics = {texts, 1},
        .events = {texts + 1, events},
        .format = pick(fixture, 3) ? FORMAT_AUTO : FORMAT_TEXT,
    };
    struct problems problems = {0};
    fixture->matchers[i] = matcher_create(sub, &problems);
    assert_non_null(fixture->matchers[i]);
    fixture->entries[i] = (struct index_entry){fixture->matchers[i], sub, (unsigned)(1000 + i)};
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->random = 7;
    for (size_t i = 0; i < SUBS; i++)
        make(fixture, i);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < SUBS; i++)
        matcher_destroy(fixture->matchers[i]);
    free(fixture);
    return 0;
}

static bool is_among(const unsigned *numbers, size_t count, unsigned number)
{
    size_t times = 0;
    for (size_t i = 0; i < count; i++)
        times += numbers[i] == number;
    assert_true(times <= 1);
    return times == 1;
}

/* What the index finds is what asking each of them finds. */
static void finds_whom_each_matcher_would_have_found(void **state)
{
    struct fixture *fixture = *state;
    struct index *index = index_create(fixture->entries, SUBS);
    static const char *const topics[] = {"orders", "payments", "o", "other"};
    size_t found_in_all = 0;
    for (size_t round = 0; round < 2000; round++) {
        char bytes[16];
        const char *topic = topics[pick(fixture, COUNT_OF(topics))];
        struct text type = make_text(fixture, bytes, "ab.");
        enum format format = pick(fixture, 2) ? FORMAT_AUTO : FORMAT_TEXT;
        const unsigned *numbers = NULL;
        size_t count =
            index_find(index, index_topic(index, topic), format, text_slice(&type), &numbers);
        found_in_all += count;
        for (size_t i = 0; i < SUBS; i++) {
            const struct event ev = {.form = EVENT_TEXT, .type = text_slice(&type)};
            bool wants = fixture->subs[i].format == format &&
                         matcher_wants_topic(fixture->matchers[i], topic) &&
                         matcher_wants(fixture->matchers[i], &ev, NULL);
            assert_int_equal(is_among(numbers, count, (unsigned)(1000 + i)), wants);
        }
    }
    assert_true(found_in_all > 1000);
    index_destroy(index);
}

/* The type of a record that can't be decoded is not known. */
static void finds_all_of_the_topic_where_the_type_is_not_known(void **state)
{
    struct fixture *fixture = *state;
    struct index *index = index_create(fixture->entries, SUBS);
    const struct index_topic *topic = index_topic(index, "orders");
    const unsigned *numbers = NULL;
    size_t count = index_find(index, topic, FORMAT_AUTO, SLICE_NONE, &numbers);
    assert_int_equal(count, index_count(topic, FORMAT_AUTO));
    for (size_t i = 0; i < SUBS; i++)
        assert_int_equal(is_among(numbers, count, (unsigned)(1000 + i)),
                         fixture->subs[i].format == FORMAT_AUTO &&
                             matcher_wants_topic(fixture->matchers[i], "orders"));
    index_destroy(index);
}

static void an_empty_index_finds_nobody(void **state)
{
    (void)state;
    struct index *index = index_create(NULL, 0);
    const unsigned *numbers = NULL;
    const struct index_topic *topic = index_topic(index, "orders");
    assert_int_equal(index_count(topic, FORMAT_JSON), 0);
    assert_int_equal(index_find(index, topic, FORMAT_JSON, SLICE("a"), &numbers), 0);
    index_destroy(index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_whom_each_matcher_would_have_found, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(finds_all_of_the_topic_where_the_type_is_not_known, set_up,
                                        tear_down),
        cmocka_unit_test(an_empty_index_finds_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
