#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "settle/refused.h"

struct thing {
    struct list link;
    int64_t retry_at_ms;
};

static void put(struct refused *refused, struct thing *thing, int64_t now_ms)
{
    refused_put(refused, &thing->link, &thing->retry_at_ms, now_ms);
}

static struct thing *take(struct refused *refused)
{
    struct list *link = refused_next(refused);
    if (!link)
        return NULL;
    refused_remove(refused, link);
    return CONTAINER_OF(link, struct thing, link);
}

static void a_batch_is_tried_at_once_and_in_its_order(void **state)
{
    (void)state;
    struct refused refused;
    struct thing a = {0};
    struct thing b = {0};
    refused_init(&refused);
    put(&refused, &a, 1000);
    put(&refused, &b, 1000);
    assert_int_equal(refused.count, 2);
    assert_int_equal(a.retry_at_ms, 1000);
    assert_ptr_equal(take(&refused), &a);
    assert_ptr_equal(take(&refused), &b);
    assert_null(take(&refused));
    assert_int_equal(refused.count, 0);
}

static void what_is_refused_alone_waits_behind_what_is_new(void **state)
{
    (void)state;
    struct refused refused;
    struct thing alone = {.retry_at_ms = 1000};
    struct thing fresh = {0};
    refused_init(&refused);
    put(&refused, &alone, 1100);
    put(&refused, &fresh, 1200);
    assert_int_equal(alone.retry_at_ms, 31100);
    assert_ptr_equal(take(&refused), &fresh);
    assert_ptr_equal(take(&refused), &alone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_tried_at_once_and_in_its_order),
        cmocka_unit_test(what_is_refused_alone_waits_behind_what_is_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
