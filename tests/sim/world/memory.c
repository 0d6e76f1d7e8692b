#include "sim/world/memory.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/world/process.h"
#include "sim/world/world.h"

#define MAGIC UINT32_C(0x51a7beef)

/* Before each block. */
struct block {
    _Alignas(16) struct list link; /* in its process's */
    struct process *process;       /* NULL: the simulation's */
    size_t bytes;
    enum memory_kind kind;
    uint32_t magic;
};

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void __real_free(void *memory);

void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);
void __wrap_free(void *memory);
char *__wrap_strdup(const char *text);
PRINTF_LIKE(2, 0) int __wrap_vasprintf(char **text, const char *format, va_list arguments);
int __wrap_asprintf(char **text, const char *format, ...) PRINTF_LIKE(2, 3);
PRINTF_LIKE(3, 0)
int __wrap___vasprintf_chk(char **text, int flag, const char *format, va_list arguments);
int __wrap___asprintf_chk(char **text, int flag, const char *format, ...) PRINTF_LIKE(3, 4);

static enum memory_kind current_kind = MEMORY_LIBRARY;

enum memory_kind memory_enter(enum memory_kind kind)
{
    enum memory_kind before = current_kind;
    current_kind = kind;
    return before;
}

static bool fails(struct process *process)
{
    if (!process || current_kind == MEMORY_LIBRARY || process->memory.fails_per_million == 0)
        return false;
    if (!dice_chance(&process->memory.dice, process->memory.fails_per_million))
        return false;
    process->memory.failed++;
    world_trace("an allocation fails");
    return true;
}

static struct block *block_of(void *memory)
{
    struct block *block = (struct block *)((char *)memory - sizeof(struct block));
    if (block->magic != MAGIC)
        world_fail("memory is freed that was not allocated by a function that memory.c replaces");
    return block;
}

/* Large blocks of zeros are pages that nobody touches. */
static void *get(size_t bytes, bool zeroed)
{
    struct process *process = process_current();
    if (fails(process))
        return NULL;
    struct block *block = zeroed ? __real_calloc(1, sizeof(struct block) + bytes)
                                 : __real_malloc(sizeof(struct block) + bytes);
    if (!block)
        return NULL;
    *block =
        (struct block){.process = process, .bytes = bytes, .kind = current_kind, .magic = MAGIC};
    if (!process)
        return block + 1;
    list_push(&process->memory.blocks, &block->link);
    process->memory.count++;
    process->memory.bytes[block->kind] += bytes;
    return block + 1;
}

void *__wrap_malloc(size_t bytes)
{
    return get(bytes, false);
}

static void forget(struct block *block)
{
    struct process *process = block->process;
    if (process) {
        list_remove(&block->link);
        process->memory.count--;
        process->memory.bytes[block->kind] -= block->bytes;
    }
    block->magic = 0;
    __real_free(block);
}

void __wrap_free(void *memory)
{
    if (memory)
        forget(block_of(memory));
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    assert(bytes == 0 || count <= SIZE_MAX / bytes);
    return get(count * bytes, true);
}

/* Always moves: who keeps the old address is found out. */
void *__wrap_realloc(void *memory, size_t bytes)
{
    void *moved = __wrap_malloc(bytes);
    if (!moved || !memory)
        return moved;
    struct block *block = block_of(memory);
    memcpy(moved, memory, block->bytes < bytes ? block->bytes : bytes);
    forget(block);
    return moved;
}

char *__wrap_strdup(const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = __wrap_malloc(bytes);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

int __wrap_vasprintf(char **text, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    *text = size < 0 ? NULL : __wrap_malloc((size_t)size + 1);
    return *text ? vsnprintf(*text, (size_t)size + 1, format, arguments) : -1;
}

PRINTF_LIKE(3, 0)
int __wrap___vasprintf_chk(char **text, int flag, const char *format, va_list arguments)
{
    (void)flag;
    return __wrap_vasprintf(text, format, arguments);
}

int __wrap_asprintf(char **text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = __wrap_vasprintf(text, format, arguments);
    va_end(arguments);
    return size;
}

int __wrap___asprintf_chk(char **text, int flag, const char *format, ...)
{
    (void)flag;
    va_list arguments;
    va_start(arguments, format);
    int size = __wrap_vasprintf(text, format, arguments);
    va_end(arguments);
    return size;
}

void *memory_get(size_t bytes)
{
    enum memory_kind before = memory_enter(MEMORY_LIBRARY);
    void *memory = __wrap_calloc(1, bytes);
    memory_enter(before);
    if (!memory)
        world_fail("the simulation has no memory");
    return memory;
}

void memory_free_all(struct memory *memory)
{
    while (!list_empty(&memory->blocks))
        forget(CONTAINER_OF(memory->blocks.next, struct block, link));
}
