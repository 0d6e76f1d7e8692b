#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "base/utf8.h"

static void tells_how_much_is_valid(void **state)
{
    (void)state;
    static const struct {
        struct slice text;
        size_t valid;
    } rows[] = {
        {SLICE_INIT(""), 0},
        {SLICE_INIT("ascii, and more of it than sixteen"), 34},
        {SLICE_INIT("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), 9},
        {SLICE_INIT("a\0b"), 3},
        {SLICE_INIT("ab\x80"), 2},
        {SLICE_INIT("ab\xC3"), 2},
        {SLICE_INIT("ab\xE2\x82"), 2},
        {SLICE_INIT("ab\xC0\xAF"), 2},         /* overlong */
        {SLICE_INIT("ab\xE0\x9F\xBF"), 2},     /* overlong */
        {SLICE_INIT("ab\xE0\xA0\x80"), 5},     /* U+0800 */
        {SLICE_INIT("ab\xF0\x8F\xBF\xBF"), 2}, /* overlong */
        {SLICE_INIT("ab\xF0\x90\x80\x80"), 6}, /* U+10000 */
        {SLICE_INIT("ab\xED\x9F\xBF"), 5},     /* U+D7FF */
        {SLICE_INIT("ab\xED\xA0\x80"), 2},     /* a surrogate */
        {SLICE_INIT("ab\xF4\x8F\xBF\xBF"), 6}, /* U+10FFFF */
        {SLICE_INIT("ab\xF4\x90\x80\x80"), 2},
        {SLICE_INIT("ab\xF8\x88\x80\x80\x80"), 2},
        {SLICE_INIT("sixteen bytes...\xC3\xA9sixteen bytes...\xFF"), 34},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(utf8_valid_bytes(rows[i].text), rows[i].valid);
}

static void writes_what_it_accepts(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        char bytes[4];
        size_t size = utf8_write(code, bytes);
        bool surrogate = code >= 0xD800 && code <= 0xDFFF;
        assert_int_equal(utf8_sequence(bytes, bytes + size), surrogate ? 0 : size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_how_much_is_valid),
        cmocka_unit_test(writes_what_it_accepts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
