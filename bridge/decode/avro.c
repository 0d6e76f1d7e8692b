/* Avro to JSON, driven by avro-c: it walks the bytes and calls the node of each value
 * (avro_plan.h), which writes JSON.
 *
 * The happy path: avro_consume_binary calls a record's record_start and, before each field,
 * record_field; that enters a frame for the field's value and hands out the field's node, whose own
 * callbacks come next, with that frame. Of a record's or an array's end avro-c says nothing:
 * whoever speaks next closes the frames above its own.
 * What can fail: the bytes end too early or say what can't be. A callback then returns an error
 * code, which ends the walk; the frames that are open say where.
 *
 * avro-c's reader doesn't tell how far it is, so the bytes are copied, with a mark behind them that
 * has to come next when the value is over. Its own error text is one for all threads: not read. */
#include "decode/avro.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/jtext.h"
#include "base/scan.h"
#include "base/utf8.h"
#include "decode/avro_plan.h"
#include "decode/scalar.h"

#define BYTES_KEPT (64u << 10)
#define MARK       "the end"
#define PATH_BYTES 200

/* A value that is being read, within the one below it. */
struct frame {
    struct avro_reading *reading;
    const struct avro_node *node;
    size_t index; /* of the field or element that is being read */
};

struct avro_reading {
    avro_reader_t reader;
    struct buffer bytes; /* the value's, and the mark */
    struct buffer scratch;
    struct buffer *out;
    size_t size;   /* of the value */
    uint64_t left; /* how many values may still come */
    struct frame *top;
    const char *wrong; /* static; NULL: avro-c knows */
    struct frame frames[AVRO_DEPTH];
};

/* ── frames ──────────────────────────────────────────────────────────────── */

static int fail(struct frame *frame, const char *wrong)
{
    frame->reading->wrong = wrong;
    return EINVAL;
}

static void add_end(const struct frame *frame)
{
    enum avro_kind kind = frame->node->kind;
    if (kind == AVRO_KIND_RECORD || kind == AVRO_KIND_MAP)
        buffer_add_char(frame->reading->out, '}');
    else if (kind == AVRO_KIND_ARRAY)
        buffer_add_char(frame->reading->out, ']');
}

static void close_above(struct frame *frame)
{
    struct avro_reading *reading = frame->reading;
    for (; reading->top > frame; reading->top--)
        add_end(reading->top);
}

/* Makes room for the value number `index` in `frame`, of type `node`, and hands it to avro-c. */
static int enter(struct frame *frame, size_t index, struct avro_node *node,
                 avro_consumer_t **consumer, void **user_data)
{
    struct avro_reading *reading = frame->reading;
    close_above(frame);
    frame->index = index;
    struct frame *next = frame + 1;
    if (next == reading->frames + AVRO_DEPTH)
        return fail(frame, "it is nested too deep");
    if (reading->left-- == 0)
        return fail(frame, "it has too many values that take no bytes");
    if (reading->out->failed)
        return fail(frame, "it is more than 64 MiB of JSON");
    *next = (struct frame){.reading = reading, .node = node};
    reading->top = next;
    *consumer = &node->consumer;
    *user_data = next;
    return 0;
}

static const struct avro_node *node_of(const avro_consumer_t *consumer)
{
    return (const struct avro_node *)(const void *)consumer;
}

/* ── bytes ───────────────────────────────────────────────────────────────── */

/* Avro's read, for a length that was found in the bytes. */
static int read_into(struct frame *frame, struct buffer *buf, int64_t size)
{
    if (size < 0 || (uint64_t)size > frame->reading->size)
        return fail(frame, "its length is not possible");
    if (size == 0)
        return 0;
    char *room = buffer_reserve(buf, (size_t)size);
    if (!room)
        return fail(frame, "it is more than 64 MiB of JSON");
    int failed = avro_read(frame->reading->reader, room, size);
    if (!failed)
        buf->size += (size_t)size;
    return failed;
}

