#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "base/heap.h"

static void gives_the_smallest_key_first(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct heap_node nodes[64] = {0};
    for (unsigned i = 0; i < COUNT_OF(nodes); i++)
        assert_true(heap_push(&heap, &nodes[i], (int64_t)(i * 37 % 64)));
    for (int64_t want = 0; want < 64; want++) {
        struct heap_node *first = heap_first(&heap);
        assert_int_equal(first->key, want);
        heap_remove(&heap, first);
        assert_false(heap_holds(first));
    }
    assert_null(heap_first(&heap));
    heap_finish(&heap);
}

static void keeps_the_order_of_equal_keys(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct heap_node nodes[10] = {0};
    for (unsigned i = 0; i < COUNT_OF(nodes); i++)
        assert_true(heap_push(&heap, &nodes[i], 5));
    for (unsigned i = 0; i < COUNT_OF(nodes); i++) {
        assert_ptr_equal(heap_first(&heap), &nodes[i]);
        heap_remove(&heap, &nodes[i]);
    }
    heap_finish(&heap);
}

static void removes_from_the_middle(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct heap_node nodes[100] = {0};
    srand(7);
    for (unsigned i = 0; i < COUNT_OF(nodes); i++)
        assert_true(heap_push(&heap, &nodes[i], rand() % 50));
    for (unsigned i = 0; i < COUNT_OF(nodes); i += 3)
        heap_remove(&heap, &nodes[i]);
    int64_t last = -1;
    size_t left = 0;
    for (struct heap_node *first = heap_first(&heap); first; first = heap_first(&heap)) {
        assert_true(first->key >= last);
        assert_int_not_equal((first - nodes) % 3, 0);
        last = first->key;
        heap_remove(&heap, first);
        left++;
    }
    assert_int_equal(left, 66);
    heap_finish(&heap);
}

static void removing_what_is_in_no_heap_does_nothing(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct heap_node node = {0};
    heap_remove(&heap, &node);
    assert_false(heap_holds(&node));
    heap_finish(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_smallest_key_first),
        cmocka_unit_test(keeps_the_order_of_equal_keys),
        cmocka_unit_test(removes_from_the_middle),
        cmocka_unit_test(removing_what_is_in_no_heap_does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
