/* A binary min-heap of intrusive nodes: timers, things falling due, whoever holds least.
 * The caller keeps the nodes' memory; a node is in one heap at a time. */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct heap_node {
    int64_t key;
    uint64_t turn;   /* equal keys leave in the order they came; set by heap_push */
    size_t position; /* 1-based place in the heap; 0: in none */
};

struct heap {
    struct heap_node **nodes;
    size_t count;
    size_t capacity;
    uint64_t turns;
};

void heap_finish(struct heap *heap);

/* False when there is no memory; the node is then in no heap. */
bool heap_push(struct heap *heap, struct heap_node *node, int64_t key) MUST_CHECK;

/* Takes the node out; nothing happens if it is in none. */
void heap_remove(struct heap *heap, struct heap_node *node);

static inline struct heap_node *heap_first(const struct heap *heap)
{
    return heap->count ? heap->nodes[0] : NULL;
}

static inline bool heap_holds(const struct heap_node *node)
{
    return node->position != 0;
}

#endif