/* Into the JSON as it is, and once more where it can't stay so. */
static int add_text(struct frame *frame, int64_t size)
{
    struct buffer *out = frame->reading->out;
    buffer_add_char(out, '"');
    size_t start = out->size;
    int failed = read_into(frame, out, size);
    if (failed)
        return failed;
    const char *end = out->data + out->size;
    const char *plain = scan_plain(out->data + start, end);
    if (plain < end) {
        struct buffer *scratch = &frame->reading->scratch;
        struct slice rest = {plain, (size_t)(end - plain)};
        if (!utf8_valid(rest))
            return fail(frame, "it is not valid UTF-8");
        buffer_clear(scratch);
        buffer_add_slice(scratch, rest);
        out->size -= rest.size;
        jtext_add_escaped(out, buffer_slice(scratch));
    }
    buffer_add_char(out, '"');
    return 0;
}

static int add_bytes(struct frame *frame, const struct avro_node *node, int64_t size)
{
    struct buffer *out = frame->reading->out;
    struct buffer *scratch = &frame->reading->scratch;
    buffer_clear(scratch);
    int failed = read_into(frame, scratch, size);
    if (failed)
        return failed;
    switch (node->kind) {
    case AVRO_KIND_DECIMAL:
        if (!scalar_add_decimal(out, buffer_slice(scratch), node->digits))
            return fail(frame, "it is a decimal of more than 1024 bytes");
        break;
    case AVRO_KIND_DURATION:
        scalar_add_duration(out, scratch->data);
        break;
    case AVRO_KIND_UUID:
        scalar_add_uuid(out, scratch->data);
        break;
    default:
        buffer_add_char(out, '"');
        base64_add(out, buffer_slice(scratch));
        buffer_add_char(out, '"');
        break;
    }
    return 0;
}

/* ── numbers ─────────────────────────────────────────────────────────────── */

static int add_integer(struct frame *frame, const struct avro_node *node, int64_t value)
{
    struct buffer *out = frame->reading->out;
    switch (node->kind) {
    case AVRO_KIND_DATE:
        scalar_add_date(out, value);
        break;
    case AVRO_KIND_TIME:
        if (!scalar_add_time(out, value, node->digits))
            return fail(frame, "it is no time of day");
        break;
    case AVRO_KIND_TIMESTAMP:
    case AVRO_KIND_LOCAL_TIMESTAMP:
        scalar_add_timestamp(out, value, node->digits, node->kind == AVRO_KIND_LOCAL_TIMESTAMP);
        break;
    default:
        buffer_add_int(out, value);
        break;
    }
    return 0;
}

static int add_branch(struct frame *frame, const struct avro_node *node, int64_t index)
{
    avro_consumer_t *branch = NULL;
    void *user_data = NULL;
    if (index < 0 || (uint64_t)index >= node->count)
        return fail(frame, "the union has no such branch");
    int failed = enter(frame, (size_t)index, node->parts[index].node, &branch, &user_data);
    return failed ? failed : avro_consume_binary(frame->reading->reader, branch, user_data);
}

static int add_symbol(struct frame *frame, const struct avro_node *node, int64_t index)
{
    if (index < 0 || (uint64_t)index >= node->count)
        return fail(frame, "the enum has no such symbol");
    buffer_add(frame->reading->out, node->parts[index].text, node->parts[index].size);
    return 0;
}

/* ── avro-c's callbacks ──────────────────────────────────────────────────── */

static int on_null(avro_consumer_t *consumer, void *user_data)
{
    struct frame *frame = user_data;
    const struct avro_node *node = node_of(consumer);
    if (node->kind != AVRO_KIND_NULL)
        return add_bytes(frame, node, node->size); /* a fixed */
    buffer_add_text(frame->reading->out, "null");
    return 0;
}

