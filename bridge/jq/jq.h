/* jq for one thread: what runs the programs that only jq understands, in a child process of its own
 * (jq/child.h). Nothing is started before the first program is asked for. A child that ends, or has
 * to be ended, is followed by a new one.
 *
 * Owner: one thread. Blocks that thread while a program runs: JQ_RUN_MS of CPU time at most. */
#ifndef JQ_JQ_H
#define JQ_JQ_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/slice.h"

struct jq;

/* NULL: no memory. */
struct jq *jq_create(void);
void jq_destroy(struct jq *jq); /* NULL is fine */

/* Does the program compile, where there are these variables (a JSON object of them)? False is
 * ERROR_INPUT with what is wrong, and `offset` the byte of the program where; or ERROR_SYSTEM. */
bool jq_check(struct jq *jq, struct slice program, struct slice variables, size_t *offset,
              struct error *err) MUST_CHECK;

/* For the JSON that the next program is to run on; empty. */
struct buffer *jq_input(struct jq *jq);

enum jq_wanted {
    JQ_WANTED_RESULT, /* as JSON */
    JQ_WANTED_TRUTH,  /* true, false or null; true for all else */
};

struct jq_call {
    struct slice program; /* wrapped: jq/program.h */
    enum jq_wanted wanted;
    size_t most; /* bytes of the result */
};

/* Runs the program on what stands in jq_input. `out` then ends with its first result; `empty`:
 * there is none. False is ERROR_RENDER with what jq says, or how the program ran over a limit;
 * ERROR_TOO_LARGE; ERROR_SYSTEM or ERROR_MEMORY: it can't be run just now. */
bool jq_run(struct jq *jq, const struct jq_call *call, struct buffer *out, bool *empty,
            struct error *err) MUST_CHECK;

#endif
