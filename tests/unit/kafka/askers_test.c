#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <semaphore.h>

#include "kafka/askers.h"

#define QUESTIONS 8

/* Asked, it says its number; one with a gate waits for that. */
struct asked {
    struct question question;
    int number;
    sem_t *gate;
    int heard; /* the number, once it is asked */
};

static sem_t answered;
static struct asked *answers[QUESTIONS];
static size_t answer_count;

static void ask(struct question *question, rd_kafka_t *rk)
{
    struct asked *asked = CONTAINER_OF(question, struct asked, question);
    assert_non_null(rk);
    if (asked->gate)
        sem_wait(asked->gate);
    asked->heard = asked->number;
}

/* Only questions of one turn are answered at a time here. */
static void note_answer(void *context, struct question *question)
{
    (void)context;
    answers[answer_count++] = CONTAINER_OF(question, struct asked, question);
    sem_post(&answered);
}

static struct askers *start(void)
{
    static const struct named_texts properties = {0};
    const struct askers_hooks hooks = {.answer = note_answer};
    struct error err = {0};
    sem_init(&answered, 0, 0);
    answer_count = 0;
    struct askers *askers = askers_create(&properties, &hooks, &err);
    assert_non_null(askers);
    assert_true(askers_start(askers, &err));
    return askers;
}

static void what_is_asked_of_one_turn_is_answered_in_that_order(void **state)
{
    (void)state;
    struct askers *askers = start();
    struct asked asked[QUESTIONS] = {0};
    for (int i = 0; i < QUESTIONS; i++) {
        asked[i].question.ask = ask;
        asked[i].number = i + 1;
        askers_ask(askers, 7, &asked[i].question);
    }
    for (int i = 0; i < QUESTIONS; i++)
        sem_wait(&answered);
    askers_stop(askers);
    for (int i = 0; i < QUESTIONS; i++) {
        assert_ptr_equal(answers[i], &asked[i]);
        assert_int_equal(asked[i].heard, i + 1);
    }
    askers_destroy(askers);
}

static void one_that_is_not_answered_keeps_those_of_another_turn_not_waiting(void **state)
{
    (void)state;
    struct askers *askers = start();
    sem_t gate;
    sem_init(&gate, 0, 0);
    struct asked slow = {.question.ask = ask, .number = 1, .gate = &gate};
    struct asked quick = {.question.ask = ask, .number = 2};
    askers_ask(askers, 0, &slow.question);
    askers_ask(askers, 1, &quick.question);
    sem_wait(&answered);
    assert_int_equal(answer_count, 1);
    assert_ptr_equal(answers[0], &quick);
    sem_post(&gate);
    sem_wait(&answered);
    askers_stop(askers);
    assert_ptr_equal(answers[1], &slow);
    assert_int_equal(slow.heard, 1);
    askers_destroy(askers);
    sem_destroy(&gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked_of_one_turn_is_answered_in_that_order),
        cmocka_unit_test(one_that_is_not_answered_keeps_those_of_another_turn_not_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
