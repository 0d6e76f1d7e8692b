/* Any bytes by one of six schemas, which the first byte chooses: JSON, or refused with a reason. */
#include <stdlib.h>

#include "base/compiler.h"
#include "base/jtext.h"
#include "decode/avro.h"
#include "decode/avro_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* clang-format off */
#define TEXT(...) {#__VA_ARGS__, sizeof #__VA_ARGS__ - 1}

static const struct slice schemas[] = {
    TEXT({"type": "record", "name": "tree", "fields": [
        {"name": "left", "type": ["null", "tree"]},
        {"name": "items", "type": {"type": "array", "items": "tree"}}]}),
    TEXT(["null", "boolean", "int", "long", "float", "double", "bytes", "string",
        {"type": "array", "items": "null"},
        {"type": "map", "values": ["null", "string"]},
        {"type": "enum", "name": "e", "symbols": ["A", "B"]},
        {"type": "fixed", "name": "f", "size": 3}]),
    TEXT({"type": "array", "items": {"type": "map", "values": {"type": "record", "name": "r", "fields": [
        {"name": "s", "type": "string"},
        {"name": "n", "type": {"type": "array", "items": {"type": "record", "name": "none", "fields": []}}}]}}}),
    TEXT({"type": "record", "name": "times", "fields": [
        {"name": "a", "type": {"type": "int", "logicalType": "date"}},
        {"name": "b", "type": {"type": "int", "logicalType": "time-millis"}},
        {"name": "c", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "d", "type": {"type": "fixed", "name": "d", "size": 12, "logicalType": "duration"}}]}),
    TEXT({"type": "bytes", "logicalType": "decimal", "precision": 40, "scale": 7}),
    TEXT({"type": "record", "name": "endless", "fields": [
        {"name": "a", "type": "endless"},
        {"name": "b", "type": "endless"}]}),
};
/* clang-format on */

static struct avro_plan *plans[COUNT_OF(schemas)];
static struct avro_reading *reading;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t i = data[0] % COUNT_OF(schemas);
    if (!reading)
        reading = avro_reading_create();
    if (!plans[i])
        plans[i] = avro_plan_create(&schemas[i], 1, NULL);
    struct slice bytes = {(const char *)data + 1, size - 1};
    struct buffer out = {0};
    struct error err = {0};
    struct jtext json = {0};
    if (!avro_reading_to_json(reading, plans[i], bytes, &out, &err)) {
        if (err.kind != ERROR_DECODE || !err.text[0])
            abort();
    } else if (!jtext_read(&json, buffer_slice(&out), &err) && !strstr(err.text, "deep")) {
        abort();
    }
    jtext_finish(&json);
    buffer_finish(&out);
    return 0;
}
