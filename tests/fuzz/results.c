/* Any bytes as a record of the results topic, shown on a terminal of some width: what comes out is
 * UTF-8 without control characters, and no wider than it may be. */
#include <stdint.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "cli/terminal.h"
#include "inspect/results.h"

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void show(struct slice text, size_t columns)
{
    struct buffer clean = {0}, again = {0};
    terminal_clean(&clean, text, false);
    struct slice shown = buffer_slice(&clean);
    check(utf8_valid(shown));
    for (size_t i = 0; i < shown.size; i++)
        check((unsigned char)shown.data[i] >= 0x20 && shown.data[i] != 0x7f);
    terminal_clean(&again, shown, true);
    check(slice_equal(shown, buffer_slice(&again)));
    check(terminal_width(terminal_cut(shown, columns)) <= columns);
    check(utf8_valid(terminal_cut(shown, columns)));
    buffer_finish(&clean);
    buffer_finish(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct results_reader reader;
    struct slice text = {(const char *)data, size};
    struct result_row row;
    show(text, size % 97);
    if (data && results_read(&reader, text, &row, NULL))
        show(row.error, size % 31);
    return 0;
}
