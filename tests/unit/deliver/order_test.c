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

static struct span span(int64_t from, int64_t last, int64_t replay)
{
    return (struct span){"orders", 0, from, last, replay};
}

static void assert_parked(const struct order *order, const char *key, int64_t from, int64_t last,
                          int64_t replay)
{
    const struct span *span = order_parked(order, slice_of(key), SLICE("orders"), 0);
    assert_non_null(span);
    assert_int_equal(span->from, from);
    assert_int_equal(span->last, last);
    assert_int_equal(span->replay, replay);
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

static void parks_a_key_until_all_of_it_is_delivered(void **state)
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

    assert_parked(&order, "a", 0, 4, 0);
    order_pass(&order, SLICE("b"), &items[4].position);
    order_pass(&order, SLICE("a"), &items[3].position);
    assert_parked(&order, "a", 4, 4, 0);
    assert_int_equal(order.parked, 1);
    order_pass(&order, SLICE("a"), &items[4].position);
    assert_int_equal(order.parked, 0);
    assert_int_equal(keys_count(&order.keys), 0);
    assert_int_equal(add(&order, &items[4], "a"), ORDER_GOES);
    assert_null(order_done(&order, &items[4]));
    order_finish(&order);
}

/* Who has replayed one of its partitions has not replayed the others. */
static void goes_on_when_all_its_partitions_are_delivered(void **state)
{
    (void)state;
    struct order order;
    struct order_item item = {.position = at(9)};
    struct list parked;
    const struct span news = {"news", 3, 4, 4, 0};
    const struct order_position others[] = {{"orders", 0, 8}, {"orders", 1, 9}, {"news", 0, 9}};
    list_init(&parked);
    order_init(&order, true, seed);
    assert_null(order_parked(&order, SLICE("a"), SLICE("news"), 3));
    assert_true(order_park(&order, SLICE("a"), &news, &parked, NULL));
    assert_int_equal(order_parked(&order, SLICE("a"), SLICE("news"), 3)->last, 4);
    assert_int_equal(add(&order, &item, "a"), ORDER_PARKED);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        order_pass(&order, SLICE("a"), &others[i]);
    assert_parked(&order, "a", 9, 9, 0);
    order_pass(&order, SLICE("a"), &item.position);
    assert_null(order_parked(&order, SLICE("a"), SLICE("orders"), 0));
    assert_int_equal(order.parked, 1);
    order_pass(&order, SLICE("a"), &(struct order_position){"news", 3, 4});
    assert_int_equal(order.parked, 0);
    assert_int_equal(keys_count(&order.keys), 0);
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
    const struct span last = span(0, 3, 0);
    assert_true(order_park(&order, SLICE("a"), &last, &parked, NULL));
    assert_int_equal(add(&order, &replays[0], "a"), ORDER_GOES);
    assert_int_equal(add(&order, &replays[1], "a"), ORDER_WAITS);
    assert_int_equal(add(&order, &fresh, "a"), ORDER_PARKED);
    assert_null(order_fail(&order, &replays[0], &parked));
    assert_ptr_equal(pop(&parked), &replays[1]);
    assert_true(order_park(&order, SLICE("a"), &last, &parked, NULL)); /* as it was: no news */
    assert_int_equal(add(&order, &replays[2], "a"), ORDER_PARKED);
    assert_int_equal(add(&order, &replays[3], "a"), ORDER_GOES);
    assert_parked(&order, "a", 0, 7, 1);
    order_pass(&order, SLICE("a"), &fresh.position);
    assert_int_equal(add(&order, &fresh, "a"), ORDER_WAITS);
    assert_ptr_equal(order_done(&order, &replays[3]), &fresh);
    assert_null(order_done(&order, &fresh));
    assert_int_equal(keys_count(&order.keys), 0);
    order_finish(&order);
}

/* What a replay delivered before it failed is not to be replayed again; and what is published or
 * read again meanwhile says nothing of that. */
