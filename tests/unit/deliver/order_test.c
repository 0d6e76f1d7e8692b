#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "deliver/order.h"

static const struct siphash_seed seed = {3, 5};

/* Items of an array are published one after the other. */
static struct order_position at(int64_t offset)
{
    return (struct order_position){"orders", 0, offset};
}

static void number(struct order_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        items[i].position = at((int64_t)i);
}

static enum order_turn add(struct order *order, struct order_item *item, const char *key)
{
    enum order_turn turn;
    if (!item->position.topic)
        item->position = at(1000);
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
    order_init(&order, false, seed);
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
    assert_int_equal(keys_count(&order.keys), 0);
    order_finish(&order);
}

static void events_without_a_key_have_no_order(void **state)
{
    (void)state;
    struct order order;
    struct order_item items[3] = {0};
    order_init(&order, true, seed);
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
    order_init(&order, false, seed);
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
    order_init(&order, false, seed);
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
    number(items, 6);
    order_init(&order, true, seed);
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

    assert_false(order_release(&order, SLICE("b"), &items[4].position));
    assert_true(order_release(&order, SLICE("a"), &items[4].position));
    assert_false(order_release(&order, SLICE("a"), &items[4].position));
    assert_int_equal(keys_count(&order.keys), 0);
    assert_int_equal(add(&order, &items[4], "a"), ORDER_GOES);
    assert_null(order_done(&order, &items[4]));
    order_finish(&order);
}

/* Who would release it for an earlier one has not seen all that was refused. */
static void is_released_by_its_last_event_alone(void **state)
{
    (void)state;
    struct order order;
    struct order_item item = {.position = at(9)};
    struct order_position last;
    struct list parked;
    const struct order_position others[] = {{"orders", 0, 8}, {"orders", 1, 9}, {"news", 0, 9}};
    list_init(&parked);
    order_init(&order, true, seed);
    assert_false(order_last(&order, SLICE("a"), &last));
    assert_true(
        order_park(&order, SLICE("a"), &(struct order_position){"news", 3, 4}, &parked, NULL));
    assert_true(order_last(&order, SLICE("a"), &last));
    assert_int_equal(last.offset, 4);
    assert_int_equal(add(&order, &item, "a"), ORDER_PARKED);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        assert_false(order_release(&order, SLICE("a"), &others[i]));
    assert_true(order_last(&order, SLICE("a"), &last));
    assert_string_equal(last.topic, "orders");
    assert_int_equal(last.offset, 9);
    assert_true(order_release(&order, SLICE("a"), &item.position));
    assert_false(order_last(&order, SLICE("a"), &last));
    order_finish(&order);
}

