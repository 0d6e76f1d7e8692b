#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "deliver/breaker.h"

#define PAUSE   INT64_C(30000)
#define TIMEOUT INT64_C(10000)
#define NOW     INT64_C(5000000)

static struct breaker make(unsigned failures, unsigned rank)
{
    struct breaker breaker;
    breaker_init(&breaker, (struct breaker_policy){failures, PAUSE, TIMEOUT, rank});
    return breaker;
}

static void end_one(struct breaker *breaker, enum breaker_sign sign, int64_t now_ms)
{
    uint32_t pass = breaker_pass(breaker, now_ms);
    assert_int_not_equal(pass, 0);
    breaker_end(breaker, pass, sign, -1, now_ms);
}

/* Opened at NOW. */
static struct breaker make_open(unsigned rank)
{
    struct breaker breaker = make(1, rank);
    end_one(&breaker, BREAKER_UNWELL, NOW);
    assert_int_equal(breaker.state, BREAKER_OPEN);
    return breaker;
}

static void tell(struct breaker *from, struct breaker *to)
{
    struct breaker_news news;
    assert_true(breaker_news(from, &news));
    breaker_hear(to, &news);
}

static void reads_an_outcome_as_the_endpoint_s_health(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        enum error_kind kind;
        int status;
        enum breaker_sign sign;
    } rows[] = {
        {"delivered", ERROR_NONE, 200, BREAKER_WELL},
        {"a 5xx that counts as success", ERROR_NONE, 503, BREAKER_WELL},
        {"no answer in time", ERROR_TIMEOUT, 0, BREAKER_UNWELL},
        {"no answer in time after a status", ERROR_TIMEOUT, 200, BREAKER_UNWELL},
        {"no connection", ERROR_CONNECT, 0, BREAKER_UNWELL},
        {"no address", ERROR_DNS, 0, BREAKER_UNWELL},
        {"a wrong certificate", ERROR_TLS, 0, BREAKER_UNWELL},
        {"garbage", ERROR_PROTOCOL, 0, BREAKER_UNWELL},
        {"500", ERROR_STATUS, 500, BREAKER_UNWELL},
        {"501", ERROR_STATUS, 501, BREAKER_UNWELL},
        {"503", ERROR_STATUS, 503, BREAKER_UNWELL},
        {"599", ERROR_STATUS, 599, BREAKER_UNWELL},
        {"429", ERROR_STATUS, 429, BREAKER_UNWELL},
        {"408", ERROR_STATUS, 408, BREAKER_UNWELL},
        {"400", ERROR_STATUS, 400, BREAKER_WELL},
        {"404", ERROR_STATUS, 404, BREAKER_WELL},
        {"410", ERROR_STATUS, 410, BREAKER_WELL},
        {"422", ERROR_STATUS, 422, BREAKER_WELL},
        {"a redirect", ERROR_STATUS, 302, BREAKER_WELL},
        {"an address that is not allowed", ERROR_BLOCKED, 0, BREAKER_SILENT},
        {"too large a body", ERROR_TOO_LARGE, 0, BREAKER_SILENT},
        {"a missing field", ERROR_RENDER, 0, BREAKER_SILENT},
        {"no token to be had", ERROR_AUTH, 0, BREAKER_SILENT},
        {"no memory", ERROR_MEMORY, 0, BREAKER_SILENT},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct outcome outcome = {.kind = rows[i].kind, .status = rows[i].status};
        if (breaker_sign(&outcome) != rows[i].sign)
            fail_msg("%s", rows[i].what);
    }
}

static void opens_after_the_tenth_failure_in_a_row(void **state)
{
    (void)state;
    struct breaker breaker = make(10, 0);
    for (int i = 0; i < 9; i++)
        end_one(&breaker, BREAKER_UNWELL, NOW);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    end_one(&breaker, BREAKER_UNWELL, NOW);
    assert_int_equal(breaker.state, BREAKER_OPEN);
    assert_int_equal(breaker_pass(&breaker, NOW), 0);
    assert_int_equal(breaker_next_ms(&breaker, NOW), NOW + PAUSE);
}

