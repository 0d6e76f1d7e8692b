#include "rendering.h"

#include <zlib.h>

#include "render/gzip.h"

/* What a receiver makes of it; false: it is no gzip, or not all of it is. */
static bool unpack(struct slice packed, char *out, size_t *size)
{
    z_stream stream = {.next_in = (z_const Bytef *)packed.data,
                       .avail_in = (uInt)packed.size,
                       .next_out = (Bytef *)out,
                       .avail_out = (uInt)*size};
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    int code = inflate(&stream, Z_FINISH);
    *size = stream.total_out;
    bool whole = code == Z_STREAM_END && stream.avail_in == 0;
    inflateEnd(&stream);
    return whole;
}

static void add_text(struct buffer *text, size_t size)
{
    for (unsigned i = 0; text->size < size; i++)
        buffer_print(text, "{\"sku\":\"A-%u\"},", i);
    text->size = size;
}

static void a_receiver_gets_back_what_was_packed(void **state)
{
    (void)state;
    static const size_t sizes[] = {100, 1000, 100000, 3000000, 500};
    struct gzip *gzip = gzip_create();
    struct buffer text = {0};
    struct buffer packed = {0};
    struct buffer alone = {0};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        buffer_clear(&text);
        buffer_clear(&packed);
        buffer_clear(&alone);
        add_text(&text, sizes[i]);
        assert_true(gzip_pack(gzip, buffer_slice(&text), &packed));
        assert_true(packed.size < text.size);
        size_t size = text.size + 1;
        char *out = malloc(size);
        assert_true(unpack(buffer_slice(&packed), out, &size));
        assert_int_equal(size, text.size);
        assert_memory_equal(out, text.data, size);
        free(out);
        assert_true(gzip_pack(NULL, buffer_slice(&text), &alone));
        assert_true(slice_equal(buffer_slice(&packed), buffer_slice(&alone)));
    }
    gzip_destroy(gzip);
    buffer_finish(&text);
    buffer_finish(&packed);
    buffer_finish(&alone);
}

static void leaves_what_gets_no_smaller(void **state)
{
    (void)state;
    struct gzip *gzip = gzip_create();
    struct buffer noise = {0};
    struct buffer text = {0};
    struct buffer packed = {0};
    uint32_t seed = 1;
    for (size_t i = 0; i < 5000; i++) {
        seed = seed * 1664525 + 1013904223;
        buffer_add_char(&noise, (char)(seed >> 24));
    }
    const struct slice rows[] = {SLICE(""), SLICE("a"), SLICE("{\"a\":1}"), buffer_slice(&noise)};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_false(gzip_pack(gzip, rows[i], &packed));
        assert_int_equal(packed.size, 0);
    }
    add_text(&text, 1000); /* and the next one is packed again */
    assert_true(gzip_pack(gzip, buffer_slice(&text), &packed));
    gzip_destroy(gzip);
    buffer_finish(&noise);
    buffer_finish(&text);
    buffer_finish(&packed);
}

static void packs_a_requests_body_from_a_size_on(void **state)
{
    (void)state;
    struct buffer text = {0};
    buffer_add_char(&text, '"');
    add_text(&text, 999);
    for (size_t i = 1; i < text.size; i++)
        text.data[i] = text.data[i] == '"' ? '\'' : text.data[i];
    buffer_add_char(&text, '"');
    struct record record = {.topic = "t", .value = buffer_slice(&text)};
    static const struct {
        const char *keys;
        bool packed;
    } rows[] = {
        {"gzip: 1000B", true},
        {"gzip: 1001B", false},
        {"gzip: null", false},
        {"gzip: 1B, body: { json: { a: \"{{ . }}\" } }", true},
        {"gzip: 1B, body: { text: short }", false},
        {"gzip: 1B, body: none", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fixture f;
        char yaml[256];
        char out[2000];
        size_t size = sizeof out;
        snprintf(yaml, sizeof yaml,
                 "request: { url: \"https://h/\", %s }\ndelivery: { max_body: "
                 "1010B }",
                 rows[i].keys);
        assert_true(render(&f, yaml, &record));
        assert_int_equal(strstr(lines(&f.request), "Content-Encoding: gzip\n") != NULL,
                         rows[i].packed);
        assert_int_equal(f.request.unpacked.data != NULL, rows[i].packed);
        if (rows[i].packed) {
            assert_true(unpack(f.request.body, out, &size));
            assert_true(slice_equal((struct slice){out, size}, f.request.unpacked));
        }
        finish(&f);
    }
    struct fixture f;
    assert_false(render(
        &f, "request: { url: \"https://h/\", gzip: 1B }\ndelivery: { max_body: 999B }", &record));
    assert_int_equal(f.err.kind, ERROR_TOO_LARGE);
    finish(&f);
    buffer_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_receiver_gets_back_what_was_packed),
        cmocka_unit_test(leaves_what_gets_no_smaller),
        cmocka_unit_test(packs_a_requests_body_from_a_size_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
