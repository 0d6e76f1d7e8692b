#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "expr/decimal.h"

static int order(const char *a, const char *b)
{
    int order = decimal_compare(slice_of(a), slice_of(b));
    return (order > 0) - (order < 0);
}

static void compares_by_every_digit(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        const char *b;
        int order;
    } rows[] = {
        {"0", "0", 0},
        {"0", "1", -1},
        {"9", "10", -1},
        {"12345678901234567890", "12345678901234567891", -1},
        {"12345678901234567890", "12345678901234567890", 0},
        {"9007199254740993", "9007199254740992", 1},
        {"1", "1.0", 0},
        {"1.0", "1.00", 0},
        {"1", "1.0000000000000000000000001", -1},
        {"41.10", "41.1", 0},
        {"41.10", "41.09", 1},
        {"0.1", "0.10000000000000001", -1},
        {"-1", "1", -1},
        {"-1", "-2", 1},
        {"-1.5", "-1.25", -1},
        {"0", "-0", 0},
        {"-0.0", "0e5", 0},
        {"0", "0.0e-3", 0},
        {"-0.000", "0.001", -1},
        {"0", "-0.001", 1},
        {"1e2", "100", 0},
        {"1E+2", "100.0", 0},
        {"1.5e-1", "0.15", 0},
        {"0.00015e3", "0.15", 0},
        {"100e-2", "1", 0},
        {"123.456e1", "1234.56", 0},
        {"10", "1e1", 0},
        {"1e400", "1e401", -1},
        {"1e400", "1e400", 0},
        {"-1e400", "1e-400", -1},
        {"1e-400", "0", 1},
        {"1e99999999999999999999", "1", 1},
        {"1e-99999999999999999999", "1", -1},
        {"0e99999999999999999999", "0", 0},
        {"0.001", "0.01", -1},
        {"1000000000000000000000", "1e21", 0},
        {"999999999999999999999", "1e21", -1},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (order(rows[i].a, rows[i].b) != rows[i].order)
            fail_msg("%s and %s: not %d", rows[i].a, rows[i].b, rows[i].order);
        if (order(rows[i].b, rows[i].a) != -rows[i].order)
            fail_msg("%s and %s: not %d", rows[i].b, rows[i].a, -rows[i].order);
    }
}

/* Where a double holds the number exactly, doubles say the same. */
static void agrees_with_doubles_where_they_are_exact(void **state)
{
    (void)state;
    srand(7);
    for (int i = 0; i < 100000; i++) {
        double values[2];
        char texts[2][64];
        for (int j = 0; j < 2; j++) {
            int scale = rand() % 4;
            values[j] = (double)(rand() % 64 - 32) / (1 << scale) * (rand() % 8 ? 1 : 1024);
            int places = 3 + rand() % 20;
            if (rand() % 2)
                snprintf(texts[j], sizeof texts[j], "%.*f", places, values[j]);
            else
                snprintf(texts[j], sizeof texts[j], "%.*e", places + 8, values[j]);
        }
        int expected = (values[0] > values[1]) - (values[0] < values[1]);
        if (order(texts[0], texts[1]) != expected)
            fail_msg("%s and %s: not %d", texts[0], texts[1], expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares_by_every_digit),
        cmocka_unit_test(agrees_with_doubles_where_they_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
