/* Any bytes as a record of what is remembered, its key and value parted by the first line feed:
 * what is taken for one is written again as it was read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "settle/state.h"

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void read_back(const struct state *state)
{
    static struct state_reader reader;
    struct buffer key = {0}, value = {0};
    struct state again;
    state_write(state, &key, &value);
    check(state_read(&reader, buffer_slice(&key), buffer_slice(&value), &again, NULL));
    check(again.kind == state->kind && slice_equal(again.subscription, state->subscription));
    check(slice_equal(again.key, state->key));
    buffer_finish(&key);
    buffer_finish(&value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct state_reader reader;
    struct state state;
    const char *text = (const char *)data;
    const char *end = size ? memchr(text, '\n', size) : NULL;
    size_t key_size = end ? (size_t)(end - text) : size;
    struct slice value = end ? (struct slice){end + 1, size - key_size - 1} : SLICE_NONE;
    if (data && state_read(&reader, (struct slice){text, key_size}, value, &state, NULL) &&
        state.kind != STATE_FORGOTTEN)
        read_back(&state);
    return 0;
}
