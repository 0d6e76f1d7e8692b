#include "cli/demo_page.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "cli/terminal.h"

#define WIDTH       80
#define MARGIN      2
#define LABEL_WIDTH 14
#define TEXT_COLUMN (MARGIN + LABEL_WIDTH)
#define TEXT_WIDTH  (WIDTH - TEXT_COLUMN)
#define NAME_WIDTH  26

static bool is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *value = getenv(names[i]); /* NOLINT(concurrency-mt-unsafe): nobody sets it */
        if (value && *value)
            return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
    }
    return false;
}

void demo_page_open(struct demo_page *page, FILE *out)
{
    page->out = out;
    page->colour = terminal_has_colour(out);
    page->glyphs = is_utf8();
}

static void put(const struct demo_page *page, enum demo_tone tone, struct slice text)
{
    static const char *const codes[] = {
        [DEMO_QUIET] = "2", [DEMO_STRONG] = "1", [DEMO_GOOD] = "32", [DEMO_BAD] = "31"};
    if (tone != DEMO_PLAIN && page->colour)
        fprintf(page->out, "\033[%sm%.*s\033[0m", codes[tone], SLICE_ARGS(text));
    else
        fprintf(page->out, "%.*s", SLICE_ARGS(text));
}

static void pad(const struct demo_page *page, size_t used, size_t width)
{
    fprintf(page->out, "%*s", used < width ? (int)(width - used) : 1, "");
}

/* The margin and the label: what stands before the column of texts. */
static void begin_line(const struct demo_page *page, const char *label)
{
    fprintf(page->out, "%*s", MARGIN, "");
    put(page, DEMO_QUIET, slice_of(label));
    fprintf(page->out, "%*s", LABEL_WIDTH - (int)strlen(label), "");
}

const char *demo_page_mark(const struct demo_page *page, bool good)
{
    if (page->glyphs)
        return good ? "✓" : "✗";
    return good ? "ok:" : "FAILED:";
}

void demo_page_gap(const struct demo_page *page)
{
    fputc('\n', page->out);
    fflush(page->out);
}

void demo_page_section(const struct demo_page *page, size_t number, const char *title)
{
    char lead[32] = "";
    if (number)
        snprintf(lead, sizeof(lead), "%zu  ", number);
    fprintf(page->out, "\n%*s", MARGIN, "");
    put(page, DEMO_QUIET, slice_of(lead));
    put(page, DEMO_STRONG, slice_of(title));
    fputc(' ', page->out);
    struct buffer rule = {0};
    size_t used = MARGIN + strlen(lead) + terminal_width(slice_of(title)) + 1;
    for (; used < WIDTH; used++)
        buffer_add_text(&rule, page->glyphs ? "─" : "-");
    put(page, DEMO_QUIET, buffer_slice(&rule));
    buffer_finish(&rule);
    fputs("\n\n", page->out);
}

void demo_page_line(const struct demo_page *page, const char *label, enum demo_tone tone,
                    const char *format, ...)
{
    char text[512];
    struct buffer clean = {0};
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    terminal_clean(&clean, slice_of(text), false);
    begin_line(page, label);
    put(page, tone, buffer_slice(&clean));
    buffer_finish(&clean);
    fputc('\n', page->out);
}

/* As much of the text as one line takes: up to the last comma or space there, if there is one. */
static struct slice first_line(struct slice text)
{
    struct slice line = terminal_cut(text, TEXT_WIDTH);
    if (line.size == text.size)
        return line;
    for (size_t i = line.size; i > line.size / 2; i--)
        if (strchr(", &", line.data[i - 1]))
            return (struct slice){line.data, i};
    return line.size ? line : (struct slice){text.data, 1};
}

void demo_page_text(const struct demo_page *page, enum demo_tone tone, struct slice text)
{
    struct buffer clean = {0};
    terminal_clean(&clean, text, false);
    struct slice rest = buffer_slice(&clean);
    while (rest.size) {
        struct slice line = first_line(rest);
        begin_line(page, "");
        put(page, tone, line);
        fputc('\n', page->out);
        rest = slice_from(rest, line.size);
    }
    buffer_finish(&clean);
}

void demo_page_lines(const struct demo_page *page, const char *label, const char *text,
                     size_t indent)
{
    while (*text) {
        size_t size = strcspn(text, "\n");
        size_t skipped = size < indent ? size : indent;
        begin_line(page, label);
        put(page, DEMO_PLAIN, (struct slice){text + skipped, size - skipped});
        fputc('\n', page->out);
        text += size + (text[size] == '\n');
        label = "";
    }
}

void demo_page_field(const struct demo_page *page, struct slice name, struct slice value,
                     const char *note, enum demo_tone note_tone)
{
    struct buffer clean = {0};
    terminal_clean(&clean, value, false);
    size_t room = TEXT_WIDTH - NAME_WIDTH - (note ? strlen(note) + 2 : 0);
    struct slice shown = terminal_cut(buffer_slice(&clean), room);
    const char *more = "";
    if (shown.size < clean.size) {
        more = page->glyphs ? "…" : "...";
        shown = terminal_cut(shown, room - terminal_width(slice_of(more)));
    }
    begin_line(page, "");
    put(page, DEMO_QUIET, name);
    pad(page, name.size, NAME_WIDTH);
    put(page, DEMO_PLAIN, shown);
    fputs(more, page->out);
    if (note) {
        fputs("  ", page->out);
        put(page, note_tone, slice_of(note));
    }
    fputc('\n', page->out);
    buffer_finish(&clean);
}

void demo_page_request(const struct demo_page *page, const char *method, const char *target,
                       const char *answer, enum demo_tone tone)
{
    struct buffer clean = {0};
    terminal_clean(&clean, slice_of(target), false);
    begin_line(page, "webhook");
    put(page, DEMO_STRONG, slice_of(method));
    fputc(' ', page->out);
    put(page, DEMO_STRONG, buffer_slice(&clean));
    size_t used = strlen(method) + 1 + terminal_width(buffer_slice(&clean));
    pad(page, used, TEXT_WIDTH - strlen(answer));
    put(page, tone, slice_of(answer));
    fputc('\n', page->out);
    buffer_finish(&clean);
}
