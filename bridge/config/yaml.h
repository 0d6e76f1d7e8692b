/* A YAML document as a tree that remembers where each value is written.
 *
 * Walking it:
 *
 *     for (size_t i = 0; i < node->count; i++)
 *         visit(node->keys[i], node->items[i]);          (a sequence has no keys)
 *
 * Aliases and the merge key `<<` are resolved, so that one node may hang in several places; the
 * tree is immutable, has no cycle and is at most YAML_DEPTH_MAX deep, so recursion is fine.
 * Owner: the arena it was made in. Thread: any, once made. */
#ifndef CONFIG_YAML_H
#define CONFIG_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "config/problems.h"

#define YAML_FILE_MAX  (16u << 20) /* bytes */
#define YAML_DEPTH_MAX 64u
#define YAML_NODES_MAX 1000000u /* a file, aliases counted with all that hangs under them */
#define YAML_KEYS_MAX  1000u    /* a mapping */

enum yaml_type { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

/* What a scalar is in the core schema of YAML 1.2. */
enum yaml_kind { YAML_STRING, YAML_NULL, YAML_BOOL, YAML_INT, YAML_FLOAT };

struct yaml_node {
    enum yaml_type type;
    bool quoted;     /* in quotes, a block, or holds a ${…}: a string, whatever it looks like */
    bool broken;     /* a ${…} in it can't be had, and a problem says so: nothing to add */
    unsigned weight; /* nodes in it, itself included */
    struct place at;
    struct text text;    /* a scalar's, after ${env:} and ${file:}; never NULL */
    const char *written; /* a scalar as it stands in the file: holds no ${…}'s value */
    size_t count;        /* of a sequence or mapping */
    const struct yaml_node **items;
    const struct text *keys; /* of a mapping, beside its items; no two are equal */
};

/* A scalar's kind; YAML_STRING for what is no scalar. */
enum yaml_kind yaml_kind(const struct yaml_node *node);

/* Plain null, ~ or nothing at all. */
bool yaml_is_null(const struct yaml_node *node);

/* A plain true or false. */
bool yaml_is_true(const struct yaml_node *node);

/* The value under `key`; NULL if there is none, or `node` is NULL or no mapping. */
const struct yaml_node *yaml_find(const struct yaml_node *node, const char *key);

/* Adds a plain scalar's value as JSON: null, true, false, or a number with the digits it is
 * written with (0x1F and 0o17 become decimal). False, and nothing added: it is a string, or
 * .inf, .nan or an integer beyond 64 bits in hexadecimal or octal, which JSON has no number for. */
bool yaml_add_json(const struct yaml_node *node, struct buffer *json) MUST_CHECK;

/* Mappings merged, all else replaced: `over` wins. What stands under a key named `whole` is
 * replaced even if it is a mapping. Order: that of `under`, then what only `over` has. Either may
 * be NULL. The new nodes are in `arena`, and have the places of `over`. */
const struct yaml_node *yaml_merge(struct arena *arena, const struct yaml_node *under,
                                   const struct yaml_node *over, const char *whole);

/* Reads the one document of a file, with ${env:} and ${file:} expanded. NULL: it can't be read or
 * is no YAML, and `problems` says why. Lesser mistakes (a key given twice, a missing variable) are
 * added too, and the tree is as good as it can be. An empty file is a null. */
const struct yaml_node *yaml_read_file(struct arena *arena, const char *path,
                                       struct problems *problems);

/* The same of bytes in memory. `file` names them in places; NULL: nowhere. */
const struct yaml_node *yaml_read_bytes(struct arena *arena, const char *file, struct slice bytes,
                                        struct problems *problems);

#endif
