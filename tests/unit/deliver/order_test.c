#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "deliver/order.h"

static const struct siphash_seed seed = {3, 5};

static enum order_turn add(struct order *order, struct order_item *item, const char *key)
{
    enum order_turn turn;
    assert_true(order_add(order, item, slice_of(key), &turn, NULL));
    return turn;
}

static struct order_item *pop(struct list *list)
{
    struct list *link = list_pop(list);
    return link ? CONTAINER_OF(link, struct order_item, link) : NULL;
}

static void sends_one_of_a_key_at_a_time_in_order(void **state)
{
    (void)state;
    struct order order;
    struct order_item items[4] = {0};
    order_init(&order, ORDER_SKIP, seed);
    assert_int_equal(add(&order, &items[0], "a"), ORDER_GOES);
    assert_int_equal(add(&order, &items[1], "a"), ORDER_WAITS);
    assert_int_equal(add(&order, &items[2], "a"), ORDER_WAITS);
    assert_int_equal(add(&order, &items[3], "b"), ORDER_GOES);
    assert_int_equal(order.waiting, 2);
    assert_int_equal(order.under_way, 2);
    assert_ptr_equal(order_done(&order, &items[0]), &items[1]);
    assert_null(order_done(&order, &items[3]));
    assert_ptr_equal(order_done(&order, &items[1]), &items[2]);
    assert_null(order_done(&order, &items[2]));
    assert_int_equal(order.keys.count, 0);
    order_finish(&order);
}

static void events_without_a_key_have_no_order(void **state)
{
    (void)state;
    struct order order;
    struct order_item items[3] = {0};
    order_init(&order, ORDER_PARK, seed);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(add(&order, &items[i], NULL), ORDER_GOES);
    struct list parked;
    list_init(&parked);
    assert_null(order_fail(&order, &items[1], &parked));
    assert_null(order_done(&order, &items[0]));
    assert_null(order_done(&order, &items[2]));
    assert_true(list_empty(&parked));
    assert_int_equal(order.under_way, 0);
    order_finish(&order);
}

static void an_empty_key_is_a_key(void **state)
{
    (void)state;
    struct order order;
    struct order_item items[2] = {0};
    order_init(&order, ORDER_SKIP, seed);
    assert_int_equal(add(&order, &items[0], ""), ORDER_GOES);
    assert_int_equal(add(&order, &items[1], ""), ORDER_WAITS);
    assert_ptr_equal(order_done(&order, &items[0]), &items[1]);
    assert_null(order_done(&order, &items[1]));
    order_finish(&order);
}

static void skips_what_has_failed(void **state)
{
    (void)state;
    struct order order;
    struct order_item items[2] = {0};
    struct list parked;
    list_init(&parked);
    order_init(&order, ORDER_SKIP, seed);
    assert_int_equal(add(&order, &items[0], "a"), ORDER_GOES);
    assert_int_equal(add(&order, &items[1], "a"), ORDER_WAITS);
    assert_ptr_equal(order_fail(&order, &items[0], &parked), &items[1]);
    assert_true(list_empty(&parked));
    assert_null(order_done(&order, &items[1]));
    order_finish(&order);
}

static void parks_a_key_until_it_is_released(void **state)
{
    (void)state;
    struct order order;
    struct order_item items[6] = {0};
    struct list parked;
    list_init(&parked);
    order_init(&order, ORDER_PARK, seed);
    for (size_t i = 0; i < 3; i++)
        (void)add(&order, &items[i], "a");
    assert_int_equal(add(&order, &items[3], "b"), ORDER_GOES);
    assert_null(order_fail(&order, &items[0], &parked));
    assert_ptr_equal(pop(&parked), &items[1]);
    assert_ptr_equal(pop(&parked), &items[2]);
    assert_null(pop(&parked));
    assert_int_equal(add(&order, &items[4], "a"), ORDER_PARKED);
    assert_int_equal(add(&order, &items[5], "b"), ORDER_WAITS);
    assert_int_equal(order.parked, 1);
    assert_ptr_equal(order_done(&order, &items[3]), &items[5]);
    assert_null(order_done(&order, &items[5]));

    assert_false(order_release(&order, SLICE("b")));
    assert_true(order_release(&order, SLICE("a")));
    assert_false(order_release(&order, SLICE("a")));
    assert_int_equal(order.keys.count, 0);
    assert_int_equal(add(&order, &items[4], "a"), ORDER_GOES);
    assert_null(order_done(&order, &items[4]));
    order_finish(&order);
}

