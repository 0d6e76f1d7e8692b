/* A list for people: columns as wide as what is in them, cut to fit the terminal; whole where the
 * output goes elsewhere. Rows are gathered until the widths are known, then they stream.
 * Thread: main. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/slice.h"

struct table;

struct table_column {
    const char *title;
    bool right;     /* numbers */
    unsigned least; /* columns it may be cut to where the terminal is too narrow; 0: never cut */
    /* The colour of a cell, as an SGR parameter ("31"); NULL: none. NULL where all are plain. */
    const char *(*colour)(struct slice cell);
};

/* The columns are borrowed. NULL: no memory. */
struct table *table_create(FILE *out, const struct table_column *columns, size_t count);

/* Prints what is gathered, and frees it. NULL is fine. */
void table_destroy(struct table *table);

/* A row, of as many cells as there are columns; copied, and cleaned of what could steer the
 * terminal. False: no memory; the row is left out. */
bool table_add(struct table *table, const struct slice *cells);

/* Prints what is gathered. From now on each row is printed at once, in the widths of these. */
void table_flush(struct table *table);

#endif
