#include "config/problems.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* The file's name is copied, once for a run of problems in the same file: problems outlive the
 * configuration they were found in. */
static const char *keep_file(struct problems *problems, const char *file)
{
    if (!file)
        return NULL;
    const char *last = problems->count ? problems->items[problems->count - 1].at.file : NULL;
    if (last && strcmp(last, file) == 0)
        return last;
    return arena_copy(&problems->arena, slice_of(file));
}

static void make_room(struct problems *problems)
{
    if (problems->count < problems->capacity)
        return;
    size_t capacity = problems->capacity ? problems->capacity * 2 : 16;
    struct problem *items = arena_alloc(&problems->arena, capacity * sizeof *items);
    if (problems->count)
        memcpy(items, problems->items, problems->count * sizeof *items);
    problems->items = items;
    problems->capacity = capacity;
}

void problems_add(struct problems *problems, struct place at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    size_t room = (size_t)(size < 0 ? 0 : size) + 1;
    char *message = arena_alloc(&problems->arena, room);
    va_start(args, format);
    vsnprintf(message, room, format, args);
    va_end(args);

    for (char *p = message; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            *p = ' '; /* what a message repeats of a file must not make two lines of it */
    make_room(problems);
    at.file = keep_file(problems, at.file);
    problems->items[problems->count++] = (struct problem){at, message};
}

static int compare_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

static int compare(const void *left, const void *right)
{
    const struct problem *a = left;
    const struct problem *b = right;
    int by_file = compare_text(a->at.file, b->at.file);
    if (by_file)
        return by_file;
    if (a->at.line != b->at.line)
        return a->at.line < b->at.line ? -1 : 1;
    if (a->at.column != b->at.column)
        return a->at.column < b->at.column ? -1 : 1;
    return compare_text(a->message, b->message);
}

void problems_sort(struct problems *problems)
{
    if (problems->count < 2)
        return;
    qsort(problems->items, problems->count, sizeof *problems->items, compare);
    size_t kept = 1;
    for (size_t i = 1; i < problems->count; i++)
        if (compare(&problems->items[kept - 1], &problems->items[i]) != 0)
            problems->items[kept++] = problems->items[i];
    problems->count = kept;
}

void problems_print(struct problems *problems, FILE *out)
{
    problems_sort(problems);
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->items[i];
        if (problem->at.file && problem->at.line)
            fprintf(out, "%s:%u:%u: ", problem->at.file, problem->at.line, problem->at.column);
        else if (problem->at.file)
            fprintf(out, "%s: ", problem->at.file);
        fprintf(out, "%s\n", problem->message);
    }
}

void problems_finish(struct problems *problems)
{
    arena_finish(&problems->arena);
    *problems = (struct problems){0};
}

struct place text_place(const struct text *text, size_t offset)
{
    struct place at = text->at;
    if (text->column == 0)
        return at;
    at.column = text->column;
    at.line += text->block;
    for (size_t i = 0; i < offset && i < text->size; i++) {
        if (text->data[i] == '\n') {
            at.line++;
            at.column = text->column;
        } else {
            at.column += ((unsigned char)text->data[i] & 0xC0) != 0x80;
        }
    }
    return at;
}

bool text_holds_secret(const struct text *text, struct slice part)
{
    const char *end = text->data + text->size;
    for (const struct text_secret *secret = text->secrets; secret; secret = secret->next) {
        struct slice value = secret->value;
        const char *at = value.size ? text->data : end;
        while (at < end && (at = memmem(at, (size_t)(end - at), value.data, value.size))) {
            if (at < part.data + part.size && part.data < at + value.size)
                return true;
            at++;
        }
    }
    return false;
}
