#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"

static void gives_zeroed_memory_of_any_size(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t size = 0; size < 20000; size = size * 2 + 1) {
        char *memory = arena_alloc(&arena, size);
        assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 1, size);
    }
    assert_string_equal(arena_copy(&arena, SLICE("ab\0c")), "ab");
    assert_string_equal(arena_copy(&arena, SLICE_NONE), "");
    assert_string_equal(arena_print(&arena, "%d-%s", 1, "x"), "1-x");
    arena_finish(&arena);
}

static char destroyed[8];

static void destroy(void *thing)
{
    strncat(destroyed, thing, 1);
}

static void destroys_what_it_keeps_the_last_first(void **state)
{
    (void)state;
    struct arena arena = {0};
    destroyed[0] = '\0';
    arena_keep(&arena, arena_copy(&arena, SLICE("a")), destroy);
    arena_keep(&arena, arena_copy(&arena, SLICE("b")), destroy);
    assert_string_equal(destroyed, "");
    arena_finish(&arena);
    assert_string_equal(destroyed, "ba");
    arena_finish(&arena);
    assert_string_equal(destroyed, "ba");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_zeroed_memory_of_any_size),
        cmocka_unit_test(destroys_what_it_keeps_the_last_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
