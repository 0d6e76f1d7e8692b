#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "commit/metadata.h"

static size_t take(struct ledger *ledger, int64_t offset)
{
    size_t place = 0;
    assert_true(ledger_take(ledger, offset, &place));
    return place;
}

static void restart(const struct ledger *ledger, struct ledger *next)
{
    char text[METADATA_BYTES + 1];
    struct error err = {0};
    assert_true(metadata_write(ledger, text));
    assert_true(strlen(text) <= METADATA_BYTES);
    *next = (struct ledger){0};
    if (!metadata_read(slice_of(text), ledger_position(ledger), next, &err))
        fail_msg("%s", err.text);
}

static void says_nothing_where_nothing_above_the_position_is_finished(void **state)
{
    (void)state;
    char text[METADATA_BYTES + 1];
    struct ledger ledger = {0};
    assert_true(metadata_write(&ledger, text));
    assert_string_equal(text, "");
    size_t a = take(&ledger, 5);
    take(&ledger, 6);
    assert_true(metadata_write(&ledger, text));
    assert_string_equal(text, "");
    ledger_finish(&ledger, a);
    assert_true(metadata_write(&ledger, text));
    assert_string_equal(text, "");
    ledger_close(&ledger);
}

static void remembers_what_finished_out_of_order(void **state)
{
    (void)state;
    struct ledger ledger = {0};
    size_t places[10];
    for (int i = 0; i < 10; i++)
        places[i] = take(&ledger, 100 + i);
    ledger_finish(&ledger, places[0]);
    ledger_finish(&ledger, places[3]);
    ledger_finish(&ledger, places[4]);
    ledger_finish(&ledger, places[9]);
    struct ledger next;
    restart(&ledger, &next);
    static const bool known[] = {false, false, true, true, false, false, false, false, true, false};
    for (int i = 0; i < 10; i++)
        assert_int_equal(ledger_knows(&next, 101 + i), known[i]);
    assert_int_equal(ledger_position(&next), 101);
    ledger_close(&ledger);
    ledger_close(&next);
}

static void keeps_what_it_knew_of_offsets_not_seen_again_yet(void **state)
{
    (void)state;
    struct ledger first = {0};
    size_t places[50];
    for (int i = 0; i < 50; i++)
        places[i] = take(&first, i);
    for (int i = 20; i < 40; i++)
        ledger_finish(&first, places[i]);
    struct ledger second;
    restart(&first, &second);
    assert_false(ledger_knows(&second, 0));
    size_t a = take(&second, 0);
    ledger_finish(&second, a);
    struct ledger third;
    restart(&second, &third);
    assert_int_equal(ledger_position(&third), 1);
    for (int i = 1; i < 50; i++)
        assert_int_equal(ledger_knows(&third, i), i >= 20 && i < 40);
    ledger_close(&first);
    ledger_close(&second);
    ledger_close(&third);
}

static void takes_the_shorter_form(void **state)
{
    (void)state;
    char text[METADATA_BYTES + 1];
    struct ledger ledger = {0};
    take(&ledger, 0);
    for (int i = 1; i < 50000; i++)
        ledger_finish(&ledger, take(&ledger, i));
    assert_true(metadata_write(&ledger, text));
    assert_true(strncmp(text, "g1:0:r:", 7) == 0);
    assert_true(strlen(text) < 20);
    struct ledger chequered = {0};
    for (int i = 0; i < 20000; i++) {
        size_t place = take(&chequered, i);
        if (i % 2)
            ledger_finish(&chequered, place);
    }
    assert_true(metadata_write(&chequered, text));
    assert_true(strncmp(text, "g1:0:b:", 7) == 0);
    ledger_close(&ledger);
    ledger_close(&chequered);
}

static void refuses_what_is_not_its_own(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "x",
        "g1:",
        "g1:7:r:",
        "g2:5:r:AQE=",
        "g1:6:r:AQE=",
        "g1:5:x:AQE=",
        "g1:5:r:AQ",
        "g1:5:r:AQ==",
        "g1:5:r:gICAgICAgICAgIA=",
        "g1:5:r:AQA=",
        "g1:5:r://///////////////////w==",
        "{\"offset\": 3}",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct ledger ledger = {0};
        struct error err = {0};
        if (metadata_read(slice_of(texts[i]), 5, &ledger, &err))
            fail_msg("%s", texts[i]);
        assert_int_equal(ledger_position(&ledger), 5);
        assert_false(ledger_knows(&ledger, 6));
        ledger_close(&ledger);
    }
}

/* Against a plain model: random finishing with gaps and restarts in between. Nothing that finished
 * is forgotten, nothing is invented, and it always fits. */
#define SPAN 60000

struct world {
    struct ledger ledger;
    size_t places[SPAN];
    unsigned char exists[SPAN];
    unsigned char taken[SPAN];
    unsigned char finished[SPAN];
    int64_t next;
};

static void read_on(struct world *world, int count)
{
    for (; count > 0 && world->next < SPAN; world->next++) {
        int64_t offset = world->next;
        if (!world->exists[offset])
            continue;
        if (!metadata_has_room(&world->ledger, offset))
            return;
        bool known = ledger_knows(&world->ledger, offset);
        if (known != world->finished[offset])
            fail_msg("offset %lld: known %d", (long long)offset, known);
        world->places[offset] = take(&world->ledger, offset);
        world->taken[offset] = 1;
        if (known)
            ledger_finish(&world->ledger, world->places[offset]);
        count--;
    }
}

static void finish_some(struct world *world, int tries)
{
    for (; tries > 0 && world->next > 0; tries--) {
        int64_t offset = (int64_t)(rand() * (double)world->next / RAND_MAX);
        if (offset >= world->next || !world->taken[offset] || world->finished[offset])
            continue;
        world->finished[offset] = 1;
        ledger_finish(&world->ledger, world->places[offset]);
    }
}

static void start_again(struct world *world)
{
    struct ledger next;
    restart(&world->ledger, &next);
    ledger_close(&world->ledger);
    world->ledger = next;
    world->next = ledger_position(&next) < 0 ? 0 : ledger_position(&next);
    memset(world->taken, 0, sizeof world->taken);
}

static void forgets_nothing_over_any_number_of_restarts(void **state)
{
    (void)state;
    static struct world world;
    for (unsigned seed = 1; seed <= 30; seed++) {
        srand(seed);
        memset(&world, 0, sizeof world);
        for (int i = 0; i < SPAN; i++)
            world.exists[i] = rand() % 10 != 0;
        for (int step = 0; step < 60; step++) {
            read_on(&world, rand() % 4000);
            finish_some(&world, rand() % 5000);
            if (rand() % 6 == 0)
                start_again(&world);
        }
        ledger_close(&world.ledger);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_nothing_where_nothing_above_the_position_is_finished),
        cmocka_unit_test(remembers_what_finished_out_of_order),
        cmocka_unit_test(keeps_what_it_knew_of_offsets_not_seen_again_yet),
        cmocka_unit_test(takes_the_shorter_form),
        cmocka_unit_test(refuses_what_is_not_its_own),
        cmocka_unit_test(forgets_nothing_over_any_number_of_restarts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
