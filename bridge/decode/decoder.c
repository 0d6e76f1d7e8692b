#include "decode/decoder.h"

#include <stdlib.h>

#include "decode/avro.h"
#include "decode/avro_plan.h"
#include "decode/framing.h"
#include "decode/registry.h"

struct decoder {
    struct registry *registry; /* NULL: none is configured */
    struct avro_reading *reading;
    struct registry_schema *awaited; /* by the record that was decoded last */
    struct loop *loop;               /* our own; NULL: the caller's */
};

/* ── life ────────────────────────────────────────────────────────────────── */

static bool open_registry(struct decoder *decoder, const struct registry_options *options,
                          struct error *err)
{
    if (!options->settings->url.data)
        return true;
    decoder->reading = avro_reading_create();
    if (!decoder->reading)
        return error_set(err, ERROR_MEMORY, "no memory for a decoder");
    decoder->registry = registry_create(options, err);
    return decoder->registry;
}

struct decoder *decoder_create(const struct decoder_options *options, struct error *err)
{
    struct decoder *decoder = calloc(1, sizeof *decoder);
    const struct registry_options registry = {
        .loop = options->loop,
        .settings = options->registry,
        .metrics = options->metrics,
        .context = options->context,
        .known = options->known,
    };
    if (!decoder)
        error_set(err, ERROR_MEMORY, "no memory for a decoder");
    if (decoder && open_registry(decoder, &registry, err))
        return decoder;
    decoder_destroy(decoder);
    return NULL;
}

static void stop_waiting(void *context, struct list *waiters)
{
    struct decoder *decoder = context;
    while (list_pop(waiters))
        loop_stop(decoder->loop);
}

struct decoder *decoder_create_waiting(const struct settings_registry *settings, struct error *err)
{
    struct decoder *decoder = calloc(1, sizeof *decoder);
    if (decoder)
        decoder->loop = loop_create(err);
    else
        error_set(err, ERROR_MEMORY, "no memory for a decoder");
    struct registry_options registry = {
        .settings = settings, .once = true, .context = decoder, .known = stop_waiting};
    if (decoder)
        registry.loop = decoder->loop;
    if (registry.loop && open_registry(decoder, &registry, err))
        return decoder;
    decoder_destroy(decoder);
    return NULL;
}

void decoder_destroy(struct decoder *decoder)
{
    if (!decoder)
        return;
    registry_destroy(decoder->registry);
    avro_reading_destroy(decoder->reading);
    loop_destroy(decoder->loop);
    free(decoder);
}

void decoder_trim(struct decoder *decoder)
{
    if (decoder->reading)
        avro_reading_trim(decoder->reading);
}

/* ── decoding ────────────────────────────────────────────────────────────── */

static enum decoder_result read_as(struct event *ev, enum event_form form, struct slice value,
                                   struct error *err)
{
    return event_read(ev, form, value, err) ? DECODER_EVENT : DECODER_FAILED;
}

static enum decoder_result read_avro(struct decoder *decoder, struct avro_plan *plan,
                                     const struct framing *framing, struct event *ev,
                                     struct error *err)
{
    char name[FRAMING_NAME_SIZE];
    if (avro_reading_to_json(decoder->reading, plan, framing->payload, &ev->text, err))
        return read_as(ev, EVENT_JSON, buffer_slice(&ev->text), err);
    framing_name(framing, name);
    error_wrap(err, "not Avro of schema %s", name);
    return DECODER_FAILED;
}

static enum decoder_result read_by_schema(struct decoder *decoder, const struct framing *framing,
                                          enum format format, struct event *ev, struct error *err)
{
    struct registry_schema *schema = NULL;
    switch (registry_find(decoder->registry, framing, &schema, err)) {
    case REGISTRY_WAITS:
        decoder->awaited = schema;
        return DECODER_WAITS;
    case REGISTRY_FAILED:
        return DECODER_FAILED;
    case REGISTRY_READY:
        break;
    }
    struct avro_plan *plan = registry_plan(schema);
    if (plan)
        return read_avro(decoder, plan, framing, ev, err);
    if (format != FORMAT_AVRO)
        return read_as(ev, EVENT_JSON, framing->payload, err);
    error_set(err, ERROR_DECODE, "not Avro: its schema is a JSON Schema");
    return DECODER_FAILED;
}

/* In format json the schema is not asked for: it would only say what the value shows. */
static enum decoder_result read_framed(struct decoder *decoder, enum format format,
                                       struct event *ev, struct error *err)
{
    struct framing framing;
    framing_find(&ev->hints, ev->record->value, &framing);
    if (format == FORMAT_JSON || (format == FORMAT_AUTO && framing.kind == FRAMING_NONE))
        return read_as(ev, EVENT_JSON, framing.payload, err);
    if (framing.kind != FRAMING_NONE)
        return read_by_schema(decoder, &framing, format, ev, err);
    error_set(err, ERROR_DECODE,
              "not Avro: it names no schema, by a header __value_schema_id or by a zero byte and "
              "an id before it");
    return DECODER_FAILED;
}

enum decoder_result decoder_decode(struct decoder *decoder, const struct record *record,
                                   enum format format, struct event *ev, struct error *err)
{
    bool plain = !decoder->registry || !record->value.data || format == FORMAT_TEXT ||
                 format == FORMAT_BINARY;
    if (plain)
        return event_decode(record, format, ev, err) ? DECODER_EVENT : DECODER_FAILED;
    event_begin(ev, record);
    return read_framed(decoder, format, ev, err);
}

void decoder_wait(struct decoder *decoder, struct list *waiter)
{
    registry_wait(decoder->awaited, waiter);
}

/* The waiter is only here to have the loop stopped. */
bool decoder_decode_now(struct decoder *decoder, const struct record *record, enum format format,
                        struct event *ev, struct error *err)
{
    enum decoder_result result = decoder_decode(decoder, record, format, ev, err);
    while (result == DECODER_WAITS) {
        struct list waiter;
        list_init(&waiter);
        decoder_wait(decoder, &waiter);
        loop_run(decoder->loop);
        result = decoder_decode(decoder, record, format, ev, err);
    }
    return result == DECODER_EVENT;
}
