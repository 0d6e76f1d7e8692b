#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define BLOCK_LEAST 512 /* there may be one for each of 10,000 subscriptions */
#define BLOCK_MOST  4096

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t size;
    max_align_t data[];
};

/* It lies in the arena itself. */
struct arena_thing {
    struct arena_thing *next;
    void *thing;
    void (*destroy)(void *thing);
};

void arena_finish(struct arena *arena)
{
    for (; arena->things; arena->things = arena->things->next)
        arena->things->destroy(arena->things->thing);
    while (arena->blocks) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->next;
        explicit_bzero(block->data, block->size);
        free(block);
    }
}

static struct arena_block *block_create(size_t size)
{
    struct arena_block *block = memory_need(calloc(1, sizeof *block + size));
    block->size = size;
    return block;
}

/* Each twice as large as the one before. */
static size_t next_size(const struct arena_block *last)
{
    if (!last)
        return BLOCK_LEAST;
    return last->size < BLOCK_MOST / 2 ? last->size * 2 : BLOCK_MOST;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t unit = _Alignof(max_align_t);
    size = (size + unit - 1) / unit * unit;
    struct arena_block *block = arena->blocks;
    if (!block || block->size - block->used < size) {
        size_t room = next_size(arena->blocks);
        block = block_create(size > room ? size : room);
        block->next = arena->blocks;
        arena->blocks = block;
    }
    void *memory = (char *)block->data + block->used;
    block->used += size;
    return memory;
}

void arena_keep(struct arena *arena, void *thing, void (*destroy)(void *thing))
{
    struct arena_thing *kept = arena_alloc(arena, sizeof *kept);
    *kept = (struct arena_thing){arena->things, thing, destroy};
    arena->things = kept;
}

char *arena_copy(struct arena *arena, struct slice text)
{
    char *copy = arena_alloc(arena, text.size + 1);
    if (text.size)
        memcpy(copy, text.data, text.size);
    return copy;
}

char *arena_print(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = arena_alloc(arena, (size_t)(size < 0 ? 0 : size) + 1);
    va_start(args, format);
    vsnprintf(text, (size_t)(size < 0 ? 0 : size) + 1, format, args);
    va_end(args);
    return text;
}