static void a_parked_key_lets_replays_through_in_order(void **state)
{
    (void)state;
    struct order order;
    struct order_item replays[4] = {{.replay = 1}, {.replay = 1}, {.replay = 1}, {.replay = 2}};
    struct order_item fresh = {0};
    struct list parked;
    list_init(&parked);
    order_init(&order, ORDER_PARK, seed);
    assert_true(order_park(&order, SLICE("a"), &parked, NULL));
    assert_int_equal(add(&order, &replays[0], "a"), ORDER_GOES);
    assert_int_equal(add(&order, &replays[1], "a"), ORDER_WAITS);
    assert_int_equal(add(&order, &fresh, "a"), ORDER_PARKED);
    assert_null(order_fail(&order, &replays[0], &parked));
    assert_ptr_equal(pop(&parked), &replays[1]);
    assert_true(order_park(&order, SLICE("a"), &parked, NULL));
    assert_int_equal(add(&order, &replays[2], "a"), ORDER_PARKED);
    assert_int_equal(add(&order, &replays[3], "a"), ORDER_GOES);
    assert_true(order_release(&order, SLICE("a")));
    assert_int_equal(add(&order, &fresh, "a"), ORDER_WAITS);
    assert_ptr_equal(order_done(&order, &replays[3]), &fresh);
    assert_null(order_done(&order, &fresh));
    assert_int_equal(order.keys.count, 0);
    order_finish(&order);
}

static void stops_all_keys_and_keeps_the_failed_one_first(void **state)
{
    (void)state;
    struct order order;
    struct order_item items[6] = {0};
    struct list list;
    list_init(&list);
    order_init(&order, ORDER_STOP, seed);
    (void)add(&order, &items[0], "a");
    (void)add(&order, &items[1], "a");
    (void)add(&order, &items[2], "b");
    (void)add(&order, &items[3], "b");
    assert_null(order_fail(&order, &items[0], &list));
    assert_true(list_empty(&list));
    assert_true(order.stopped);
    assert_null(order_done(&order, &items[2]));
    assert_int_equal(add(&order, &items[4], "c"), ORDER_WAITS);
    assert_int_equal(add(&order, &items[5], NULL), ORDER_WAITS);
    assert_int_equal(order.under_way, 0);
    assert_int_equal(order.waiting, 5);

    order_resume(&order, &list);
    assert_ptr_equal(pop(&list), &items[0]);
    assert_ptr_equal(pop(&list), &items[3]);
    assert_ptr_equal(pop(&list), &items[4]);
    assert_ptr_equal(pop(&list), &items[5]);
    assert_null(pop(&list));
    assert_ptr_equal(order_done(&order, &items[0]), &items[1]);
    assert_int_equal(order.under_way, 4);
    order_finish(&order);
}

static void what_waits_for_its_next_attempt_is_put_back_while_stopped(void **state)
{
    (void)state;
    struct order order;
    struct order_item items[3] = {0};
    struct list list;
    list_init(&list);
    order_init(&order, ORDER_SKIP, seed);
    (void)add(&order, &items[0], "a");
    (void)add(&order, &items[1], "a");
    (void)add(&order, &items[2], NULL);
    order_stop(&order);
    order_put_back(&order, &items[0]);
    order_put_back(&order, &items[2]);
    assert_int_equal(order.waiting, 3);
    order_resume(&order, &list);
    assert_ptr_equal(pop(&list), &items[0]);
    assert_ptr_equal(pop(&list), &items[2]);
    assert_null(pop(&list));
    order_resume(&order, &list);
    assert_null(pop(&list));
    order_finish(&order);
}

