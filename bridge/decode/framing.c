#include "decode/framing.h"

#include <stdio.h>

#include "decode/scalar.h"

#define ID_BYTES 5 /* a zero before it */

static uint32_t big_endian(const char *bytes)
{
    const unsigned char *b = (const unsigned char *)bytes;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | (uint32_t)b[3];
}

/* Ids are positive: other bytes that begin with a zero are just bytes. */
static bool names_id(struct slice bytes)
{
    return bytes.size >= ID_BYTES && bytes.data[0] == 0 && !(bytes.data[1] & 0x80);
}

void framing_find(const struct hints *hints, struct slice value, struct framing *framing)
{
    struct slice header = hints->schema_id;
    *framing = (struct framing){.payload = value};
    if (header.size == 1 + sizeof framing->guid && header.data[0] == 1) {
        framing->kind = FRAMING_GUID;
        memcpy(framing->guid, header.data + 1, sizeof framing->guid);
    } else if (header.size == ID_BYTES && names_id(header)) {
        framing->kind = FRAMING_ID;
        framing->id = big_endian(header.data + 1);
    } else if (names_id(value)) {
        framing->kind = FRAMING_ID;
        framing->id = big_endian(value.data + 1);
        framing->payload = slice_from(value, ID_BYTES);
    }
}

void framing_name(const struct framing *framing, char name[FRAMING_NAME_SIZE])
{
    if (framing->kind == FRAMING_ID) {
        snprintf(name, FRAMING_NAME_SIZE, "%u", framing->id);
        return;
    }
    scalar_write_uuid(framing->guid, name);
}

bool framing_same_schema(const struct framing *a, const struct framing *b)
{
    return a->kind == b->kind && a->id == b->id && memcmp(a->guid, b->guid, sizeof a->guid) == 0;
}
