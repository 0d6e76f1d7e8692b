#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "consume/roster.h"

static void finds_owners_by_their_whole_name(void **state)
{
    (void)state;
    struct roster_owner owners[] = {{"a", 4, 1, false}, {"ab", 3, 1, false}, {"b", 2, 1, false}};
    const struct roster roster = {.owners = owners, .owner_count = COUNT_OF(owners)};
    static const struct {
        struct slice name;
        int place;
    } rows[] = {{SLICE_INIT("a"), 4},   {SLICE_INIT("ab"), 3},     {SLICE_INIT("b"), 2},
                {SLICE_INIT(""), -1},   {SLICE_INIT("abc"), -1},   {SLICE_INIT("c"), -1},
                {SLICE_INIT("A"), -1},  {SLICE_INIT("a\0b"), -1},  {SLICE_INIT("\xff"), -1},
                {SLICE_INIT("aa"), -1}, {SLICE_INIT("ab\0\0"), -1}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct roster_owner *owner = roster_find(&roster, rows[i].name);
        assert_int_equal(owner ? (int)owner->subscription : -1, rows[i].place);
    }
    assert_null(roster_find(&(struct roster){0}, SLICE("a")));
}

static void finds_lanes_by_their_group(void **state)
{
    (void)state;
    struct roster_lane lanes[] = {{.group = "grapnel.a"}, {.group = "grapnel.b"}};
    const struct roster roster = {.lanes = lanes, .lane_count = COUNT_OF(lanes)};
    assert_ptr_equal(roster_lane(&roster, "grapnel.b"), &lanes[1]);
    assert_null(roster_lane(&roster, "grapnel.c"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_owners_by_their_whole_name),
        cmocka_unit_test(finds_lanes_by_their_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
