/* What goes to people's terminals: how wide they are, how wide a text is there, and bytes from
 * outside made harmless. Thread: main. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/slice.h"

bool terminal_is(FILE *out);

/* Columns; 0 where it isn't a terminal. COLUMNS in the environment is believed first. */
unsigned terminal_columns(FILE *out);

/* May colours be used? (A terminal, not "dumb", and NO_COLOR isn't set.) */
bool terminal_has_colour(FILE *out);

/* `text` as valid UTF-8 that can't steer a terminal: control characters, bytes that are no UTF-8,
 * and characters that turn the reading direction become U+FFFD; line feeds and tabs become spaces
 * unless `lines`. */
void terminal_clean(struct buffer *out, struct slice text, bool lines);

/* Columns that a clean text takes. */
size_t terminal_width(struct slice clean);

/* The beginning of a clean text that takes `columns` at most. */
struct slice terminal_cut(struct slice clean, size_t columns);

/* One line that is written over by the next one: progress on a terminal, nothing elsewhere.
 * NULL as the format takes it away. */
void terminal_progress(FILE *out, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
