#include "decode/framing.h"

#include <stdio.h>

#include "decode/scalar.h"

static uint32_t big_endian(const char *bytes)
{
    const unsigned char *b = (const unsigned char *)bytes;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | (uint32_t)b[3];
}

void framing_find(const struct hints *hints, struct slice value, struct framing *framing)
{
    struct slice header = hints->schema_id;
    *framing = (struct framing){.payload = value};
    if (header.size == 1 + sizeof framing->guid && header.data[0] == 1) {
        framing->kind = FRAMING_GUID;
        memcpy(framing->guid, header.data + 1, sizeof framing->guid);
    } else if (value.size >= 5 && value.data[0] == '\0' && !(value.data[1] & 0x80)) {
        framing->kind = FRAMING_ID;
        framing->id = big_endian(value.data + 1);
        framing->payload = slice_from(value, 5);
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
