#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "base/hex.h"

static void writes_lower_case_digits(void **state)
{
    (void)state;
    struct buffer buf = {0};
    hex_add(&buf, SLICE("\x00\x7f\xab\xff"));
    assert_string_equal(buffer_text(&buf), "007fabff");
    buffer_finish(&buf);
}

static void reads_digits_of_either_case(void **state)
{
    (void)state;
    struct buffer buf = {0};
    assert_true(hex_decode(SLICE("007fABff"), &buf));
    assert_true(slice_equal(buffer_slice(&buf), SLICE("\x00\x7f\xab\xff")));
    buffer_finish(&buf);
}

static void refuses_odd_lengths_and_other_characters(void **state)
{
    (void)state;
    static const char *const wrong[] = {"0", "0g", "x0", "00 ", " 00", "0x00"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct buffer buf = {0};
        assert_false(hex_decode(slice_of(wrong[i]), &buf));
        buffer_finish(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_lower_case_digits),
        cmocka_unit_test(reads_digits_of_either_case),
        cmocka_unit_test(refuses_odd_lengths_and_other_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
