#include "inspect/results.h"

void results_reader_finish(struct results_reader *reader)
{
    jtext_finish(&reader->json);
    buffer_finish(&reader->scratch);
    event_finish(&reader->ev);
}

bool results_text(struct results_reader *reader, struct slice value, struct slice *text,
                  struct error *err)
{
    *text = value;
    if (value.size == 0 || value.data[0] != '\0')
        return true;
    reader->record = (struct record){.topic = "", .value = value};
    if (!decoder_decode_now(reader->decoder, &reader->record, FORMAT_AUTO, &reader->ev, err))
        return false;
    *text = reader->ev.value;
    return true;
}

static const struct {
    const char *name;
    size_t offset;
} fields[] = {
#define FIELD(name)                                                                                \
    {                                                                                              \
#name, offsetof(struct result_row, name)                                                   \
    }
    FIELD(id),         FIELD(subscription), FIELD(event_type), FIELD(topic),       FIELD(partition),
    FIELD(offset),     FIELD(timestamp),    FIELD(outcome),    FIELD(attempt),     FIELD(status),
    FIELD(error_kind), FIELD(error),        FIELD(started_at), FIELD(duration_ms),
#undef FIELD
};

static struct slice read_field(struct results_reader *reader, const char *name)
{
    uint32_t value = jtext_member(&reader->json, JTEXT_ROOT, slice_of(name));
    if (value == JTEXT_NOTHING)
        return SLICE_NONE;
    struct slice text = jtext_value(&reader->json, value);
    switch (jtext_kind(text)) {
    case JTEXT_NULL:
        return SLICE_NONE;
    case JTEXT_STRING:
        return jtext_string(text, &reader->scratch);
    default:
        return text;
    }
}

bool results_read(struct results_reader *reader, struct slice text, struct result_row *row,
                  struct error *err)
{
    if (!text.data || !jtext_read(&reader->json, text, err) ||
        jtext_kind(jtext_value(&reader->json, JTEXT_ROOT)) != JTEXT_OBJECT)
        return error_set(err, ERROR_DECODE, "not a result");
    /* Unescaped, no string is longer than it was: what is added below stays where it is. */
    buffer_clear(&reader->scratch);
    if (!buffer_reserve(&reader->scratch, text.size))
        return error_set(err, ERROR_MEMORY, "no memory for a result");
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        struct slice *field = (struct slice *)(void *)((char *)row + fields[i].offset);
        *field = read_field(reader, fields[i].name);
    }
    return true;
}
