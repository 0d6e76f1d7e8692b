#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/kafka/rdk.h"
#include "sim/world/memory.h"

/* ── partitions ──────────────────────────────────────────────────────────── */

rd_kafka_topic_partition_list_t *rd_kafka_topic_partition_list_new(int size)
{
    enum memory_kind before = memory_enter(MEMORY_LIBRARY);
    rd_kafka_topic_partition_list_t *list = rdk_get(sizeof *list);
    list->size = size > 0 ? size : 1;
    list->elems = rdk_get((size_t)list->size * sizeof *list->elems);
    memory_enter(before);
    return list;
}

static void finish_element(rd_kafka_topic_partition_t *element)
{
    free(element->topic);
    free(element->metadata);
}

void rd_kafka_topic_partition_list_destroy(rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++)
        finish_element(&list->elems[i]);
    free(list->elems);
    free(list);
}

rd_kafka_topic_partition_t *rd_kafka_topic_partition_list_add(rd_kafka_topic_partition_list_t *list,
                                                              const char *topic, int32_t partition)
{
    enum memory_kind before = memory_enter(MEMORY_LIBRARY);
    if (list->cnt == list->size) {
        list->size *= 2;
        list->elems = realloc(list->elems, (size_t)list->size * sizeof *list->elems);
    }
    rd_kafka_topic_partition_t *element = &list->elems[list->cnt++];
    *element = (rd_kafka_topic_partition_t){
        .topic = rdk_copy_text(topic),
        .partition = partition,
        .offset = RD_KAFKA_OFFSET_INVALID,
    };
    memory_enter(before);
    return element;
}

rd_kafka_topic_partition_t *
rd_kafka_topic_partition_list_find(const rd_kafka_topic_partition_list_t *list, const char *topic,
                                   int32_t partition)
{
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].partition == partition && strcmp(list->elems[i].topic, topic) == 0)
            return &list->elems[i];
    return NULL;
}

rd_kafka_topic_partition_list_t *
rd_kafka_topic_partition_list_copy(const rd_kafka_topic_partition_list_t *list)
{
    enum memory_kind before = memory_enter(MEMORY_LIBRARY);
    rd_kafka_topic_partition_list_t *made = rd_kafka_topic_partition_list_new(list->cnt);
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *from = &list->elems[i];
        rd_kafka_topic_partition_t *to =
            rd_kafka_topic_partition_list_add(made, from->topic, from->partition);
        to->offset = from->offset;
        to->err = from->err;
        if (!from->metadata)
            continue;
        to->metadata = rdk_get(from->metadata_size + 1);
        memcpy(to->metadata, from->metadata, from->metadata_size);
        to->metadata_size = from->metadata_size;
    }
    memory_enter(before);
    return made;
}

/* ── headers ─────────────────────────────────────────────────────────────── */

struct header {
    char *name;
    char *value; /* ended by a NUL, as librdkafka does; NULL: null */
    size_t size;
};

struct rd_kafka_headers_s {
    struct header *items;
    size_t count;
    size_t capacity;
};

rd_kafka_headers_t *rd_kafka_headers_new(size_t count)
{
    enum memory_kind before = memory_enter(MEMORY_LIBRARY);
    rd_kafka_headers_t *headers = rdk_get(sizeof *headers);
    headers->capacity = count > 0 ? count : 1;
    headers->items = rdk_get(headers->capacity * sizeof *headers->items);
    memory_enter(before);
    return headers;
}

void rd_kafka_headers_destroy(rd_kafka_headers_t *headers)
{
    for (size_t i = 0; i < headers->count; i++) {
        free(headers->items[i].name);
        free(headers->items[i].value);
    }
    free(headers->items);
    free(headers);
}

