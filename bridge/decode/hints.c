#include "decode/hints.h"

static void look_at(const struct record_header *header, struct hints *hints)
{
    struct slice name = header->name;
    switch (name.size) {
    case sizeof "ce_id" - 1:
        if (slice_equal(name, SLICE("ce_id")))
            hints->id = header->value;
        break;
    case sizeof "ce_type" - 1:
        if (slice_equal(name, SLICE("ce_type")))
            hints->type = header->value;
        break;
    case sizeof "ce_source" - 1:
        if (slice_equal(name, SLICE("ce_source")))
            hints->source = header->value;
        break;
    case sizeof "content-type" - 1:
        if (slice_equal_nocase(name, SLICE("content-type")))
            hints->content_type = header->value;
        break;
    case sizeof "ce_specversion" - 1:
        if (slice_equal(name, SLICE("ce_specversion")))
            hints->specversion = header->value;
        break;
    case sizeof "__value_schema_id" - 1:
        if (slice_equal(name, SLICE("__value_schema_id")))
            hints->schema_id = header->value;
        break;
    default:
        break;
    }
}

void hints_find(const struct record *record, struct hints *hints)
{
    *hints = (struct hints){0};
    for (size_t i = 0; i < record->header_count; i++)
        look_at(&record->headers[i], hints);
}
