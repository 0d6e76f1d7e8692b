/* What it takes to have a schema registered under a subject, step by step: is it there already? is
 * it compatible with what is there? then it is added. Pure: it says what to ask for next, and takes
 * what was answered.
 *
 * One that is there is found first: then neither the right to write is needed, nor is an older
 * program's schema held against a newer one's. */
#ifndef DECODE_REGISTRATION_H
#define DECODE_REGISTRATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/slice.h"

enum registration_step {
    REGISTRATION_FIND,
    REGISTRATION_CHECK,
    REGISTRATION_ADD,
    REGISTRATION_DONE,
};

/* Adds the path to POST to: "/subjects/grapnel.results-value". */
void registration_write_path(enum registration_step step, struct slice subject,
                             struct buffer *path);

/* Adds what to send there, the same at each step. */
void registration_write_body(struct slice schema, struct buffer *body);

/* Takes the answer, and moves `step` on; `id` is there when it is done. False is ERROR_INPUT, with
 * the registry's own words: it will not have this schema; or ERROR_STATUS or ERROR_PROTOCOL: that
 * is no answer to the question, which may be asked again. */
bool registration_take(enum registration_step *step, int status, struct slice body, uint32_t *id,
                       struct error *err) MUST_CHECK;

#endif
