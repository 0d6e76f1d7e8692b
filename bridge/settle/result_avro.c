#include "settle/result_avro.h"

#include <stdlib.h>
#include <avro.h>

#include "base/utf8.h"
#include "settle/result.h"

#define FRAME_BYTES  5
#define NUMBER_BYTES 10 /* the longest; a branch's number takes one more */

struct result_avro {
    avro_schema_t schema;
    avro_value_iface_t *type;
    avro_value_t record;
    avro_value_t fields[RESULT_FIELDS]; /* of the record: filled anew for each */
    avro_writer_t writer;
    struct buffer clean; /* texts that had to be changed */
};

/* ── life ────────────────────────────────────────────────────────────────── */

static bool read_schema(struct result_avro *avro)
{
    struct buffer text = {0};
    result_write_schema(&text);
    bool read =
        !text.failed && avro_schema_from_json_length(text.data, text.size, &avro->schema) == 0;
    buffer_finish(&text);
    return read;
}

static bool find_fields(struct result_avro *avro)
{
    for (size_t i = 0; i < RESULT_FIELDS; i++)
        if (avro_value_get_by_index(&avro->record, i, &avro->fields[i], NULL) != 0)
            return false;
    return true;
}

static bool build(struct result_avro *avro)
{
    if (!read_schema(avro))
        return false;
    avro->type = avro_generic_class_from_schema(avro->schema);
    if (!avro->type || avro_generic_value_new(avro->type, &avro->record) != 0)
        return false;
    avro->writer = avro_writer_memory("", 0);
    return avro->writer && find_fields(avro);
}

struct result_avro *result_avro_create(struct error *err)
{
    struct result_avro *avro = calloc(1, sizeof *avro);
    if (avro && build(avro))
        return avro;
    result_avro_destroy(avro);
    error_set(err, ERROR_MEMORY, "no memory for results in Avro");
    return NULL;
}

void result_avro_destroy(struct result_avro *avro)
{
    if (!avro)
        return;
    if (avro->record.iface)
        avro_value_decref(&avro->record);
    if (avro->type)
        avro_value_iface_decref(avro->type);
    if (avro->schema)
        avro_schema_decref(avro->schema);
    if (avro->writer)
        avro_writer_free(avro->writer);
    buffer_finish(&avro->clean);
    free(avro);
}

/* ── a value ─────────────────────────────────────────────────────────────── */

static void add_clean(struct buffer *out, struct slice text)
{
    while (text.size > 0) {
        size_t valid = utf8_valid_bytes(text);
        buffer_add(out, text.data, valid);
        text = slice_from(text, valid);
        if (text.size == 0)
            return;
        buffer_add_text(out, UTF8_REPLACEMENT);
        text = slice_from(text, 1);
    }
}

/* Has all texts be UTF-8. False: no memory. */
static bool clean_texts(struct result_avro *avro, struct result_value values[RESULT_FIELDS])
{
    size_t most = 0;
    for (size_t i = 0; i < RESULT_FIELDS; i++)
        if (values[i].text.data && !utf8_valid(values[i].text))
            most += values[i].text.size * strlen(UTF8_REPLACEMENT);
    buffer_clear(&avro->clean);
    if (most == 0)
        return true;
    if (!buffer_reserve(&avro->clean, most)) /* so that what is in it stays where it is */
        return false;
    for (size_t i = 0; i < RESULT_FIELDS; i++) {
        if (!values[i].text.data || utf8_valid(values[i].text))
            continue;
        size_t start = avro->clean.size;
        add_clean(&avro->clean, values[i].text);
        values[i].text = slice_from(buffer_slice(&avro->clean), start);
    }
    return true;
}

/* Borrowed, not copied. For avro-c a string's size counts the NUL behind it, which it neither
 * reads nor writes. */
static int set_text(avro_value_t *field, struct slice text)
{
    avro_wrapped_buffer_t borrowed = {.buf = text.data ? text.data : "", .size = text.size + 1};
    return avro_value_give_string_len(field, &borrowed);
}

static int set_value(avro_value_t *field, enum result_type type, const struct result_value *value)
{
    avro_value_t branch = *field;
    if (type >= RESULT_TEXT_OR_NULL && avro_value_set_branch(field, !value->is_null, &branch) != 0)
        return -1;
    if (type >= RESULT_TEXT_OR_NULL && value->is_null)
        return avro_value_set_null(&branch);
    switch (result_base_type(type)) {
    case RESULT_TEXT:
        return set_text(&branch, value->text);
    case RESULT_INT:
        return avro_value_set_int(&branch, (int32_t)value->number);
    default:
        return avro_value_set_long(&branch, value->number);
    }
}

static bool set_values(struct result_avro *avro, const struct result_value values[RESULT_FIELDS])
{
    for (size_t i = 0; i < RESULT_FIELDS; i++)
        if (set_value(&avro->fields[i], result_fields[i].type, &values[i]) != 0)
            return false;
    return true;
}

static size_t most_bytes(const struct result_value values[RESULT_FIELDS])
{
    size_t most = FRAME_BYTES + (size_t)RESULT_FIELDS * (NUMBER_BYTES + 1);
    for (size_t i = 0; i < RESULT_FIELDS; i++)
        most += values[i].text.size;
    return most;
}

static void write_frame(char *at, uint32_t schema_id)
{
    *at++ = '\0';
    for (int shift = 24; shift >= 0; shift -= 8)
        *at++ = (char)(schema_id >> shift & 0xFF);
}

void result_avro_write(struct result_avro *avro, uint32_t schema_id, const struct verdict *verdict,
                       struct buffer *out)
{
    struct result_value values[RESULT_FIELDS];
    result_read(verdict, values);
    bool clean = clean_texts(avro, values);
    size_t most = most_bytes(values);
    char *room = clean ? buffer_reserve(out, most) : NULL;
    if (!room) {
        out->failed = true;
        return;
    }
    write_frame(room, schema_id);
    avro_writer_memory_set_dest(avro->writer, room + FRAME_BYTES, (int64_t)(most - FRAME_BYTES));
    if (!set_values(avro, values) || avro_value_write(avro->writer, &avro->record) != 0)
        out->failed = true;
    else
        out->size += FRAME_BYTES + (size_t)avro_writer_tell(avro->writer);
}