static void an_answer_ends_the_row_and_silence_does_not(void **state)
{
    (void)state;
    struct breaker breaker = make(3, 0);
    end_one(&breaker, BREAKER_UNWELL, NOW);
    end_one(&breaker, BREAKER_UNWELL, NOW);
    end_one(&breaker, BREAKER_WELL, NOW);
    end_one(&breaker, BREAKER_UNWELL, NOW);
    end_one(&breaker, BREAKER_UNWELL, NOW);
    end_one(&breaker, BREAKER_SILENT, NOW);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    end_one(&breaker, BREAKER_UNWELL, NOW);
    assert_int_equal(breaker.state, BREAKER_OPEN);
}

static void never_opens_by_itself_with_no_failures_set(void **state)
{
    (void)state;
    struct breaker breaker = make(0, 0);
    for (int i = 0; i < 1000; i++)
        end_one(&breaker, BREAKER_UNWELL, NOW);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
}

static void lets_exactly_one_probe_go_after_the_pause(void **state)
{
    (void)state;
    struct breaker breaker = make_open(0);
    assert_int_equal(breaker_pass(&breaker, NOW + PAUSE - 1), 0);
    assert_int_equal(breaker.state, BREAKER_OPEN);
    assert_int_not_equal(breaker_pass(&breaker, NOW + PAUSE), 0);
    assert_int_equal(breaker.state, BREAKER_PROBING);
    assert_int_equal(breaker_pass(&breaker, NOW + PAUSE), 0);
    assert_int_equal(breaker_pass(&breaker, NOW + 100 * PAUSE), 0);
    assert_int_equal(breaker_next_ms(&breaker, NOW + 100 * PAUSE), BREAKER_NEVER);
}

static void a_good_probe_closes_and_a_bad_one_opens_again(void **state)
{
    (void)state;
    struct breaker breaker = make_open(0);
    int64_t now_ms = NOW + PAUSE;
    end_one(&breaker, BREAKER_UNWELL, now_ms);
    assert_int_equal(breaker.state, BREAKER_OPEN);
    assert_int_equal(breaker_next_ms(&breaker, now_ms), now_ms + PAUSE);
    end_one(&breaker, BREAKER_WELL, now_ms + PAUSE);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
}

static void counts_from_nothing_after_it_has_closed(void **state)
{
    (void)state;
    struct breaker breaker = make(3, 0);
    for (int i = 0; i < 3; i++)
        end_one(&breaker, BREAKER_UNWELL, NOW);
    end_one(&breaker, BREAKER_WELL, NOW + PAUSE);
    end_one(&breaker, BREAKER_UNWELL, NOW + PAUSE);
    end_one(&breaker, BREAKER_UNWELL, NOW + PAUSE);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
}

static void a_silent_probe_makes_way_for_the_next(void **state)
{
    (void)state;
    struct breaker breaker = make_open(0);
    end_one(&breaker, BREAKER_SILENT, NOW + PAUSE);
    assert_int_equal(breaker.state, BREAKER_OPEN);
    assert_int_equal(breaker_next_ms(&breaker, NOW + PAUSE), NOW + PAUSE);
    end_one(&breaker, BREAKER_WELL, NOW + PAUSE);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
}

static void a_longer_retry_after_makes_the_pause_longer(void **state)
{
    (void)state;
    static const struct {
        int64_t first_ms;
        int64_t second_ms;
        int64_t pause_ms;
    } rows[] = {
        {-1, -1, PAUSE},       {-1, 1000, PAUSE},  {-1, 60000, 60000},
        {90000, 60000, 90000}, {90000, -1, 90000}, {0, 0, PAUSE},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct breaker breaker = make(2, 0);
        breaker_end(&breaker, breaker_pass(&breaker, NOW), BREAKER_UNWELL, rows[i].first_ms, NOW);
        breaker_end(&breaker, breaker_pass(&breaker, NOW), BREAKER_UNWELL, rows[i].second_ms, NOW);
        assert_int_equal(breaker_next_ms(&breaker, NOW), NOW + rows[i].pause_ms);
    }
}