static int on_boolean(avro_consumer_t *consumer, int value, void *user_data)
{
    struct frame *frame = user_data;
    (void)consumer;
    if (value != 0 && value != 1)
        return fail(frame, "it is no boolean");
    buffer_add_text(frame->reading->out, value ? "true" : "false");
    return 0;
}

static int on_int(avro_consumer_t *consumer, int32_t value, void *user_data)
{
    return add_integer(user_data, node_of(consumer), value);
}

static int on_long(avro_consumer_t *consumer, int64_t value, void *user_data)
{
    const struct avro_node *node = node_of(consumer);
    switch (node->kind) {
    case AVRO_KIND_STRING:
        return add_text(user_data, value);
    case AVRO_KIND_BYTES:
    case AVRO_KIND_DECIMAL:
        return add_bytes(user_data, node, value);
    case AVRO_KIND_UNION:
        return add_branch(user_data, node, value);
    case AVRO_KIND_ENUM:
        return add_symbol(user_data, node, value);
    default:
        return add_integer(user_data, node, value);
    }
}

static int on_float(avro_consumer_t *consumer, float value, void *user_data)
{
    struct frame *frame = user_data;
    (void)consumer;
    scalar_add_float(frame->reading->out, value);
    return 0;
}

static int on_double(avro_consumer_t *consumer, double value, void *user_data)
{
    struct frame *frame = user_data;
    (void)consumer;
    scalar_add_double(frame->reading->out, value);
    return 0;
}

static int on_record(avro_consumer_t *consumer, void *user_data)
{
    struct frame *frame = user_data;
    if (node_of(consumer)->kind == AVRO_KIND_RECORD)
        buffer_add_char(frame->reading->out, '{');
    return 0;
}

static int on_field(avro_consumer_t *consumer, unsigned index, avro_consumer_t **field,
                    void **field_data, void *user_data)
{
    struct frame *frame = user_data;
    const struct avro_node *node = node_of(consumer);
    const struct avro_part *part = &node->parts[index];
    int failed = enter(frame, index, part->node, field, field_data);
    if (failed)
        return failed;
    if (node->kind == AVRO_KIND_RECORD)
        buffer_add(frame->reading->out, part->text + (index == 0), part->size - (index == 0));
    else if (index == 1)
        buffer_add_char(frame->reading->out, ':');
    return 0;
}

/* How many elements the block has is not told reliably (cut to 32 bits): only elements count. */
static int on_block(avro_consumer_t *consumer, int is_first, unsigned count, void *user_data)
{
    struct frame *frame = user_data;
    (void)count;
    if (is_first)
        buffer_add_char(frame->reading->out, node_of(consumer)->kind == AVRO_KIND_MAP ? '{' : '[');
    return 0;
}

static int on_element(avro_consumer_t *consumer, unsigned index, avro_consumer_t **element,
                      void **element_data, void *user_data)
{
    struct frame *frame = user_data;
    int failed = enter(frame, index, node_of(consumer)->parts[0].node, element, element_data);
    if (!failed && index > 0)
        buffer_add_char(frame->reading->out, ',');
    return failed;
}

const avro_consumer_t avro_callbacks = {
    .null_value = on_null,
    .boolean_value = on_boolean,
    .int_value = on_int,
    .long_value = on_long,
    .float_value = on_float,
    .double_value = on_double,
    .record_start = on_record,
    .record_field = on_field,
    .array_start_block = on_block,
    .array_element = on_element,
};

/* ── a value ─────────────────────────────────────────────────────────────── */

struct avro_reading *avro_reading_create(void)
{
    struct avro_reading *reading = calloc(1, sizeof *reading);
    if (reading)
        reading->reader = avro_reader_memory("", 0);
    if (reading && reading->reader)
        return reading;
    avro_reading_destroy(reading);
    return NULL;
}