static void a_replay_that_fails_moves_on_where_the_next_begins(void **state)
{
    (void)state;
    struct order order;
    struct order_item replays[4] = {{.replay = 5}, {.replay = 5}, {.replay = 5}, {.replay = 5}};
    struct order_item end = {.position = at(3), .replay = 5, .end = true};
    struct order_item fresh = {.position = at(8)};
    struct list parked;
    list_init(&parked);
    number(replays, 4);
    order_init(&order, true, seed);
    assert_true(
        order_park(&order, SLICE("a"), &(struct span){"orders", 0, 0, 3, 4}, &parked, NULL));
    for (size_t i = 0; i < 4; i++)
        (void)add(&order, &replays[i], "a");
    assert_int_equal(add(&order, &end, "a"), ORDER_WAITS);
    assert_ptr_equal(order_done(&order, &replays[0]), &replays[1]);
    assert_ptr_equal(order_done(&order, &replays[1]), &replays[2]);
    assert_null(order_fail(&order, &replays[2], &parked));
    assert_ptr_equal(pop(&parked), &replays[3]);
    assert_ptr_equal(pop(&parked), &end);
    assert_parked(&order, "a", 2, 3, 5);
    assert_int_equal(add(&order, &fresh, "a"), ORDER_PARKED);
    assert_parked(&order, "a", 2, 8, 5);

    struct order_item older = {.position = at(0), .replay = 4};
    assert_int_equal(add(&order, &older, "a"), ORDER_PARKED);
    assert_parked(&order, "a", 2, 8, 5);
    order_finish(&order);
}

/* The end of a replay that has failed is no event: a span of it would be known here alone. */
static void the_end_of_a_replay_is_refused_and_parks_nothing(void **state)
{
    (void)state;
    struct order order;
    struct order_item end = {.position = {"news", 0, 3}, .replay = 5, .end = true};
    struct list parked;
    const struct span failed = span(0, 3, 5);
    list_init(&parked);
    order_init(&order, true, seed);
    assert_true(order_park(&order, SLICE("a"), &failed, &parked, NULL));
    assert_int_equal(add(&order, &end, "a"), ORDER_PARKED);
    assert_null(order_parked(&order, SLICE("a"), SLICE("news"), 0));
    order_finish(&order);
}

/* It can't be decoded, while one before it is still under way: if that fails, too, the next replay
 * begins with it. */
static void what_fails_out_of_turn_is_not_where_the_next_replay_begins(void **state)
{
    (void)state;
    struct order order;
    struct order_item replays[2] = {{.replay = 5}, {.replay = 5}};
    struct list parked;
    const struct span known = span(0, 2, 0);
    list_init(&parked);
    number(replays, 2);
    order_init(&order, true, seed);
    assert_true(order_park(&order, SLICE("a"), &known, &parked, NULL));
    assert_int_equal(add(&order, &replays[0], "a"), ORDER_GOES);
    assert_true(order_refuse(&order, SLICE("a"), &replays[1].position, 5, &parked, NULL));
    assert_parked(&order, "a", 1, 2, 5);
    assert_null(order_fail(&order, &replays[0], &parked));
    assert_parked(&order, "a", 0, 2, 5);
    order_finish(&order);
}

static void one_that_is_replayed_alone_changes_nothing(void **state)
{
    (void)state;
    struct order order;
    struct order_item alone = {.position = at(1), .replay = 5, .alone = true};
    struct order_item fresh = {.position = at(9)};
    struct list parked;
    const struct span failed = span(0, 2, 7);
    list_init(&parked);
    order_init(&order, true, seed);
    assert_int_equal(add(&order, &alone, "a"), ORDER_GOES);
    assert_int_equal(add(&order, &fresh, "a"), ORDER_WAITS);
    assert_ptr_equal(order_fail(&order, &alone, &parked), &fresh);
    assert_int_equal(order.parked, 0);
    assert_null(order_done(&order, &fresh));

    assert_true(order_park(&order, SLICE("a"), &failed, &parked, NULL));
    assert_int_equal(add(&order, &alone, "a"), ORDER_GOES);
    assert_null(order_fail(&order, &alone, &parked));
    assert_parked(&order, "a", 0, 2, 7);
    order_finish(&order);
}

