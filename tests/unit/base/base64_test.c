#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/base64.h"
#include "base/compiler.h"

/* RFC 4648 §10 */
static const struct {
    const char *bytes;
    const char *text;
} vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

static void encodes_the_published_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        struct buffer buf = {0};
        base64_add(&buf, slice_of(vectors[i].bytes));
        assert_string_equal(buffer_text(&buf), vectors[i].text);
        buffer_finish(&buf);
    }
}

static void decodes_the_published_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        struct buffer buf = {0};
        assert_true(base64_decode(slice_of(vectors[i].text), &buf));
        assert_string_equal(buffer_text(&buf), vectors[i].bytes);
        buffer_finish(&buf);
    }
}

static void brings_back_any_bytes_of_any_length(void **state)
{
    (void)state;
    char bytes[10000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 31 + i / 256);
    for (size_t size = 0; size < sizeof bytes; size += size < 70 ? 1 : 1019) {
        struct buffer text = {0};
        struct buffer back = {0};
        base64_add(&text, (struct slice){bytes, size});
        assert_int_equal(text.size, (size + 2) / 3 * 4);
        assert_true(base64_decode(buffer_slice(&text), &back));
        assert_true(slice_equal(buffer_slice(&back), (struct slice){bytes, size}));
        buffer_finish(&text);
        buffer_finish(&back);
    }
}

static void refuses_what_is_not_base64(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "Z",     "Zg",   "Zg=",      "Zg===",    "====", "=",      "Zm9v\n",
        " Zm9v", "Zm 9", "Zm9v-_==", "Zg==Zg==", "Z===", "Zm9\x80"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct buffer buf = {0};
        assert_false(base64_decode(slice_of(wrong[i]), &buf));
        buffer_finish(&buf);
    }
}

static void fills_a_buffer_to_its_very_limit(void **state)
{
    (void)state;
    struct buffer buf = {.limit = 8};
    base64_add(&buf, SLICE("foobar"));
    assert_false(buf.failed);
    base64_add(&buf, SLICE("f"));
    assert_true(buf.failed);
    buffer_finish(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes_the_published_vectors),
        cmocka_unit_test(decodes_the_published_vectors),
        cmocka_unit_test(brings_back_any_bytes_of_any_length),
        cmocka_unit_test(refuses_what_is_not_base64),
        cmocka_unit_test(fills_a_buffer_to_its_very_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
