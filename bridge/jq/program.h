/* What can be told of a jq program without jq: which variables it names, and whether it asks for
 * what a program here doesn't get. Pure. */
#ifndef JQ_PROGRAM_H
#define JQ_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/slice.h"

/* The variables that programs are given: their names without the dollar, at most 32. */
struct jq_variables {
    const char *const *names;
    size_t count;
};

/* `used` gets a bit for each variable that is named. False is ERROR_INPUT, and `offset` the byte
 * where: it names what is refused (the environment, files, further input, the log). */
bool jq_program_scan(struct slice program, const struct jq_variables *variables, unsigned *used,
                     size_t *offset, struct error *err) MUST_CHECK;

/* The program as it is run: on the value itself where it uses no variable, else on an array of the
 * value and the variables that it uses, in their order. NUL behind it. */
struct slice jq_program_wrap(struct slice program, const struct jq_variables *variables,
                             unsigned used, struct arena *arena);

#endif
