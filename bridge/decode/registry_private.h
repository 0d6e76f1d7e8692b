/* What the three files of the registry's client share: registry.c keeps schemas, registry_ask.c
 * asks for them, registry_doubt.c finds out what an odd answer means. */
#ifndef DECODE_REGISTRY_PRIVATE_H
#define DECODE_REGISTRY_PRIVATE_H

#include "base/buffer.h"
#include "base/log.h"
#include "decode/assembly.h"
#include "decode/avro_plan.h"
#include "decode/registry.h"
#include "decode/registry_access.h"
#include "net/http.h"

#define REGISTRY_BUCKETS          256
#define REGISTRY_PAUSE_MS         250 /* the first */
#define REGISTRY_LONGEST_PAUSE_MS 5000
#define REGISTRY_WHY_SIZE         64

struct registry_schema {
    struct list bucket;
    struct list used; /* the one used last is first */
    struct list turn; /* while it waits for its turn to be asked for, or is in doubt */
    struct list waiters;
    struct registry *registry;
    struct framing framing;
    enum registry_state state;
    struct avro_plan *plan;
    size_t bytes;
    struct error *failure; /* REGISTRY_FAILED; NULL: there was no memory for it */
    int64_t until_ms;      /* how long that holds */
    bool tried;
    char why[REGISTRY_WHY_SIZE]; /* in doubt: what was wrong with the answer */
    bool not_found;              /* the same: it was a 404 */
    struct loop_timer pause;     /* its own, where only it is answered oddly */
    int64_t pause_ms;            /* the next one's length */
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
    struct list queue;   /* of entries, by `turn` */
    struct list doubted; /* of entries, by `turn`: answered oddly */
    struct list judged;  /* the same: those that the question under way decides */
    struct http_call *question;
    struct buffer question_url;
    struct buffer question_answer;
    struct list told; /* links to be given back in the next step */
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

/* It has failed with `err`; `for_good`: what is wrong with it stays so. */
void registry_fail(struct registry_schema *schema, struct error *err, bool for_good);

/* The registry answered properly. */
void registry_note_answer(struct registry *registry);

/* No answer: the entry lines up again, and nobody is asked for a while. */
void registry_miss(struct registry_schema *schema, enum error_kind kind, const char *why);

/* An answer that is not the registry's word on this schema: the registry's absence, or this
 * schema's own trouble? The entry lines up again, or has failed, when that is known. */
void registry_doubt(struct registry_schema *schema, bool not_found, const char *why);

/* Cancels the question that is under way for it. */
void registry_end_doubt(struct registry *registry);

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