static bool is_second(void *context, const struct order_item *item)
{
    return item == context;
}

static void drops_what_waits_of_a_partition_that_is_taken_away(void **state)
{
    (void)state;
    struct order order;
    struct order_item items[4] = {0};
    struct list dropped;
    list_init(&dropped);
    order_init(&order, ORDER_SKIP, seed);
    for (size_t i = 0; i < 4; i++)
        (void)add(&order, &items[i], "a");
    order_drop(&order, is_second, &items[1], &dropped);
    assert_ptr_equal(pop(&dropped), &items[1]);
    assert_null(pop(&dropped));
    assert_ptr_equal(order_done(&order, &items[0]), &items[2]);
    order_drop(&order, NULL, NULL, &dropped);
    assert_ptr_equal(pop(&dropped), &items[3]);
    assert_null(order_done(&order, &items[2]));
    assert_int_equal(order.keys.count, 0);
    order_finish(&order);
}

/* ── against a plain model ───────────────────────────────────────────────── */

#define ITEMS 3000
#define KEYS  12 /* the last stands for no key */

enum model_state { MODEL_AWAY, MODEL_WAITING, MODEL_SENDING };

struct model {
    unsigned seed;
    struct order order;
    struct order_item items[ITEMS];
    enum model_state states[ITEMS];
    int keys[ITEMS];
    bool parked[KEYS];
    int64_t refused[KEYS];
    bool stopped;
    int count;
    int64_t replay;
};

static struct slice key_name(int key)
{
    static const char names[] = "abcdefghijk";
    return key == KEYS - 1 ? SLICE_NONE : (struct slice){&names[key], 1};
}

static bool has_key(int key)
{
    return key != KEYS - 1;
}

static int model_find(const struct model *model, int key, enum model_state state)
{
    for (int i = 0; i < model->count; i++)
        if (model->keys[i] == key && model->states[i] == state)
            return i;
    return -1;
}

static bool model_refuses(const struct model *model, int i)
{
    int key = model->keys[i];
    return has_key(key) && model->parked[key] && model->items[i].replay <= model->refused[key];
}

static void expect_next(struct model *model, int key, const struct order_item *next)
{
    int wanted = has_key(key) && !model->stopped ? model_find(model, key, MODEL_WAITING) : -1;
    if (next != (wanted < 0 ? NULL : &model->items[wanted]))
        fail_msg("seed %u: %td goes next, not %d", model->seed, next ? next - model->items : -1,
                 wanted);
    if (wanted >= 0)
        model->states[wanted] = MODEL_SENDING;
}

static void model_add(struct model *model)
{
    if (model->count == ITEMS)
        return;
    int i = model->count++;
    int key = rand() % KEYS;
    model->keys[i] = key;
    model->items[i].replay = rand() % 4 ? 0 : model->replay;
    enum order_turn wanted = ORDER_GOES;
    if (model_refuses(model, i))
        wanted = ORDER_PARKED;
    else if (model->stopped || (has_key(key) && (model_find(model, key, MODEL_SENDING) >= 0 ||
                                                 model_find(model, key, MODEL_WAITING) >= 0)))
        wanted = ORDER_WAITS;
    enum order_turn turn;
    assert_true(order_add(&model->order, &model->items[i], key_name(key), &turn, NULL));
    if (turn != wanted)
        fail_msg("seed %u: item %d turns %d, not %d", model->seed, i, (int)turn, (int)wanted);
    static const enum model_state states[] = {
        [ORDER_GOES] = MODEL_SENDING, [ORDER_WAITS] = MODEL_WAITING, [ORDER_PARKED] = MODEL_AWAY};
    model->states[i] = states[turn];
}

