/* Any value in any format: decoded or refused; what paths and variables find in it is JSON. */
#include <stdlib.h>

#include "base/compiler.h"
#include "expr/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One JSON array of all that can be asked for. */
#define ASKED                                                                                      \
    "[{{ . }},{{ .a?.b?[0]? // 1 }},{{ .[\"a b\"]?.c? // .a?[-1]? // 1 }},{{ $headers }},"         \
    "{{ $headers.h }},{{ $key }},{{ $type }}]"

static void check(const struct event *ev, const struct template *template)
{
    struct buffer scratch = {0}, out = {0};
    struct jtext json = {0};
    struct scope scope = {.ev = ev, .scratch = &scratch};
    if (!template_render(template, &scope, &out, NULL) ||
        !jtext_read(&json, buffer_slice(&out), NULL))
        abort();
    jtext_finish(&json);
    buffer_finish(&scratch);
    buffer_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice all = {(const char *)data, size}, half = {all.data, size / 2};
    struct record_header headers[] = {{SLICE("h"), half}, {half, all}, {half, SLICE_NONE}};
    struct record record = {
        .topic = "t", .key = half, .value = all, .headers = headers, .header_count = 3};
    struct arena arena = {0};
    struct template_builder builder = {.arena = &arena};
    struct event ev = {0};
    struct text text = {.data = ASKED, .size = sizeof ASKED - 1};
    template_add_text(&builder, &text, &(struct template_style){ENCODE_NOTHING, ENCODE_JSON, "x"});
    struct template template = template_build(&builder);
    for (int format = FORMAT_AUTO; format <= FORMAT_BINARY; format++)
        if (event_decode(&record, (enum format)format, &ev, NULL))
            check(&ev, &template);
    event_finish(&ev);
    arena_finish(&arena);
    return 0;
}
