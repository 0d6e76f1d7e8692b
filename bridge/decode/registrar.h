/* Has one schema registered, and learns its id. It never blocks, and asks for as long as it takes:
 * a registry that is away, or says no to who we are, is asked again. That it will not have the
 * schema is its last word.
 *
 * Owner: the loop's thread. */
#ifndef DECODE_REGISTRAR_H
#define DECODE_REGISTRAR_H

#include <stdint.h>

#include "base/error.h"
#include "base/metrics.h"
#include "base/slice.h"
#include "config/settings.h"
#include "loop/loop.h"

struct registrar;

struct registrar_options {
    struct loop *loop;                        /* outlives it */
    const struct settings_registry *settings; /* outlives it */
    struct metrics_block *metrics;            /* NULL: nothing is counted */
    struct slice subject;
    struct slice schema;
    void *context;
    /* One of these is called, once, in a later turn of the loop. Not to destroy it in. */
    void (*registered)(void *context, uint32_t id);
    void (*refused)(void *context, const struct error *why); /* ERROR_INPUT */
};

/* Begins at once. NULL and `err`: no memory. */
struct registrar *registrar_create(const struct registrar_options *options, struct error *err);
void registrar_destroy(struct registrar *registrar);

#endif
