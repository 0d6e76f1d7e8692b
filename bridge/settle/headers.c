#include "settle/headers.h"

rd_kafka_headers_t *headers_of_record(const struct record *record, size_t more)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(record->header_count + more);
    for (size_t i = 0; headers && i < record->header_count; i++) {
        const struct record_header *header = &record->headers[i];
        rd_kafka_header_add(headers, header->name.data, (ssize_t)header->name.size,
                            header->value.data, (ssize_t)header->value.size);
    }
    return headers;
}