/* One that is under way, or -1. */
static int model_pick(const struct model *model)
{
    int start = model->count ? rand() % model->count : 0;
    for (int n = 0; n < model->count; n++)
        if (model->states[(start + n) % model->count] == MODEL_SENDING)
            return (start + n) % model->count;
    return -1;
}

static void model_done(struct model *model)
{
    int i = model_pick(model);
    if (i < 0)
        return;
    model->states[i] = MODEL_AWAY;
    expect_next(model, model->keys[i], order_done(&model->order, &model->items[i]));
}

/* What waits and is refused now comes out, in its order. */
static void model_park(struct model *model, int key, int64_t refused, struct list *parked)
{
    model->refused[key] =
        !model->parked[key] || refused > model->refused[key] ? refused : model->refused[key];
    model->parked[key] = true;
    for (int i = 0; i < model->count; i++) {
        if (model->keys[i] != key || model->states[i] != MODEL_WAITING || !model_refuses(model, i))
            continue;
        model->states[i] = MODEL_AWAY;
        assert_ptr_equal(pop(parked), &model->items[i]);
    }
    assert_true(list_empty(parked));
}

static void model_fail(struct model *model)
{
    int i = model_pick(model);
    if (i < 0)
        return;
    int key = model->keys[i];
    struct list parked;
    list_init(&parked);
    struct order_item *next = order_fail(&model->order, &model->items[i], &parked);
    bool stops = model->order.exhausted == ORDER_STOP;
    model->states[i] = stops ? MODEL_WAITING : MODEL_AWAY;
    model->stopped |= stops;
    if (model->order.exhausted == ORDER_PARK && has_key(key))
        model_park(model, key, model->items[i].replay, &parked);
    expect_next(model, key, next);
}

static void model_put_back(struct model *model)
{
    int i = model_pick(model);
    if (i < 0 || !model->stopped)
        return;
    order_put_back(&model->order, &model->items[i]);
    model->states[i] = MODEL_WAITING;
}

static void model_resume(struct model *model)
{
    struct list ready;
    list_init(&ready);
    order_resume(&model->order, &ready);
    for (struct order_item *item = pop(&ready); item; item = pop(&ready)) {
        int i = (int)(item - model->items);
        assert_int_equal(model->states[i], MODEL_WAITING);
        if (has_key(model->keys[i])) {
            assert_int_equal(model_find(model, model->keys[i], MODEL_SENDING), -1);
            assert_int_equal(model_find(model, model->keys[i], MODEL_WAITING), i);
        }
        model->states[i] = MODEL_SENDING;
    }
    model->stopped = false;
    for (int key = 0; key < KEYS; key++)
        assert_true(model_find(model, key, MODEL_WAITING) < 0 ||
                    (has_key(key) && model_find(model, key, MODEL_SENDING) >= 0));
}

static void model_park_or_release(struct model *model)
{
    int key = rand() % (KEYS - 1);
    struct list parked;
    list_init(&parked);
    if (rand() % 3 == 0) {
        assert_true(order_park(&model->order, key_name(key), &parked, NULL));
        model_park(model, key, 0, &parked);
        return;
    }
    assert_int_equal(order_release(&model->order, key_name(key)), model->parked[key]);
    model->parked[key] = false;
}

static bool is_third(void *context, const struct order_item *item)
{
    const struct model *model = context;
    return (item - model->items) % 3 == 0;
}

static void model_drop(struct model *model)
{
    struct list dropped;
    list_init(&dropped);
    bool all = rand() % 4 == 0;
    order_drop(&model->order, all ? NULL : is_third, model, &dropped);
    for (struct order_item *item = pop(&dropped); item; item = pop(&dropped)) {
        assert_int_equal(model->states[item - model->items], MODEL_WAITING);
        model->states[item - model->items] = MODEL_AWAY;
    }
    for (int i = 0; i < model->count; i++)
        assert_false(model->states[i] == MODEL_WAITING && (all || i % 3 == 0));
}

