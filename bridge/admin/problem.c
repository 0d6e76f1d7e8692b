#include "admin/problem.h"

#include <string.h>

#include "base/jtext.h"

static const char *title_of(unsigned status)
{
    switch (status) {
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 503:
        return "Service Unavailable";
    default:
        return "Internal Server Error";
    }
}

static void begin(struct answer *answer, unsigned status, const char *detail)
{
    struct buffer *body = &answer->body;
    buffer_clear(body);
    answer->status = status;
    answer->content_type = "application/problem+json";
    buffer_add_text(body, "{\"type\":\"about:blank\",\"title\":");
    jtext_add_string(body, slice_of(title_of(status)));
    buffer_print(body, ",\"status\":%u", status);
    if (detail) {
        buffer_add_text(body, ",\"detail\":");
        jtext_add_string(body, slice_of(detail));
    }
}

void problem_answer(struct answer *answer, unsigned status, const char *detail)
{
    begin(answer, status, detail);
    buffer_add_text(&answer->body, "}\n");
}

void problem_answer_reasons(struct answer *answer, unsigned status, const char *detail,
                            struct slice lines)
{
    begin(answer, status, detail);
    buffer_add_text(&answer->body, ",\"reasons\":[");
    const char *gap = "";
    while (lines.size) {
        const char *end = memchr(lines.data, '\n', lines.size);
        struct slice line = {lines.data, end ? (size_t)(end - lines.data) : lines.size};
        lines = slice_from(lines, line.size + (end != NULL));
        if (line.size == 0)
            continue;
        buffer_add_text(&answer->body, gap);
        jtext_add_string(&answer->body, line);
        gap = ",";
    }
    buffer_add_text(&answer->body, "]}\n");
}