static void a_parked_key_lets_replays_through_in_order(void **state)
{
    (void)state;
    struct order order;
    struct order_item replays[4] = {{.replay = 1}, {.replay = 1}, {.replay = 1}, {.replay = 2}};
    struct order_item fresh = {.position = at(7)};
    struct list parked;
    list_init(&parked);
    number(replays, 4);
    order_init(&order, true, seed);
    const struct order_position last = at(3);
    assert_true(order_park(&order, SLICE("a"), &last, &parked, NULL));
    assert_int_equal(add(&order, &replays[0], "a"), ORDER_GOES);
    assert_int_equal(add(&order, &replays[1], "a"), ORDER_WAITS);
    assert_int_equal(add(&order, &fresh, "a"), ORDER_PARKED);
    assert_null(order_fail(&order, &replays[0], &parked));
    assert_ptr_equal(pop(&parked), &replays[1]);
    assert_true(order_park(&order, SLICE("a"), &last, &parked, NULL)); /* as it was: no news */
    assert_int_equal(add(&order, &replays[2], "a"), ORDER_PARKED);
    assert_int_equal(add(&order, &replays[3], "a"), ORDER_GOES);
    assert_false(order_release(&order, SLICE("a"), &replays[2].position));
    assert_true(order_release(&order, SLICE("a"), &fresh.position));
    assert_int_equal(add(&order, &fresh, "a"), ORDER_WAITS);
    assert_ptr_equal(order_done(&order, &replays[3]), &fresh);
    assert_null(order_done(&order, &fresh));
    assert_int_equal(keys_count(&order.keys), 0);
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
    order_init(&order, false, seed);
    for (size_t i = 0; i < 4; i++)
        (void)add(&order, &items[i], "a");
    order_drop(&order, is_second, &items[1], &dropped);
    assert_ptr_equal(pop(&dropped), &items[1]);
    assert_null(pop(&dropped));
    assert_ptr_equal(order_done(&order, &items[0]), &items[2]);
    order_drop(&order, NULL, NULL, &dropped);
    assert_ptr_equal(pop(&dropped), &items[3]);
    assert_null(order_done(&order, &items[2]));
    assert_int_equal(keys_count(&order.keys), 0);
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
    int last[KEYS]; /* parked: the item that was refused last; -1: not in the model */
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

/* Of those that were refused the one published last. */
static void model_refuse(struct model *model, int key, int i)
{
    if (!model->parked[key] || i > model->last[key])
        model->last[key] = i;
}

static void expect_next(struct model *model, int key, const struct order_item *next)
{
    int wanted = has_key(key) ? model_find(model, key, MODEL_WAITING) : -1;
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
    model->items[i].position = at(i);
    enum order_turn wanted = ORDER_GOES;
    if (model_refuses(model, i))
        wanted = ORDER_PARKED;
    else if (has_key(key) && model_find(model, key, MODEL_SENDING) >= 0)
        wanted = ORDER_WAITS;
    if (wanted == ORDER_PARKED)
        model_refuse(model, key, i);
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
        model_refuse(model, key, i);
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
    model->states[i] = MODEL_AWAY;
    if (model->order.parks && has_key(key)) {
        model_refuse(model, key, i);
        model_park(model, key, model->items[i].replay, &parked);
    }
    expect_next(model, key, next);
}

static void model_park_or_release(struct model *model)
{
    int key = rand() % (KEYS - 1);
    struct list parked;
    struct order_position last = at(-1);
    list_init(&parked);
    if (rand() % 3 == 0) {
        assert_true(order_park(&model->order, key_name(key), &last, &parked, NULL));
        if (!model->parked[key])
            model->last[key] = -1;
        model_park(model, key, 0, &parked);
        return;
    }
    last = at(rand() % 2 ? model->last[key] : rand() % ITEMS);
    bool releases = model->parked[key] && last.offset == model->last[key];
    assert_int_equal(order_release(&model->order, key_name(key), &last), releases);
    if (releases)
        model->parked[key] = false;
    assert_int_equal(order_last(&model->order, key_name(key), &last), model->parked[key]);
    if (model->parked[key])
        assert_int_equal(last.offset, model->last[key]);
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
    assert_int_equal(keys_count(&model->order.keys), active);
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
    else if (dice < 97)
        model_park_or_release(model);
    else if (rand() % 4)
        model->replay++;
    else
        model_drop(model);
}

static void does_what_a_plain_model_does_in_random_runs(void **state)
{
    (void)state;
    struct model *model = calloc(1, sizeof *model);
    for (unsigned run = 0; run < 60; run++) {
        srand(run);
        *model = (struct model){.seed = run, .replay = 1};
        order_init(&model->order, run % 2, seed);
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
    order_init(&order, false, seed);
    for (int i = 0; i < MILLION; i++) {
        enum order_turn turn;
        struct slice key = {(const char *)&i, sizeof i};
        assert_true(order_add(&order, &items[i], key, &turn, NULL));
        assert_int_equal(turn, ORDER_GOES);
    }
    assert_int_equal(keys_count(&order.keys), MILLION);
    assert_in_range(order.keys.bytes, MILLION * 100L, MILLION * 140L);
    for (int i = 0; i < MILLION; i++)
        assert_null(order_done(&order, &items[i]));
    assert_int_equal(keys_count(&order.keys), 0);
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
        cmocka_unit_test(is_released_by_its_last_event_alone),
        cmocka_unit_test(drops_what_waits_of_a_partition_that_is_taken_away),
        cmocka_unit_test(does_what_a_plain_model_does_in_random_runs),
        cmocka_unit_test(a_million_keys_take_their_memory_and_give_it_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
