#include "cli/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "cli/terminal.h"

#define GATHERED_ROWS 1000 /* widths are taken from so many */
#define GAP           2
#define ELLIPSIS      "\xE2\x80\xA6"

struct table {
    FILE *out;
    const struct table_column *columns;
    size_t count;
    size_t *widths;
    struct buffer bytes; /* the cells of the rows gathered, one after the other */
    struct buffer sizes; /* a size_t each: how long they are */
    size_t rows;
    bool streams;
    bool colour;
};

struct table *table_create(FILE *out, const struct table_column *columns, size_t count)
{
    struct table *table = calloc(1, sizeof *table);
    size_t *widths = calloc(count, sizeof *widths);
    if (!table || !widths) {
        free(table);
        free(widths);
        return NULL;
    }
    *table = (struct table){.out = out,
                            .columns = columns,
                            .count = count,
                            .widths = widths,
                            .colour = terminal_has_colour(out)};
    for (size_t i = 0; i < count; i++)
        widths[i] = terminal_width(slice_of(columns[i].title));
    return table;
}

void table_destroy(struct table *table)
{
    if (!table)
        return;
    table_flush(table);
    buffer_finish(&table->bytes);
    buffer_finish(&table->sizes);
    free(table->widths);
    free(table);
}

/* Takes `excess` columns away, one at a time from the widest that may be cut. */
static void fit(struct table *table, size_t excess)
{
    for (; excess > 0; excess--) {
        size_t widest = table->count;
        for (size_t i = 0; i < table->count; i++) {
            bool may = table->columns[i].least && table->widths[i] > table->columns[i].least;
            if (may && (widest == table->count || table->widths[i] > table->widths[widest]))
                widest = i;
        }
        if (widest == table->count)
            return;
        table->widths[widest]--;
    }
}

static void fit_terminal(struct table *table)
{
    size_t room = terminal_columns(table->out);
    size_t total = (table->count - 1) * GAP;
    for (size_t i = 0; i < table->count; i++)
        total += table->widths[i];
    if (room && total > room)
        fit(table, total - room);
}

static void put_spaces(FILE *out, size_t count)
{
    fprintf(out, "%*s", (int)count, "");
}

static void put_text(const struct table *table, size_t column, struct slice text,
                     const char *colour)
{
    size_t width = table->widths[column];
    struct slice shown = text;
    bool cut =
        table->columns[column].least && terminal_width(text) > width && terminal_is(table->out);
    if (cut)
        shown = terminal_cut(text, width - 1);
    if (colour)
        fprintf(table->out, "\033[%sm", colour);
    fwrite(shown.data, 1, shown.size, table->out);
    if (cut)
        fputs(ELLIPSIS, table->out);
    if (colour)
        fputs("\033[0m", table->out);
}

static void put_cell(const struct table *table, size_t column, struct slice text,
                     const char *colour)
{
    size_t width = terminal_width(text);
    size_t pad = width < table->widths[column] ? table->widths[column] - width : 0;
    if (table->columns[column].right)
        put_spaces(table->out, pad);
    put_text(table, column, text, table->colour ? colour : NULL);
    bool last = column + 1 == table->count;
    if (!last)
        put_spaces(table->out, (table->columns[column].right ? 0 : pad) + GAP);
}

static void put_titles(const struct table *table)
{
    for (size_t i = 0; i < table->count; i++)
        put_cell(table, i, slice_of(table->columns[i].title), "1");
    fputc('\n', table->out);
}

/* Prints the row whose cells begin at `bytes`; gives where the next one's begin. */
static const char *put_row(const struct table *table, const char *bytes, const size_t *sizes)
{
    for (size_t i = 0; i < table->count; i++) {
        struct slice cell = {bytes, sizes[i]};
        const struct table_column *column = &table->columns[i];
        put_cell(table, i, cell, column->colour ? column->colour(cell) : NULL);
        bytes += sizes[i];
    }
    fputc('\n', table->out);
    return bytes;
}

void table_flush(struct table *table)
{
    if (!table->streams) {
        fit_terminal(table);
        put_titles(table);
    }
    table->streams = true;
    const char *bytes = buffer_slice(&table->bytes).data;
    const size_t *sizes = (const size_t *)(const void *)table->sizes.data;
    for (size_t row = 0; row < table->rows; row++)
        bytes = put_row(table, bytes, sizes + row * table->count);
    table->rows = 0;
    buffer_clear(&table->bytes);
    buffer_clear(&table->sizes);
    fflush(table->out);
}

bool table_add(struct table *table, const struct slice *cells)
{
    size_t bytes_before = table->bytes.size;
    size_t sizes_before = table->sizes.size;
    for (size_t i = 0; i < table->count; i++) {
        size_t start = table->bytes.size;
        terminal_clean(&table->bytes, cells[i], false);
        size_t size = table->bytes.size - start;
        buffer_add(&table->sizes, &size, sizeof size);
        size_t width = terminal_width(slice_from(buffer_slice(&table->bytes), start));
        if (!table->streams && width > table->widths[i])
            table->widths[i] = width;
    }
    if (table->bytes.failed || table->sizes.failed) {
        table->bytes.size = bytes_before;
        table->sizes.size = sizes_before;
        table->bytes.failed = table->sizes.failed = false;
        return false;
    }
    table->rows++;
    if (table->streams || table->rows == GATHERED_ROWS)
        table_flush(table);
    return true;
}