static void a_retry_after_counts_no_more_after_a_good_answer(void **state)
{
    (void)state;
    struct breaker breaker = make(1, 0);
    breaker_end(&breaker, breaker_pass(&breaker, NOW), BREAKER_UNWELL, 60000, NOW);
    end_one(&breaker, BREAKER_WELL, NOW + 60000);
    end_one(&breaker, BREAKER_UNWELL, NOW + 60001);
    assert_int_equal(breaker_next_ms(&breaker, NOW + 60001), NOW + 60001 + PAUSE);

    breaker = make(2, 0);
    breaker_end(&breaker, breaker_pass(&breaker, NOW), BREAKER_UNWELL, 60000, NOW);
    end_one(&breaker, BREAKER_WELL, NOW);
    end_one(&breaker, BREAKER_UNWELL, NOW);
    end_one(&breaker, BREAKER_UNWELL, NOW);
    assert_int_equal(breaker_next_ms(&breaker, NOW), NOW + PAUSE);
}

static void a_probe_s_retry_after_counts(void **state)
{
    (void)state;
    struct breaker breaker = make_open(0);
    int64_t now_ms = NOW + PAUSE;
    breaker_end(&breaker, breaker_pass(&breaker, now_ms), BREAKER_UNWELL, 3 * PAUSE, now_ms);
    assert_int_equal(breaker_next_ms(&breaker, now_ms), now_ms + 3 * PAUSE);
}

static void what_was_sent_before_it_opened_decides_nothing(void **state)
{
    (void)state;
    static const enum breaker_sign signs[] = {BREAKER_WELL, BREAKER_UNWELL, BREAKER_SILENT};
    for (size_t i = 0; i < COUNT_OF(signs); i++) {
        struct breaker breaker = make(1, 0);
        uint32_t early = breaker_pass(&breaker, NOW);
        end_one(&breaker, BREAKER_UNWELL, NOW);
        breaker_end(&breaker, early, signs[i], -1, NOW + 1);
        assert_int_equal(breaker.state, BREAKER_OPEN);
        assert_int_equal(breaker_next_ms(&breaker, NOW + 1), NOW + PAUSE);
        uint32_t probe = breaker_pass(&breaker, NOW + PAUSE);
        breaker_end(&breaker, early, signs[i], -1, NOW + PAUSE);
        assert_int_equal(breaker.state, BREAKER_PROBING);
        breaker_end(&breaker, probe, BREAKER_WELL, -1, NOW + PAUSE);
        breaker_end(&breaker, early, signs[i], -1, NOW + PAUSE);
        assert_int_equal(breaker.state, BREAKER_CLOSED);
    }
}

static void a_late_retry_after_makes_the_pause_longer_and_is_told(void **state)
{
    (void)state;
    struct breaker breaker = make(1, 0);
    struct breaker other = make(1, 1);
    uint32_t early = breaker_pass(&breaker, NOW);
    end_one(&breaker, BREAKER_UNWELL, NOW);
    tell(&breaker, &other);
    breaker_end(&breaker, early, BREAKER_UNWELL, 2 * PAUSE, NOW + 1);
    assert_int_equal(breaker_next_ms(&breaker, NOW + 1), NOW + 1 + 2 * PAUSE);
    tell(&breaker, &other);
    assert_true(breaker_next_ms(&other, NOW + 1) > NOW + 1 + 2 * PAUSE);
    breaker_end(&breaker, early, BREAKER_UNWELL, 1000, NOW + 2);
    struct breaker_news news;
    assert_false(breaker_news(&breaker, &news));
}

static void the_others_open_with_it_and_let_it_probe(void **state)
{
    (void)state;
    struct breaker a = make_open(0);
    struct breaker b = make(10, 1);
    struct breaker_news news;
    uint32_t early = breaker_pass(&b, NOW);
    tell(&a, &b);
    assert_int_equal(b.state, BREAKER_OPEN);
    assert_false(breaker_news(&b, &news));
    assert_int_equal(breaker_pass(&b, NOW + PAUSE), 0);
    breaker_end(&b, early, BREAKER_WELL, -1, NOW + 5);
    assert_int_equal(b.state, BREAKER_OPEN);

    uint32_t probe = breaker_pass(&a, NOW + PAUSE);
    tell(&a, &b);
    assert_int_equal(breaker_pass(&b, NOW + PAUSE + TIMEOUT), 0);
    breaker_end(&a, probe, BREAKER_WELL, -1, NOW + PAUSE + 5);
    tell(&a, &b);
    assert_int_equal(b.state, BREAKER_CLOSED);
    assert_false(breaker_news(&b, &news));
}

