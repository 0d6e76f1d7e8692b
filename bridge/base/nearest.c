#include "base/nearest.h"

#include <stdbool.h>

#define NAME_MAX_SIZE 64

void nearest_init(struct nearest *nearest, struct slice typed)
{
    *nearest = (struct nearest){.typed = typed, .distance = (size_t)-1};
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool same(char a, char b)
{
    return strncasecmp(&a, &b, 1) == 0;
}

/* The price of the best way to turn a[0…i) into b[0…j), from the prices of shorter ones. */
static size_t price(size_t rows[3][NAME_MAX_SIZE + 1], size_t i, size_t j, struct slice a,
                    struct slice b)
{
    const size_t *before = rows[(i + 2) % 3];
    size_t change = before[j - 1] + !same(a.data[i - 1], b.data[j - 1]);
    size_t best = least(change, least(before[j], rows[i % 3][j - 1]) + 1);
    bool swapped =
        i > 1 && j > 1 && same(a.data[i - 1], b.data[j - 2]) && same(a.data[i - 2], b.data[j - 1]);
    return swapped ? least(best, rows[(i + 1) % 3][j - 2] + 1) : best;
}

/* The optimal string alignment distance; three rows of its table at a time. */
static size_t distance(struct slice a, struct slice b)
{
    size_t rows[3][NAME_MAX_SIZE + 1];
    for (size_t j = 0; j <= b.size; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        rows[i % 3][0] = i;
        for (size_t j = 1; j <= b.size; j++)
            rows[i % 3][j] = price(rows, i, j, a, b);
    }
    return rows[a.size % 3][b.size];
}

void nearest_offer(struct nearest *nearest, const char *name)
{
    struct slice known = slice_of(name);
    if (known.size > NAME_MAX_SIZE || nearest->typed.size > NAME_MAX_SIZE ||
        nearest->typed.size == 0)
        return;
    size_t far = distance(nearest->typed, known);
    size_t allowed = known.size < 6 ? 1 + (known.size > 3) : known.size / 3;
    if (far <= allowed && far < nearest->distance) {
        nearest->name = name;
        nearest->distance = far;
    }
}

const char *nearest_name(struct slice typed, const char *const *names, size_t count)
{
    struct nearest nearest;
    nearest_init(&nearest, typed);
    for (size_t i = 0; i < count; i++)
        nearest_offer(&nearest, names[i]);
    return nearest.name;
}
