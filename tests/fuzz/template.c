/* Any template, for any place: compiled or refused; what it renders can't leave its place. */
#include <stdlib.h>

#include "expr/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct record record = {
    .topic = "t",
    .value =
        SLICE_INIT("{\"a\":\"/?#\\r\\n\\u0000\\\"\",\"b\":[1,{\"c\":null}],\"}}\":\"\xC3\xA9\"}"),
};

static void check(enum encoding encoding, struct slice out)
{
    for (size_t i = 0; i < out.size; i++) {
        unsigned char c = (unsigned char)out.data[i];
        bool in_uri = encoding >= ENCODE_URI && encoding <= ENCODE_FORM;
        bool in_xml = encoding == ENCODE_XML_TEXT || encoding == ENCODE_XML_ATTRIBUTE;
        if ((encoding == ENCODE_HEADER && c < 0x20 && c != '\t') ||
            (encoding == ENCODE_JSON_STRING && c < 0x20) ||
            (in_xml && (c == '<' || (c < 0x20 && !strchr("\t\n", c)))) ||
            (encoding == ENCODE_XML_ATTRIBUTE && c == '"') ||
            (in_uri && (c <= 0x20 || c >= 0x7F || strchr("?#&=\"<>", c))) ||
            ((encoding == ENCODE_URI || encoding == ENCODE_FORM) && c == '/'))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct event ev = {0};
    struct buffer scratch = {0}, out = {0};
    struct scope scope = {.ev = &ev, .id = SLICE("t-0-0"), .scratch = &scratch};
    if (!event_decode(&record, FORMAT_JSON, &ev, NULL))
        abort();
    for (enum encoding encoding = ENCODE_NOTHING; encoding <= ENCODE_JSON_STRING; encoding++) {
        struct arena arena = {0};
        struct problems problems = {0};
        struct template_builder builder = {.arena = &arena, .problems = &problems};
        struct text text = {.data = (const char *)data, .size = size};
        template_add_text(&builder, &text, &(struct template_style){encoding, encoding, "x"});
        struct template template = template_build(&builder);
        buffer_clear(&out);
        if (!problems.count && template_render(&template, &scope, &out, NULL))
            check(encoding, buffer_slice(&out));
        problems_finish(&problems);
        arena_finish(&arena);
    }
    buffer_finish(&scratch);
    buffer_finish(&out);
    event_finish(&ev);
    return 0;
}
