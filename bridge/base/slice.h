/* A pointer and a length into bytes that somebody else owns; who that is, the holder says.
 * data == NULL means "there is none" (a null key, a missing field), unlike an empty slice. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct slice {
    const char *data;
    size_t size;
};

#define SLICE(literal) ((struct slice){"" literal, sizeof(literal) - 1})
/* The same for a static table. */
/* clang-format off */
#define SLICE_INIT(literal) {"" literal, sizeof(literal) - 1}
/* clang-format on */
#define SLICE_NONE ((struct slice){NULL, 0})

/* For printf's "%.*s". */
#define SLICE_ARGS(s) (int)(s).size, (s).data ? (s).data : ""

static inline struct slice slice_of(const char *text)
{
    return text ? (struct slice){text, strlen(text)} : SLICE_NONE;
}

static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool slice_is(struct slice a, const char *text)
{
    return slice_equal(a, slice_of(text));
}

static inline bool slice_equal_nocase(struct slice a, struct slice b)
{
    return a.size == b.size && (a.size == 0 || strncasecmp(a.data, b.data, a.size) == 0);
}

static inline bool slice_starts(struct slice a, struct slice prefix)
{
    return a.size >= prefix.size &&
           (prefix.size == 0 || memcmp(a.data, prefix.data, prefix.size) == 0);
}

/* In the order of their bytes: below, at or above 0. */
static inline int slice_compare(struct slice a, struct slice b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* What is left after the first `count` bytes (count <= size). */
static inline struct slice slice_from(struct slice a, size_t count)
{
    return (struct slice){a.data + count, a.size - count};
}

#endif