static void another_probes_when_the_one_that_opened_has_nothing_to_send(void **state)
{
    (void)state;
    struct breaker a = make_open(0);
    struct breaker b = make(10, 1);
    tell(&a, &b);
    int64_t now_ms = breaker_next_ms(&b, NOW);
    assert_in_range(now_ms, NOW + PAUSE + 1, NOW + PAUSE + 2000);
    uint32_t probe = breaker_pass(&b, now_ms);
    assert_int_not_equal(probe, 0);
    tell(&b, &a);
    assert_int_equal(breaker_pass(&a, now_ms), 0);
    breaker_end(&b, probe, BREAKER_UNWELL, -1, now_ms);
    tell(&b, &a);
    assert_int_equal(breaker_next_ms(&b, now_ms), now_ms + PAUSE);
    assert_true(breaker_next_ms(&a, now_ms) > now_ms + PAUSE);
}

static void a_probe_that_is_never_heard_of_again_holds_nobody_for_ever(void **state)
{
    (void)state;
    struct breaker a = make_open(0);
    struct breaker b = make(10, 1);
    tell(&a, &b);
    assert_int_not_equal(breaker_pass(&a, NOW + PAUSE), 0);
    tell(&a, &b);
    int64_t next_ms = breaker_next_ms(&b, NOW + PAUSE);
    assert_in_range(next_ms, NOW + PAUSE + TIMEOUT, NOW + PAUSE + TIMEOUT + 2000);
    assert_int_not_equal(breaker_pass(&b, next_ms), 0);
}

static void others_wait_no_longer_than_the_probe_that_has_ended(void **state)
{
    (void)state;
    struct breaker breakers[2];
    for (unsigned i = 0; i < 2; i++)
        breaker_init(&breakers[i], (struct breaker_policy){1, 250, 300000, i});
    struct breaker *a = &breakers[0];
    struct breaker *b = &breakers[1];
    end_one(a, BREAKER_UNWELL, NOW);
    tell(a, b);
    for (int64_t now_ms = NOW + 250; now_ms < NOW + 1000; now_ms += 250) {
        uint32_t probe = breaker_pass(a, now_ms);
        tell(a, b);
        assert_true(breaker_next_ms(b, now_ms) > now_ms + 300000);
        breaker_end(a, probe, BREAKER_UNWELL, -1, now_ms);
        tell(a, b);
        assert_in_range(breaker_next_ms(b, now_ms), now_ms + 251, now_ms + 400);
    }
    assert_int_not_equal(breaker_pass(a, NOW + 1000), 0);
    tell(a, b);
    breaker_hear(b, &(struct breaker_news){BREAKER_CLOSED, 0});
    end_one(b, BREAKER_UNWELL, NOW + 1001);
    assert_int_equal(breaker_next_ms(b, NOW + 1001), NOW + 1251);
}

static void two_that_probe_at_once_both_count(void **state)
{
    (void)state;
    struct breaker a = make_open(0);
    struct breaker b = make_open(1);
    uint32_t first = breaker_pass(&a, NOW + PAUSE);
    uint32_t second = breaker_pass(&b, NOW + PAUSE);
    tell(&a, &b);
    tell(&b, &a);
    breaker_end(&a, first, BREAKER_UNWELL, 2 * PAUSE, NOW + PAUSE);
    tell(&a, &b);
    assert_int_equal(b.state, BREAKER_PROBING);
    breaker_end(&b, second, BREAKER_UNWELL, -1, NOW + PAUSE);
    assert_int_equal(breaker_next_ms(&b, NOW + PAUSE), NOW + 3 * PAUSE);
    tell(&b, &a);
    assert_int_equal(a.state, BREAKER_OPEN);
}

static void old_news_change_nothing(void **state)
{
    (void)state;
    struct breaker breaker = make(3, 0);
    struct breaker_news news;
    end_one(&breaker, BREAKER_UNWELL, NOW);
    end_one(&breaker, BREAKER_UNWELL, NOW);
    breaker_hear(&breaker, &(struct breaker_news){BREAKER_CLOSED, 0});
    breaker_hear(&breaker, &(struct breaker_news){BREAKER_PROBING, NOW + PAUSE});
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    assert_false(breaker_news(&breaker, &news));
    end_one(&breaker, BREAKER_UNWELL, NOW);
    assert_int_equal(breaker.state, BREAKER_OPEN);
}

