#include "base/heap.h"

#include <stdlib.h>

static bool before(const struct heap_node *a, const struct heap_node *b)
{
    return a->key < b->key || (a->key == b->key && a->turn < b->turn);
}

static void place(struct heap *heap, size_t index, struct heap_node *node)
{
    heap->nodes[index] = node;
    node->position = index + 1;
}

static void sift_up(struct heap *heap, size_t index, struct heap_node *node)
{
    while (index > 0 && before(node, heap->nodes[(index - 1) / 2])) {
        place(heap, index, heap->nodes[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    place(heap, index, node);
}

static void sift_down(struct heap *heap, size_t index, struct heap_node *node)
{
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= heap->count)
            break;
        if (child + 1 < heap->count && before(heap->nodes[child + 1], heap->nodes[child]))
            child++;
        if (!before(heap->nodes[child], node))
            break;
        place(heap, index, heap->nodes[child]);
        index = child;
    }
    place(heap, index, node);
}

void heap_finish(struct heap *heap)
{
    free(heap->nodes);
    *heap = (struct heap){0};
}

bool heap_push(struct heap *heap, struct heap_node *node, int64_t key)
{
    if (heap->count == heap->capacity) {
        size_t capacity = heap->capacity ? heap->capacity * 2 : 16;
        struct heap_node **nodes = realloc(heap->nodes, capacity * sizeof(struct heap_node *));
        if (!nodes)
            return false;
        heap->nodes = nodes;
        heap->capacity = capacity;
    }
    node->key = key;
    node->turn = heap->turns++;
    sift_up(heap, heap->count++, node);
    return true;
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
    if (!heap_holds(node))
        return;
    size_t index = node->position - 1;
    node->position = 0;
    struct heap_node *last = heap->nodes[--heap->count];
    if (last == node)
        return;
    if (index > 0 && before(last, heap->nodes[(index - 1) / 2]))
        sift_up(heap, index, last);
    else
        sift_down(heap, index, last);
}
