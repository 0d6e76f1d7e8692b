/* Any headers as those of a dead letter: name, value, name, value, …, one a line, 'N' before a null
 * value. What is read must be fit to be handed to a retry topic, and shown on a terminal. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/letter_page.h"
#include "inspect/dead_letters.h"

#define HEADERS_MOST 32

static struct slice next_line(struct slice *text)
{
    const char *end = text->size ? memchr(text->data, '\n', text->size) : NULL;
    size_t size = end ? (size_t)(end - text->data) : text->size;
    struct slice line = {text->data, size};
    *text = slice_from(*text, end ? size + 1 : size);
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct record_header headers[HEADERS_MOST];
    struct dead_letter letter = {.place = 1};
    struct slice text = {data ? (const char *)data : "", size};
    size_t count = 0;
    while (text.size && count < HEADERS_MOST) {
        headers[count].name = next_line(&text);
        struct slice value = next_line(&text);
        headers[count++].value = slice_is(value, "N") ? SLICE_NONE : value;
    }
    if (!letter_read(headers, count, &letter.letter, NULL))
        return 0;
    const struct letter *said = &letter.letter;
    bool fit = said->published_count <= count - 9 && said->published_count + 11 >= count &&
               said->topic.size > 0 && said->partition >= 0 && said->offset >= 0 &&
               said->timestamp_ms >= -1 && said->failed_unix_ms >= 0;
    struct buffer out = {0};
    letter_page_print(&letter, &out);
    letter_page_json(&letter, true, &out);
    if (!fit || memchr(out.data, 0x1b, out.size))
        abort();
    buffer_finish(&out);
    return 0;
}