static char *copy_bytes(const void *bytes, size_t size)
{
    char *copy = rdk_get(size + 1);
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

rd_kafka_resp_err_t rd_kafka_header_add(rd_kafka_headers_t *headers, const char *name,
                                        ssize_t name_size, const void *value, ssize_t value_size)
{
    enum memory_kind before = memory_enter(MEMORY_LIBRARY);
    if (headers->count == headers->capacity) {
        headers->capacity *= 2;
        headers->items = realloc(headers->items, headers->capacity * sizeof *headers->items);
    }
    size_t size = !value ? 0 : value_size < 0 ? strlen(value) : (size_t)value_size;
    headers->items[headers->count++] = (struct header){
        .name = copy_bytes(name, name_size < 0 ? strlen(name) : (size_t)name_size),
        .value = value ? copy_bytes(value, size) : NULL,
        .size = size,
    };
    memory_enter(before);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

size_t rd_kafka_header_cnt(const rd_kafka_headers_t *headers)
{
    return headers->count;
}

rd_kafka_resp_err_t rd_kafka_header_get_all(const rd_kafka_headers_t *headers, size_t i,
                                            const char **name, const void **value, size_t *size)
{
    if (i >= headers->count)
        return RD_KAFKA_RESP_ERR__NOENT;
    *name = headers->items[i].name;
    *value = headers->items[i].value;
    *size = headers->items[i].size;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_headers_t *rd_kafka_headers_copy(const rd_kafka_headers_t *headers)
{
    rd_kafka_headers_t *made = rd_kafka_headers_new(headers->count);
    for (size_t i = 0; i < headers->count; i++)
        rd_kafka_header_add(made, headers->items[i].name, -1, headers->items[i].value,
                            (ssize_t)headers->items[i].size);
    return made;
}

rd_kafka_resp_err_t rd_kafka_message_headers(const rd_kafka_message_t *message,
                                             rd_kafka_headers_t **headers)
{
    *headers = ((const struct rdk_message *)message)->headers;
    return *headers ? RD_KAFKA_RESP_ERR_NO_ERROR : RD_KAFKA_RESP_ERR__NOENT;
}

/* ── messages ────────────────────────────────────────────────────────────── */

int64_t rd_kafka_message_timestamp(const rd_kafka_message_t *message,
                                   rd_kafka_timestamp_type_t *type)
{
    if (type)
        *type = RD_KAFKA_TIMESTAMP_CREATE_TIME;
    return ((const struct rdk_message *)message)->timestamp_ms;
}

const char *rd_kafka_message_errstr(const rd_kafka_message_t *message)
{
    return message->payload ? message->payload : rd_kafka_err2str(message->err);
}

static char *place(char **room, struct slice bytes)
{
    if (!bytes.data)
        return NULL;
    char *here = *room;
    if (bytes.size > 0)
        memcpy(here, bytes.data, bytes.size);
    *room += bytes.size;
    return here;
}

static rd_kafka_headers_t *copy_headers(const struct kafka_message *message)
{
    if (message->header_count == 0)
        return NULL;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(message->header_count);
    for (size_t i = 0; i < message->header_count; i++)
        rd_kafka_header_add(headers, message->headers[i].name.data,
                            (ssize_t)message->headers[i].name.size, message->headers[i].value.data,
                            (ssize_t)message->headers[i].value.size);
    return headers;
}

struct rdk_message *rdk_message_of(rd_kafka_topic_t *topic, int32_t number,
                                   const struct kafka_record *record)
{
    const struct kafka_message *from = &record->message;
    struct rdk_message *message = rdk_get(sizeof *message + from->key.size + from->value.size);
    char *room = (char *)(message + 1);
    message->timestamp_ms = from->timestamp_ms;
    message->headers = copy_headers(from);
    message->bytes = sizeof *message + from->key.size + from->value.size;
    message->public = (rd_kafka_message_t){
        .rkt = topic,
        .partition = number,
        .offset = record->offset,
        .key = place(&room, from->key),
        .key_len = from->key.size,
        .payload = place(&room, from->value),
        .len = from->value.size,
    };
    return message;
}

void rdk_message_free(struct rdk_message *message)
{
    if (message->headers)
        rd_kafka_headers_destroy(message->headers);
    free(message);
}

void rd_kafka_message_destroy(rd_kafka_message_t *message)
{
    rdk_message_free((struct rdk_message *)message);
}

/* ── errors ──────────────────────────────────────────────────────────────── */

struct rd_kafka_error_s {
    rd_kafka_resp_err_t code;
    enum rdk_severity severity;
};

const char *rd_kafka_err2str(rd_kafka_resp_err_t code)
{
    static char text[32];
    snprintf(text, sizeof text, "error %d", (int)code);
    return text;
}

rd_kafka_error_t *rd_kafka_error_new(rd_kafka_resp_err_t code, const char *format, ...)
{
    (void)format;
    return rdk_error(code, RDK_PLAIN);
}

rd_kafka_error_t *rdk_error(rd_kafka_resp_err_t code, enum rdk_severity severity)
{
    rd_kafka_error_t *error = rdk_get(sizeof *error);
    *error = (rd_kafka_error_t){code, severity};
    return error;
}

int rd_kafka_error_is_fatal(const rd_kafka_error_t *error)
{
    return error && error->severity == RDK_FATAL;
}

int rd_kafka_error_is_retriable(const rd_kafka_error_t *error)
{
    return error && error->severity == RDK_RETRIABLE;
}

rd_kafka_resp_err_t rd_kafka_error_code(const rd_kafka_error_t *error)
{
    return error ? error->code : RD_KAFKA_RESP_ERR_NO_ERROR;
}

const char *rd_kafka_error_string(const rd_kafka_error_t *error)
{
    return rd_kafka_err2str(rd_kafka_error_code(error));
}

void rd_kafka_error_destroy(rd_kafka_error_t *error)
{
    free(error);
}
