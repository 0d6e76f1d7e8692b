#include "base/log.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

#define LINE_BYTES 4096
#define GATE_MS    60000

static enum log_level _Atomic lowest = LOG_INFO; /* a reload may change them */
static enum log_format _Atomic shape = LOG_TEXT;

static const char *const level_names[] = {"debug", "info", "warn", "error"};

struct line {
    char text[LINE_BYTES];
    size_t size;
    bool full;             /* something did not fit */
    enum log_format shape; /* one line has one, whatever changes meanwhile */
};

static void add_char(struct line *line, char c)
{
    if (line->size < sizeof line->text - 2) /* room for the closing `}\n` */
        line->text[line->size++] = c;
    else
        line->full = true;
}

static void add_raw(struct line *line, struct slice text)
{
    for (size_t i = 0; i < text.size; i++)
        add_char(line, text.data[i]);
}

static void add_escaped(struct line *line, struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        char escape[8];
        if (c == '"' || c == '\\')
            snprintf(escape, sizeof escape, "\\%c", c);
        else if (c == '\n')
            snprintf(escape, sizeof escape, "\\n");
        else if (c < 0x20 || c == 0x7f)
            snprintf(escape, sizeof escape, "\\u%04x", c);
        else
            snprintf(escape, sizeof escape, "%c", c);
        add_raw(line, slice_of(escape));
    }
}

static void add_quoted(struct line *line, struct slice text)
{
    add_char(line, '"');
    add_escaped(line, text);
    add_char(line, '"');
}

static bool is_plain(struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f)
            return false;
    }
    return text.size > 0;
}

static void add_value(struct line *line, const struct log_field *field)
{
    char digits[24];
    if (field->type == LOG_FIELD_INT) {
        snprintf(digits, sizeof digits, "%lld", (long long)field->number);
        add_raw(line, slice_of(digits));
    } else if (line->shape == LOG_TEXT && is_plain(field->text)) {
        add_raw(line, field->text);
    } else {
        add_quoted(line, field->text);
    }
}

static void text_head(struct line *line, const char *when, enum log_level level,
                      const char *message)
{
    char head[64];
    snprintf(head, sizeof head, "%s %-5s ", when, level_names[level]);
    add_raw(line, slice_of(head));
    add_escaped(line, slice_of(message));
}

static void json_head(struct line *line, const char *when, enum log_level level,
                      const char *message)
{
    char head[80];
    snprintf(head, sizeof head, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":", when,
             level_names[level]);
    add_raw(line, slice_of(head));
    add_quoted(line, slice_of(message));
}

/* A field that does not fit is left out whole: half of one would make the JSON invalid. */
static void add_field(struct line *line, const struct log_field *field)
{
    size_t before = line->size;
    add_char(line, line->shape == LOG_JSON ? ',' : ' ');
    if (line->shape == LOG_JSON)
        add_quoted(line, slice_of(field->key));
    else
        add_raw(line, slice_of(field->key));
    add_char(line, line->shape == LOG_JSON ? ':' : '=');
    add_value(line, field);
    if (line->full)
        line->size = before;
}

void log_configure(enum log_level level, enum log_format format)
{
    lowest = level;
    shape = format;
}

bool log_enabled(enum log_level level)
{
    return level >= lowest;
}

void log_write(enum log_level level, const char *message, const struct log_field *fields,
               size_t count)
{
    struct line line = {.shape = shape};
    char when[CLOCK_ISO_SIZE];
    clock_iso(clock_unix_ms(), when);
    if (line.shape == LOG_JSON)
        json_head(&line, when, level, message);
    else
        text_head(&line, when, level, message);
    for (size_t i = 0; i < count && !line.full; i++)
        add_field(&line, &fields[i]);
    if (line.shape == LOG_JSON)
        line.text[line.size++] = '}';
    line.text[line.size++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line.text, line.size);
    (void)ignored; /* nobody to tell */
}

bool log_gate_open(struct log_gate *gate, int64_t now_ms, uint64_t *held_back)
{
    if (now_ms < gate->next_ms) {
        gate->held_back++;
        return false;
    }
    *held_back = gate->held_back;
    gate->held_back = 0;
    gate->next_ms = now_ms + GATE_MS;
    return true;
}
