/* Turns records into events: by the subscription's format and, where a registry is configured, by
 * the schema that the record names. README.md has the rules.
 *
 * Owner: one thread; with a registry, that of its loop. */
#ifndef DECODE_DECODER_H
#define DECODE_DECODER_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/list.h"
#include "base/metrics.h"
#include "config/settings.h"
#include "decode/event.h"
#include "loop/loop.h"

struct decoder;

struct decoder_options {
    const struct settings_registry *registry; /* no url: there is none. Outlives it */
    struct loop *loop;                        /* outlives it */
    struct metrics_block *metrics;
    void *context;
    /* The links given to decoder_wait whose schema is there, or is known not to be: decode their
     * records again. Never from inside a decoder's function. */
    void (*known)(void *context, struct list *waiters);
};

/* NULL and `err`: no memory. */
struct decoder *decoder_create(const struct decoder_options *options, struct error *err);

/* One for commands, which wait: it has a loop of its own. Only decoder_decode_now. */
struct decoder *decoder_create_waiting(const struct settings_registry *registry, struct error *err);
void decoder_destroy(struct decoder *decoder);

enum decoder_result {
    DECODER_EVENT,
    DECODER_WAITS,  /* its schema isn't there yet: decoder_wait */
    DECODER_FAILED, /* `err` is ERROR_DECODE, which stays so, or ERROR_MEMORY */
};

/* But for DECODER_EVENT `ev` may only be decoded into again or finished. Never blocks. */
enum decoder_result decoder_decode(struct decoder *decoder, const struct record *record,
                                   enum format format, struct event *ev, struct error *err);

/* At once after DECODER_WAITS: the caller's link waits for that schema, and comes back by `known`.
 * It may be taken out of its list (list_remove) before. */
void decoder_wait(struct decoder *decoder, struct list *waiter);

/* Waits for the schema, for as long as the registry takes to answer or registry.timeout allows.
 * False is ERROR_DECODE, ERROR_MEMORY, or, with another kind, a registry that can't be asked. */
bool decoder_decode_now(struct decoder *decoder, const struct record *record, enum format format,
                        struct event *ev, struct error *err) MUST_CHECK;

/* Gives memory back that an uncommonly large record has left. */
void decoder_trim(struct decoder *decoder);

#endif