static void model_check(const struct model *model)
{
    size_t counts[3] = {0};
    size_t parked = 0;
    size_t active = 0;
    for (int i = 0; i < model->count; i++)
        counts[model->states[i]]++;
    for (int key = 0; key < KEYS - 1; key++) {
        parked += model->parked[key];
        active += model->parked[key] || model_find(model, key, MODEL_WAITING) >= 0 ||
                  model_find(model, key, MODEL_SENDING) >= 0;
    }
    assert_int_equal(model->order.waiting, counts[MODEL_WAITING]);
    assert_int_equal(model->order.under_way, counts[MODEL_SENDING]);
    assert_int_equal(model->order.parked, parked);
    assert_int_equal(model->order.keys.count, active);
    assert_int_equal(model->order.stopped, model->stopped);
}

static void model_step(struct model *model)
{
    int dice = rand() % 100;
    if (dice < 48)
        model_add(model);
    else if (dice < 85)
        model_done(model);
    else if (dice < 90)
        model_fail(model);
    else if (dice < 93)
        model_put_back(model);
    else if (dice < 96)
        model_resume(model);
    else if (dice < 98)
        model_park_or_release(model);
    else if (rand() % 8)
        model->replay++;
    else if (rand() % 2)
        model_drop(model);
    else {
        order_stop(&model->order);
        model->stopped = true;
    }
}

static void does_what_a_plain_model_does_in_random_runs(void **state)
{
    (void)state;
    static const enum order_exhausted policies[] = {ORDER_SKIP, ORDER_PARK, ORDER_STOP};
    struct model *model = calloc(1, sizeof *model);
    for (unsigned run = 0; run < 60; run++) {
        srand(run);
        *model = (struct model){.seed = run, .replay = 1};
        order_init(&model->order, policies[run % 3], seed);
        for (int step = 0; step < 1500; step++) {
            model_step(model);
            model_check(model);
        }
        order_finish(&model->order);
    }
    free(model);
}

static void a_million_keys_take_their_memory_and_give_it_back(void **state)
{
    (void)state;
    enum { MILLION = 1000000 };
    struct order_item *items = calloc(MILLION, sizeof *items);
    struct order order;
    order_init(&order, ORDER_SKIP, seed);
    for (int i = 0; i < MILLION; i++) {
        enum order_turn turn;
        struct slice key = {(const char *)&i, sizeof i};
        assert_true(order_add(&order, &items[i], key, &turn, NULL));
        assert_int_equal(turn, ORDER_GOES);
    }
    assert_int_equal(order.keys.count, MILLION);
    assert_in_range(order.keys.bytes, MILLION * 80L, MILLION * 100L);
    for (int i = 0; i < MILLION; i++)
        assert_null(order_done(&order, &items[i]));
    assert_int_equal(order.keys.count, 0);
    assert_in_range(order.keys.bytes, 0, 1024);
    order_finish(&order);
    free(items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_one_of_a_key_at_a_time_in_order),
        cmocka_unit_test(events_without_a_key_have_no_order),
        cmocka_unit_test(an_empty_key_is_a_key),
        cmocka_unit_test(skips_what_has_failed),
        cmocka_unit_test(parks_a_key_until_it_is_released),
        cmocka_unit_test(a_parked_key_lets_replays_through_in_order),
        cmocka_unit_test(stops_all_keys_and_keeps_the_failed_one_first),
        cmocka_unit_test(what_waits_for_its_next_attempt_is_put_back_while_stopped),
        cmocka_unit_test(drops_what_waits_of_a_partition_that_is_taken_away),
        cmocka_unit_test(does_what_a_plain_model_does_in_random_runs),
        cmocka_unit_test(a_million_keys_take_their_memory_and_give_it_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
