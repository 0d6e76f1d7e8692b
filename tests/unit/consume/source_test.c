#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "consume/source.h"

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)

/* A fetch may take half of a queue besides. */
static void queues_take_a_quarter_of_the_memory_however_many_there_are(void **state)
{
    (void)state;
    static const struct {
        size_t memory;
        size_t lanes;
        size_t bytes;
    } cases[] = {
        {256 * MIB, 1, 16 * MIB}, /* more is of no use */
        {256 * MIB, 4, 16 * MIB},    {256 * MIB, 64, MIB},
        {256 * MIB, 4096, 16 * KIB}, {64 * MIB, 51, 64 * MIB / 4 / 51},
        {16 * MIB, 2, 2 * MIB},      {16 * MIB, 256, 16 * KIB},
        {16 * MIB, 1000, 16 * KIB}, /* less would not hold a batch */
        {16 * MIB, 0, 4 * MIB},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(source_queue_bytes(cases[i].memory, cases[i].lanes), cases[i].bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queues_take_a_quarter_of_the_memory_however_many_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