void avro_reading_destroy(struct avro_reading *reading)
{
    if (!reading)
        return;
    if (reading->reader)
        avro_reader_free(reading->reader);
    buffer_finish(&reading->bytes);
    buffer_finish(&reading->scratch);
    free(reading);
}

/* ".data.items[2].price" of what is being read; "" for the value as a whole. */
static void write_path(const struct avro_reading *reading, struct buffer *path)
{
    path->limit = PATH_BYTES;
    for (const struct frame *frame = reading->frames; frame < reading->top; frame++) {
        const struct avro_node *node = frame->node;
        const struct avro_part *part = &node->parts[frame->index];
        if (node->kind == AVRO_KIND_RECORD)
            buffer_print(path, ".%.*s", (int)part->size - 4, part->text + 2);
        else if (node->kind == AVRO_KIND_ARRAY || node->kind == AVRO_KIND_MAP)
            buffer_print(path, "[%zu]", frame->index);
    }
}

static const char *name_code(int code)
{
    switch (code) {
    case ENOSPC:
        return "the value ends too early";
    case ERANGE:
        return "it is no int of 32 bits";
    case EILSEQ:
        return "it is a number of more than 10 bytes";
    default:
        return "avro-c can't read it";
    }
}

static bool explain(const struct avro_reading *reading, int code, struct error *err)
{
    struct buffer path = {0};
    if (reading->bytes.failed || reading->scratch.failed || reading->out->no_memory)
        return error_set(err, ERROR_MEMORY, "no memory for an Avro value");
    write_path(reading, &path);
    error_set(err, ERROR_DECODE, "%.*s%s%s", SLICE_ARGS(buffer_slice(&path)), path.size ? ": " : "",
              reading->wrong ? reading->wrong : name_code(code));
    buffer_finish(&path);
    return false;
}

static int read_value(struct avro_reading *reading, struct avro_plan *plan)
{
    struct frame *root = reading->frames;
    *root = (struct frame){.reading = reading, .node = plan->root};
    reading->top = root;
    int failed = avro_consume_binary(reading->reader, &plan->root->consumer, root);
    if (failed)
        return failed;
    close_above(root);
    add_end(root);
    return 0;
}

/* Does the mark come next? In a value that ends too early it was read as part of it. */
static bool is_over(struct avro_reading *reading)
{
    char next[sizeof MARK];
    return avro_read(reading->reader, next, sizeof next) == 0 &&
           memcmp(next, MARK, sizeof next) == 0;
}

bool avro_reading_to_json(struct avro_reading *reading, struct avro_plan *plan, struct slice bytes,
                          struct buffer *out, struct error *err)
{
    buffer_clear(&reading->bytes);
    buffer_add_slice(&reading->bytes, bytes);
    buffer_add(&reading->bytes, MARK, sizeof MARK);
    if (reading->bytes.failed)
        return error_set(err, ERROR_MEMORY, "no memory for an Avro value");
    avro_reader_memory_set_source(reading->reader, reading->bytes.data,
                                  (int64_t)reading->bytes.size);
    reading->out = out;
    reading->size = bytes.size;
    reading->left = AVRO_FREE + 4 * (uint64_t)bytes.size;
    reading->wrong = NULL;
    out->limit = AVRO_JSON_MOST;
    int failed = read_value(reading, plan);
    if (failed)
        return explain(reading, failed, err);
    if (!is_over(reading))
        return error_set(err, ERROR_DECODE, "the value is not as long as the schema says");
    if (out->no_memory)
        return error_set(err, ERROR_MEMORY, "no memory for the JSON of an Avro value");
    return !out->failed || error_set(err, ERROR_DECODE, "it is more than 64 MiB of JSON");
}

void avro_reading_trim(struct avro_reading *reading)
{
    if (reading->bytes.capacity > BYTES_KEPT)
        buffer_finish(&reading->bytes);
    if (reading->scratch.capacity > BYTES_KEPT)
        buffer_finish(&reading->scratch);
}
