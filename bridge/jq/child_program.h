/* The child's programs, compiled: compiling takes longer than running by a factor of a thousand. */
#ifndef JQ_CHILD_PROGRAM_H
#define JQ_CHILD_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include <jq.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/slice.h"

#define CHILD_PROGRAMS 128 /* kept; the one that was not used for longest makes room */

struct child_program {
    char *text;
    size_t size;
    jq_state *jq;
    uint64_t used;
};

struct child_programs {
    struct child_program kept[CHILD_PROGRAMS];
    uint64_t uses;
};

/* One that is compiled already; NULL: it isn't. */
jq_state *child_program_find(struct child_programs *programs, struct slice text);

/* Compiles and keeps it; NULL: `why` has jq's first words of what is wrong. A NUL follows `text`.
 */
jq_state *child_program_compile(struct child_programs *programs, struct slice text,
                                struct buffer *why);

/* Does it compile, where there are these variables (an object, which is taken)? */
bool child_program_check(struct slice text, jv variables, struct buffer *why) MUST_CHECK;

#endif
