/* An Avro schema made ready for reading. avro-c parses it: names, namespaces, recursion. What
 * avro-c drops, the logical types, is looked up in the same place of the schema's JSON.
 *
 * Each type is a node, and each node is one of avro-c's consumers: it says what avro-c finds in the
 * bytes next, and has the callbacks of avro.c. That is not always the type itself. avro-c 1.11
 * leaks a text that ends too early, cuts a union's branch to 32 bits and allocates whatever length
 * it is told, so it reads only numbers here:
 *
 *   string, bytes   a long, their length; the bytes are read behind it
 *   fixed           nothing; the bytes are read there
 *   enum, union     a long, the symbol's or branch's number; then the branch
 *   map             an array of pairs, which is what it looks like in the bytes
 *
 * Owner: whoever made it; immutable, but not to be shared between threads (avro-c's API isn't
 * const). */
#ifndef DECODE_AVRO_PLAN_H
#define DECODE_AVRO_PLAN_H

#include <stddef.h>
#include <stdint.h>
#include <avro.h>
#include <avro/consumer.h>

#include "base/error.h"
#include "base/slice.h"

#define AVRO_PLAN_NODES    16384
#define AVRO_PLAN_SIZE_MAX (1 << 20) /* of a fixed */
#define AVRO_PLAN_NO_SIZE  (-1)

enum avro_kind {
    AVRO_KIND_NULL,
    AVRO_KIND_BOOLEAN,
    AVRO_KIND_INTEGER, /* int or long */
    AVRO_KIND_FLOAT,
    AVRO_KIND_DOUBLE,
    AVRO_KIND_STRING,
    AVRO_KIND_ENUM,
    AVRO_KIND_UNION,
    AVRO_KIND_RECORD,
    AVRO_KIND_ARRAY,
    AVRO_KIND_MAP,
    AVRO_KIND_PAIR, /* of a map */
    AVRO_KIND_DATE,
    AVRO_KIND_TIME,
    AVRO_KIND_TIMESTAMP,
    AVRO_KIND_LOCAL_TIMESTAMP,
    AVRO_KIND_BYTES, /* these four: bytes or fixed */
    AVRO_KIND_DECIMAL,
    AVRO_KIND_DURATION,
    AVRO_KIND_UUID,
};

struct avro_node;

/* A field (text is `,"name":`), a symbol (text is `"name"`), a branch, an element's type. */
struct avro_part {
    struct avro_node *node;
    char *text;
    size_t size;
};

struct avro_node {
    avro_consumer_t consumer; /* first: avro-c hands it to the callbacks */
    struct avro_node *made_before;
    avro_schema_t schema;
    enum avro_kind kind;
    unsigned digits; /* of times: 3, 6 or 9; of a decimal: its scale */
    int64_t size;    /* of a fixed, in bytes; else AVRO_PLAN_NO_SIZE */
    size_t count;
    struct avro_part parts[];
};

struct avro_plan {
    avro_schema_t schema;
    avro_schema_t pairs; /* what a map's consumer says it is, */
    avro_schema_t pair;  /* and what each of its elements is */
    struct avro_node *nodes;
    size_t node_count;
    struct avro_node *root;
};

/* Compiles the last of `texts`; those before it are the schemas it refers to, each after those that
 * it refers to itself. NULL, and `err` is ERROR_DECODE with what is wrong, or ERROR_MEMORY. */
struct avro_plan *avro_plan_create(const struct slice *texts, size_t count, struct error *err);
void avro_plan_destroy(struct avro_plan *plan);

/* The callbacks of each node; in avro.c. */
extern const avro_consumer_t avro_callbacks;

#endif
