/* Memory that is freed all at once: a configuration's strings, a compiled template's parts.
 * Owner: whoever holds the struct; zero-initialised is empty and valid. Running out ends the
 * program, so an arena is for start-up and reload, never for an event's way. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/slice.h"

struct arena_block;
struct arena_thing;

struct arena {
    struct arena_block *blocks;
    struct arena_thing *things; /* the last kept first */
};

/* Destroys what is kept, then wipes and frees everything. */
void arena_finish(struct arena *arena);

/* Zeroed, aligned for anything; never NULL. */
void *arena_alloc(struct arena *arena, size_t size);

/* `thing` becomes the arena's: what it holds elsewhere is freed by `destroy` when all is. */
void arena_keep(struct arena *arena, void *thing, void (*destroy)(void *thing));

/* A NUL-terminated copy. */
char *arena_copy(struct arena *arena, struct slice text);
char *arena_print(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
