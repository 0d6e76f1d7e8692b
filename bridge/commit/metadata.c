#include "commit/metadata.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"

#define HEAD_BYTES    32                                                /* "g1:POSITION:r:" */
#define PAYLOAD_BYTES ((size_t)((METADATA_BYTES - HEAD_BYTES) / 4 * 3)) /* before base64 */
#define VARINT_BYTES  9                                                 /* of 63 bits */
#define BITMAP_SPAN   ((int64_t)(PAYLOAD_BYTES * 8))

/* ── writing ─────────────────────────────────────────────────────────────── */

/* Walks over what is unfinished, from the position on: the bytes of both forms side by side. */
struct packer {
    int64_t position;
    int64_t next; /* the offset after the last one said */
    unsigned char runs[PAYLOAD_BYTES];
    size_t run_bytes;
    bool runs_full;
    unsigned char bits[PAYLOAD_BYTES];
    size_t bit_bytes;
    bool bits_full;
};

static void add_run(struct packer *packer, uint64_t length)
{
    unsigned char bytes[VARINT_BYTES + 1];
    size_t size = 0;
    do {
        bytes[size] = (unsigned char)((length & 0x7f) | (length > 0x7f ? 0x80 : 0));
        size++;
        length >>= 7;
    } while (length);
    if (packer->runs_full || packer->run_bytes + size > PAYLOAD_BYTES) {
        packer->runs_full = true;
        return;
    }
    memcpy(packer->runs + packer->run_bytes, bytes, size);
    packer->run_bytes += size;
}

static void set_bits(struct packer *packer, int64_t first, int64_t end)
{
    for (int64_t bit = first - packer->position; bit < end - packer->position; bit++) {
        if (bit >= BITMAP_SPAN) {
            packer->bits_full = true;
            return;
        }
        size_t byte = (size_t)bit / 8;
        while (packer->bit_bytes <= byte)
            packer->bits[packer->bit_bytes++] = 0;
        packer->bits[byte] |= (unsigned char)(1U << (bit % 8));
    }
}

/* The offsets from `first` on, before `end`, have finished; those between the last said and
 * `first` have not. */
static void add_finished(struct packer *packer, int64_t first, int64_t end)
{
    if (first >= end)
        return;
    size_t before = packer->run_bytes;
    add_run(packer, (uint64_t)(first - packer->next));
    add_run(packer, (uint64_t)(end - first));
    if (packer->runs_full)
        packer->run_bytes = before; /* one without the other says nothing */
    set_bits(packer, first, end);
    packer->next = end;
}

static void pack(const struct ledger *ledger, struct packer *packer)
{
    int64_t finished_from = packer->position;
    for (size_t place = ledger->first; place != ledger->next; place++) {
        const struct ledger_entry *entry = &ledger->entries[place & (ledger->capacity - 1)];
        if (ledger_counts_as_finished(entry))
            continue;
        add_finished(packer, finished_from, entry->offset);
        finished_from = entry->offset + 1;
    }
    /* What comes after the last one taken is not known, but for what was known before. */
    int64_t seen = ledger->next ? ledger->last_offset + 1 : packer->position;
    for (size_t i = ledger->known_first; i < ledger->known_count; i++) {
        const struct ledger_range *range = &ledger->known[i];
        if (range->end <= seen)
            continue;
        if (range->first > seen) {
            add_finished(packer, finished_from, seen);
            finished_from = range->first;
        }
        seen = range->end;
    }
    add_finished(packer, finished_from, seen);
}

bool metadata_write(const struct ledger *ledger, char text[METADATA_BYTES + 1])
{
    struct packer packer = {.position = ledger_position(ledger)};
    text[0] = '\0';
    if (packer.position < 0)
        return true;
    packer.next = packer.position;
    pack(ledger, &packer);
    if (packer.run_bytes == 0)
        return true;
    bool use_bits = packer.runs_full || (!packer.bits_full && packer.bit_bytes < packer.run_bytes);
    struct buffer out = {.limit = METADATA_BYTES + 1};
    buffer_print(&out, "g1:%" PRId64 ":%c:", packer.position, use_bits ? 'b' : 'r');
    base64_add(&out, use_bits ? (struct slice){(char *)packer.bits, packer.bit_bytes}
                              : (struct slice){(char *)packer.runs, packer.run_bytes});
    bool fine = !out.failed;
    if (fine) {
        memcpy(text, out.data, out.size);
        text[out.size] = '\0';
    }
    buffer_finish(&out);
    return fine;
}

