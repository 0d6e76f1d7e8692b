/* What the two files of the registry's client share: registry.c keeps schemas, registry_ask.c asks
 * for them. */
#ifndef DECODE_REGISTRY_PRIVATE_H
#define DECODE_REGISTRY_PRIVATE_H

#include "base/buffer.h"
#include "base/log.h"
#include "decode/assembly.h"
#include "decode/avro_plan.h"
#include "decode/registry.h"
#include "decode/registry_access.h"
#include "net/http.h"

#define REGISTRY_BUCKETS  256
#define REGISTRY_PAUSE_MS 250 /* the first */

struct registry_schema {
    struct list bucket;
    struct list used; /* the one used last is first */
    struct list turn; /* while it waits for its turn to be asked for */
    struct list waiters;
    struct registry *registry;
    struct framing framing;
    enum registry_state state;
    struct avro_plan *plan;
    size_t bytes;
    struct error *failure; /* REGISTRY_FAILED; NULL: there was no memory for it */
    int64_t until_ms;      /* how long that holds */
    bool tried;
    /* while it is asked for */
    struct assembly *assembly;
    struct http_call *call;
    struct buffer url;
    struct buffer answer;
};

struct registry {
    struct registry_options options;
    struct http *http;
    struct registry_access access;
    struct list buckets[REGISTRY_BUCKETS];
    struct list used;
    struct list queue; /* of entries, by `turn` */
    struct list told;  /* links to be given back in the next step */
    struct loop_step step;
    struct loop_timer pause;
    int64_t pause_ms; /* the next one's length */
    bool missed;      /* there was no answer to the last request */
    bool told_absent;
    struct log_gate gate;
    unsigned asking;
    unsigned awaited;
    size_t count;
    size_t bytes;
};

/* Sends the requests whose turn it is. Who has been asked for comes to registry_settle, unless it
 * is to be asked for again. */
void registry_ask_those_in_turn(struct registry *registry);

/* Gives back what asking took, and cancels it. */
void registry_end_asking(struct registry_schema *schema);

/* It waits no more: tells those who wait for it, and makes room for its `bytes`. */
void registry_settle(struct registry_schema *schema, enum registry_state state);

/* What is known of it is of no use any more, or in the way of others. */
void registry_forget(struct registry_schema *schema);

#endif