static void names_its_states(void **state)
{
    (void)state;
    assert_string_equal(breaker_state_name(BREAKER_CLOSED), "closed");
    assert_string_equal(breaker_state_name(BREAKER_OPEN), "open");
    assert_string_equal(breaker_state_name(BREAKER_PROBING), "probing");
    assert_int_equal(BREAKER_OPEN, 1);
    assert_int_equal(BREAKER_PROBING, 2);
}

/* ── several workers and one endpoint that comes and goes ────────────────── */

#define WORKERS  3
#define SENDING  24
#define MESSAGES 4096

struct request {
    uint32_t pass; /* 0: none */
    bool probe;
    unsigned worker;
    int64_t end_ms;
    bool well;
};

struct message {
    unsigned to;
    int64_t due_ms;
    struct breaker_news news;
};

struct world {
    unsigned seed;
    int64_t now_ms;
    bool well;
    int64_t turned_ms; /* when it last became well or unwell */
    struct breaker breakers[WORKERS];
    struct request requests[SENDING];
    struct message messages[MESSAGES];
    size_t message_count;
    unsigned probes;
    unsigned together; /* probes under way at once, at most */
};

static void world_tell(struct world *world, unsigned from)
{
    struct breaker_news news;
    if (!breaker_news(&world->breakers[from], &news))
        return;
    for (unsigned to = 0; to < WORKERS; to++) {
        if (to == from)
            continue;
        assert_true(world->message_count < MESSAGES);
        world->messages[world->message_count++] =
            (struct message){to, world->now_ms + rand() % 3, news};
    }
}

static void world_hear(struct world *world)
{
    size_t left = 0;
    for (size_t i = 0; i < world->message_count; i++) {
        struct message message = world->messages[i];
        if (message.due_ms <= world->now_ms)
            breaker_hear(&world->breakers[message.to], &message.news);
        else
            world->messages[left++] = message;
    }
    world->message_count = left;
}

static void world_send(struct world *world, unsigned worker)
{
    struct request *free = NULL;
    unsigned probing = 1;
    for (size_t i = 0; i < SENDING; i++) {
        if (world->requests[i].pass == 0)
            free = &world->requests[i];
        else
            probing += world->requests[i].probe;
    }
    struct breaker *breaker = &world->breakers[worker];
    uint32_t pass = free ? breaker_pass(breaker, world->now_ms) : 0;
    if (!pass)
        return;
    bool probe = breaker->state == BREAKER_PROBING;
    int took_ms = 1 + rand() % (world->well ? 50 : (int)TIMEOUT);
    *free = (struct request){pass, probe, worker, world->now_ms + took_ms, world->well};
    world->probes += probe;
    if (probe && probing > world->together)
        world->together = probing;
    world_tell(world, worker);
}

static void world_end_requests(struct world *world)
{
    for (size_t i = 0; i < SENDING; i++) {
        struct request *request = &world->requests[i];
        if (request->pass == 0 || request->end_ms > world->now_ms)
            continue;
        enum breaker_sign sign = request->well ? BREAKER_WELL : BREAKER_UNWELL;
        breaker_end(&world->breakers[request->worker], request->pass, sign, -1, world->now_ms);
        request->pass = 0;
        world_tell(world, request->worker);
    }
}

/* Well for long: all are closed. Unwell for long: none is, and hardly anything is sent. */
static void world_check(const struct world *world)
{
    int64_t since_ms = world->now_ms - world->turned_ms;
    if (since_ms < 3 * (PAUSE + TIMEOUT))
        return;
    for (unsigned i = 0; i < WORKERS; i++)
        if ((world->breakers[i].state == BREAKER_CLOSED) != world->well)
            fail_msg("seed %u: worker %u is %s after %lld ms", world->seed, i,
                     breaker_state_name(world->breakers[i].state), (long long)since_ms);
}