static size_t varint_bytes(int64_t value)
{
    size_t bytes = 1;
    for (; value > 0x7f; value >>= 7)
        bytes++;
    return bytes;
}

/* Runs: each unfinished record may end up between two of finished ones. */
bool metadata_has_room(const struct ledger *ledger, int64_t offset)
{
    int64_t span = offset + 1 - ledger_position(ledger);
    return span <= BITMAP_SPAN ||
           (ledger->unfinished + 2) * 2 * varint_bytes(span) <= PAYLOAD_BYTES;
}

/* ── reading ─────────────────────────────────────────────────────────────── */

struct ranges {
    struct ledger_range *items;
    size_t count;
    size_t capacity;
};

static bool add_range(struct ranges *ranges, int64_t first, int64_t end)
{
    if (ranges->count > 0 && ranges->items[ranges->count - 1].end == first) {
        ranges->items[ranges->count - 1].end = end;
        return true;
    }
    if (ranges->count == ranges->capacity) {
        size_t capacity = ranges->capacity ? ranges->capacity * 2 : 16;
        struct ledger_range *items = realloc(ranges->items, capacity * sizeof *items);
        if (!items)
            return false;
        ranges->items = items;
        ranges->capacity = capacity;
    }
    ranges->items[ranges->count++] = (struct ledger_range){first, end};
    return true;
}

static bool unpack_bits(struct slice bytes, int64_t position, struct ranges *ranges)
{
    for (size_t bit = 0; bit < bytes.size * 8; bit++)
        if ((unsigned char)bytes.data[bit / 8] >> (bit % 8) & 1 &&
            !add_range(ranges, position + (int64_t)bit, position + (int64_t)bit + 1))
            return false;
    return true;
}

static bool take_number(struct slice *bytes, int64_t *value)
{
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 63 && bytes->size > 0; shift += 7) {
        unsigned char byte = (unsigned char)bytes->data[0];
        *bytes = slice_from(*bytes, 1);
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte & 0x80)
            continue;
        *value = (int64_t)number;
        return true;
    }
    return false;
}

static bool unpack_runs(struct slice bytes, int64_t position, struct ranges *ranges)
{
    int64_t unfinished = 0;
    int64_t finished = 0;
    while (bytes.size > 0) {
        if (!take_number(&bytes, &unfinished) || !take_number(&bytes, &finished) || finished == 0 ||
            unfinished > INT64_MAX - position || finished > INT64_MAX - position - unfinished)
            return false;
        if (!add_range(ranges, position + unfinished, position + unfinished + finished))
            return false;
        position += unfinished + finished;
    }
    return true;
}

/* "g1:POSITION:KIND:" before the base64. */
static bool read_head(struct slice *text, int64_t position, char *kind)
{
    char head[HEAD_BYTES];
    for (char k = 'b';; k = 'r') {
        int size = snprintf(head, sizeof head, "g1:%" PRId64 ":%c:", position, k);
        struct slice prefix = {head, (size_t)size};
        if (slice_starts(*text, prefix)) {
            *text = slice_from(*text, prefix.size);
            *kind = k;
            return true;
        }
        if (k == 'r')
            return false;
    }
}

static bool unpack(struct slice text, int64_t position, struct ranges *ranges)
{
    char kind = 0;
    struct buffer bytes = {0};
    bool fine = text.size <= METADATA_BYTES && read_head(&text, position, &kind) &&
                base64_decode(text, &bytes);
    if (fine)
        fine = kind == 'b' ? unpack_bits(buffer_slice(&bytes), position, ranges)
                           : unpack_runs(buffer_slice(&bytes), position, ranges);
    buffer_finish(&bytes);
    return fine;
}

bool metadata_read(struct slice text, int64_t position, struct ledger *ledger, struct error *err)
{
    struct ranges ranges = {0};
    if (text.size == 0 || unpack(text, position, &ranges)) {
        ledger_begin(ledger, position, ranges.items, ranges.count);
        return true;
    }
    free(ranges.items);
    ledger_begin(ledger, position, NULL, 0);
    return error_set(err, ERROR_INPUT, "the commit's metadata at offset %" PRId64 " is not ours",
                     position);
}
