#include "settle/write.h"

#include <stdlib.h>

struct write *write_create(size_t topic, struct record *record)
{
    struct write *write = calloc(1, sizeof *write);
    if (!write)
        return NULL;
    write->topic = topic;
    write->record = record;
    if (record) {
        write->claims = 1;
        write->key = record->key;
    }
    return write;
}

void write_destroy(struct write *write)
{
    if (!write)
        return;
    if (write->headers)
        rd_kafka_headers_destroy(write->headers);
    buffer_finish(&write->made);
    buffer_finish(&write->made_key);
    free(write);
}