static void world_step(struct world *world)
{
    world->now_ms += rand() % 20;
    if (world->now_ms - world->turned_ms > 200000 && rand() % 1000 == 0) {
        world->well = !world->well;
        world->turned_ms = world->now_ms;
        world->probes = 0;
    }
    world_hear(world);
    world_end_requests(world);
    for (unsigned worker = 0; worker < WORKERS; worker++)
        if (rand() % 4)
            world_send(world, worker);
    world_check(world);
    int64_t pauses = (world->now_ms - world->turned_ms) / PAUSE;
    if (!world->well && world->probes > (unsigned)pauses + WORKERS)
        fail_msg("seed %u: %u probes in %lld pauses", world->seed, world->probes,
                 (long long)pauses);
}

static void several_workers_agree_and_probe_one_at_a_time(void **state)
{
    (void)state;
    static struct world world;
    for (unsigned seed = 0; seed < 30; seed++) {
        srand(seed);
        world = (struct world){.seed = seed, .now_ms = NOW, .turned_ms = NOW, .well = true};
        for (unsigned i = 0; i < WORKERS; i++)
            world.breakers[i] = make(5, i);
        for (int step = 0; step < 100000; step++)
            world_step(&world);
        if (world.together > 1)
            fail_msg("seed %u: %u probes at once", seed, world.together);
    }
}

static void another_receiver_is_tried_at_once(void **state)
{
    (void)state;
    struct breaker breaker = make_open(0);
    uint32_t old_pass = breaker.turn;
    breaker_change(&breaker, (struct breaker_policy){2, PAUSE, TIMEOUT, 0}, false);
    assert_int_equal(breaker_pass(&breaker, NOW), 0);
    breaker_change(&breaker, breaker.policy, true);
    end_one(&breaker, BREAKER_UNWELL, NOW);
    breaker_end(&breaker, old_pass, BREAKER_UNWELL, -1, NOW); /* of the one there was */
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    end_one(&breaker, BREAKER_UNWELL, NOW);
    assert_int_equal(breaker.state, BREAKER_OPEN);
}

static void what_was_sent_to_the_one_there_was_says_nothing(void **state)
{
    (void)state;
    struct breaker breaker = make(2, 0);
    uint32_t old_pass = breaker_pass(&breaker, NOW);
    breaker_change(&breaker, breaker.policy, true);
    for (int i = 0; i < 2; i++)
        breaker_end(&breaker, old_pass, BREAKER_UNWELL, -1, NOW);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    end_one(&breaker, BREAKER_UNWELL, NOW);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    end_one(&breaker, BREAKER_UNWELL, NOW);
    assert_int_equal(breaker.state, BREAKER_OPEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_an_outcome_as_the_endpoint_s_health),
        cmocka_unit_test(opens_after_the_tenth_failure_in_a_row),
        cmocka_unit_test(an_answer_ends_the_row_and_silence_does_not),
        cmocka_unit_test(never_opens_by_itself_with_no_failures_set),
        cmocka_unit_test(lets_exactly_one_probe_go_after_the_pause),
        cmocka_unit_test(a_good_probe_closes_and_a_bad_one_opens_again),
        cmocka_unit_test(counts_from_nothing_after_it_has_closed),
        cmocka_unit_test(a_silent_probe_makes_way_for_the_next),
        cmocka_unit_test(a_longer_retry_after_makes_the_pause_longer),
        cmocka_unit_test(a_retry_after_counts_no_more_after_a_good_answer),
        cmocka_unit_test(a_probe_s_retry_after_counts),
        cmocka_unit_test(what_was_sent_before_it_opened_decides_nothing),
        cmocka_unit_test(a_late_retry_after_makes_the_pause_longer_and_is_told),
        cmocka_unit_test(the_others_open_with_it_and_let_it_probe),
        cmocka_unit_test(another_probes_when_the_one_that_opened_has_nothing_to_send),
        cmocka_unit_test(a_probe_that_is_never_heard_of_again_holds_nobody_for_ever),
        cmocka_unit_test(others_wait_no_longer_than_the_probe_that_has_ended),
        cmocka_unit_test(two_that_probe_at_once_both_count),
        cmocka_unit_test(old_news_change_nothing),
        cmocka_unit_test(another_receiver_is_tried_at_once),
        cmocka_unit_test(what_was_sent_to_the_one_there_was_says_nothing),
        cmocka_unit_test(names_its_states),
        cmocka_unit_test(several_workers_agree_and_probe_one_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
