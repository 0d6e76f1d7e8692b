/* How a value names the schema that a registry has for it (Confluent's wire format): five bytes
 * before it, a zero and the schema's id, big-endian; or the header __value_schema_id, a one and the
 * sixteen bytes of a GUID, and then nothing stands before the value. Confluent's serializers write
 * GUIDs only, but what reads them (SchemaId.fromBytes in DualSchemaIdDeserializer) takes the five
 * bytes there as well. Pure. */
#ifndef DECODE_FRAMING_H
#define DECODE_FRAMING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "decode/hints.h"

enum framing_kind { FRAMING_NONE, FRAMING_ID, FRAMING_GUID };

struct framing {
    enum framing_kind kind;
    uint32_t id;          /* FRAMING_ID */
    char guid[16];        /* FRAMING_GUID */
    struct slice payload; /* the value without what names the schema */
};

/* The header comes first. One that is not of that shape says nothing. */
void framing_find(const struct hints *hints, struct slice value, struct framing *framing);

/* "7", "5f0c1f5e-8c1d-4a55-9f6b-1e6a2f1c9d77": for paths and errors. */
#define FRAMING_NAME_SIZE 40
void framing_name(const struct framing *framing, char name[FRAMING_NAME_SIZE]);

bool framing_same_schema(const struct framing *a, const struct framing *b);

#endif
