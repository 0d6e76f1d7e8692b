#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "deliver/keys.h"

static const struct siphash_seed seed = {11, 13};

static struct slice name(char text[32], unsigned number)
{
    int size = snprintf(text, 32, "customer-%u", number);
    return (struct slice){text, (size_t)size};
}

static size_t walk(const struct keys *keys)
{
    size_t count = 0;
    for (struct key *key = keys_first(keys); key; key = keys_next(keys, key))
        count++;
    return count;
}

static void finds_what_was_made_until_it_is_dropped(void **state)
{
    (void)state;
    struct keys keys;
    keys_init(&keys, seed);
    assert_null(keys_find(&keys, SLICE("a")));
    assert_null(keys_first(&keys));
    struct key *key = keys_get(&keys, SLICE("a"));
    assert_ptr_equal(keys_get(&keys, SLICE("a")), key);
    assert_ptr_equal(keys_find(&keys, SLICE("a")), key);
    assert_null(keys_find(&keys, SLICE("b")));
    assert_null(keys_find(&keys, SLICE("")));
    keys_drop(&keys, key);
    assert_null(keys_find(&keys, SLICE("a")));
    keys_finish(&keys);
}

static void keys_are_bytes_of_any_kind(void **state)
{
    (void)state;
    static const struct slice names[] = {
        SLICE_INIT(""),     SLICE_INIT("\0"), SLICE_INIT("\0\0"),
        SLICE_INIT("a\0b"), SLICE_INIT("a"),  SLICE_INIT("\xff\xfe"),
    };
    struct keys keys;
    struct key *made[COUNT_OF(names)];
    keys_init(&keys, seed);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        made[i] = keys_get(&keys, names[i]);
    assert_int_equal(keys_count(&keys), COUNT_OF(names));
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_ptr_equal(keys_find(&keys, names[i]), made[i]);
    keys_finish(&keys);
}

static void counts_its_memory_and_gives_it_back(void **state)
{
    (void)state;
    struct keys keys;
    char text[32];
    keys_init(&keys, seed);
    struct key *only = keys_get(&keys, SLICE("only"));
    size_t small = keys.bytes;
    for (unsigned i = 0; i < 50000; i++)
        assert_non_null(keys_get(&keys, name(text, i)));
    assert_int_equal(walk(&keys), 50001);
    assert_in_range(keys.bytes, 50000 * (sizeof(struct key) + 8),
                    50000 * (sizeof(struct key) + 40));
    for (unsigned i = 0; i < 50000; i++)
        keys_drop(&keys, keys_find(&keys, name(text, i)));
    assert_int_equal(walk(&keys), 1);
    assert_ptr_equal(keys_find(&keys, SLICE("only")), only);
    assert_in_range(keys.bytes, 1, small + 1024);
    keys_finish(&keys);
    assert_int_equal(keys.bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_made_until_it_is_dropped),
        cmocka_unit_test(keys_are_bytes_of_any_kind),
        cmocka_unit_test(counts_its_memory_and_gives_it_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
