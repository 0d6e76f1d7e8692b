#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/map.h"

#define NAMES 3000

static struct map_node nodes[NAMES];
static char texts[NAMES][32];

static struct slice name(unsigned number)
{
    int size = snprintf(texts[number], 32, "customer-%u", number);
    return (struct slice){texts[number], (size_t)size};
}

static size_t walk(const struct map *map)
{
    size_t count = 0;
    for (struct map_node *node = map_first(map); node; node = map_next(map, node))
        count++;
    return count;
}

static void an_empty_map_has_nothing(void **state)
{
    (void)state;
    struct map map;
    map_init(&map, (struct siphash_seed){1, 2});
    assert_null(map_find(&map, SLICE("a")));
    assert_null(map_first(&map));
    map_finish(&map);
}

static void check_buckets(const struct map *map, unsigned run)
{
    size_t longest = 0;
    for (size_t i = 0; i < map->used; i++) {
        size_t length = 0;
        for (const struct map_node *node = map->buckets[i]; node; node = node->next)
            length++;
        longest = length > longest ? length : longest;
    }
    if (longest > 24)
        fail_msg("seed %u: %zu nodes in one bucket of %zu", run, longest, map->used);
}

/* Against a plain array of which names are there. */
static void holds_exactly_what_it_should_in_random_runs(void **state)
{
    (void)state;
    static bool there[NAMES];
    for (unsigned run = 0; run < 20; run++) {
        srand(run);
        struct map map;
        map_init(&map, (struct siphash_seed){run, 1});
        memset(there, 0, sizeof there);
        for (int step = 0; step < 30000; step++) {
            unsigned number = (unsigned)rand() % NAMES;
            struct map_node *node = map_find(&map, name(number));
            assert_ptr_equal(node, there[number] ? &nodes[number] : NULL);
            bool growing = step / 6000 % 2 == 0;
            if (node && (!growing || rand() % 4 == 0)) {
                map_remove(&map, node);
                there[number] = false;
            } else if (!node && (growing || rand() % 4 == 0)) {
                assert_true(map_add(&map, &nodes[number], name(number)));
                there[number] = true;
            }
        }
        size_t count = 0;
        for (size_t i = 0; i < NAMES; i++)
            count += there[i];
        assert_int_equal(map.count, count);
        assert_int_equal(walk(&map), count);
        check_buckets(&map, run);
        map_finish(&map);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_map_has_nothing),
        cmocka_unit_test(holds_exactly_what_it_should_in_random_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