/* Until it is told that all is delivered, what is refused is parked behind that. */
static void what_is_refused_behind_a_replay_is_all_that_is_left(void **state)
{
    (void)state;
    struct order order;
    struct order_item fresh[2] = {0};
    struct list parked;
    const struct order_position last = at(3);
    const struct span known = span(0, 3, 0);
    fresh[0].position = at(6);
    fresh[1].position = at(7);
    list_init(&parked);
    order_init(&order, true, seed);
    assert_true(order_park(&order, SLICE("a"), &known, &parked, NULL));
    order_deliver(&order, SLICE("a"), &last);
    assert_int_equal(order.parked, 1);
    assert_int_equal(add(&order, &fresh[0], "a"), ORDER_PARKED);
    assert_int_equal(add(&order, &fresh[1], "a"), ORDER_PARKED);
    assert_parked(&order, "a", 4, 7, 0);
    order_pass(&order, SLICE("a"), &last);
    assert_parked(&order, "a", 4, 7, 0);
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
    struct span spans[KEYS]; /* of those that are parked */
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
    return has_key(key) && model->parked[key] && model->items[i].replay <= model->spans[key].replay;
}

/* The last is the one published last; the first one is told by the latest replay. */
static void model_refuse(struct model *model, int key, int i)
{
    struct span *span = &model->spans[key];
    int64_t replay = model->items[i].replay;
    if (!model->parked[key])
        *span = (struct span){.from = i, .last = i, .replay = replay};
    model->parked[key] = true;
    if (i > span->last)
        span->last = i;
    bool later = replay > span->replay;
    bool as_late = replay == 0 || replay == span->replay;
    if (later || (as_late && i < span->from))
        span->from = i;
    if (later)
        span->replay = replay;
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
static void model_park(struct model *model, int key, struct list *parked)
{
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
        model_park(model, key, &parked);
    }
    expect_next(model, key, next);
}

static void model_remember(struct model *model, int key)
{
    struct list parked;
    list_init(&parked);
    int64_t from = rand() % ITEMS;
    struct span said = span(from, from + rand() % 9, rand() % 2 ? 0 : model->replay);
    assert_true(order_park(&model->order, key_name(key), &said, &parked, NULL));
    struct span *known = &model->spans[key];
    if (!model->parked[key])
        *known = said;
    model->parked[key] = true;
    if (said.replay > known->replay || (said.replay == known->replay && said.from < known->from))
        known->from = said.from;
    known->replay = said.replay > known->replay ? said.replay : known->replay;
    known->last = said.last > known->last ? said.last : known->last;
    model_park(model, key, &parked);
}

static void model_pass(struct model *model, int key)
{
    struct span *known = &model->spans[key];
    const struct order_position upto = at(rand() % 2 ? known->last : rand() % ITEMS);
    order_pass(&model->order, key_name(key), &upto);
    if (!model->parked[key])
        return;
    model->parked[key] = known->last > upto.offset;
    known->from = upto.offset >= known->from ? upto.offset + 1 : known->from;
}

static void model_park_or_pass(struct model *model)
{
    int key = rand() % (KEYS - 1);
    if (rand() % 3 == 0)
        model_remember(model, key);
    else
        model_pass(model, key);
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
        const struct span *known = order_parked(&model->order, key_name(key), SLICE("orders"), 0);
        assert_int_equal(known != NULL, model->parked[key]);
        if (known)
            assert_true(known->from == model->spans[key].from &&
                        known->last == model->spans[key].last &&
                        known->replay == model->spans[key].replay);
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
        model_park_or_pass(model);
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
    assert_in_range(order.keys.bytes, MILLION * 80L, MILLION * 120L);
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
        cmocka_unit_test(parks_a_key_until_all_of_it_is_delivered),
        cmocka_unit_test(a_parked_key_lets_replays_through_in_order),
        cmocka_unit_test(goes_on_when_all_its_partitions_are_delivered),
        cmocka_unit_test(a_replay_that_fails_moves_on_where_the_next_begins),
        cmocka_unit_test(the_end_of_a_replay_is_refused_and_parks_nothing),
        cmocka_unit_test(what_fails_out_of_turn_is_not_where_the_next_replay_begins),
        cmocka_unit_test(one_that_is_replayed_alone_changes_nothing),
        cmocka_unit_test(what_is_refused_behind_a_replay_is_all_that_is_left),
        cmocka_unit_test(drops_what_waits_of_a_partition_that_is_taken_away),
        cmocka_unit_test(does_what_a_plain_model_does_in_random_runs),
        cmocka_unit_test(a_million_keys_take_their_memory_and_give_it_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
