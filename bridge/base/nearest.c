#include "base/nearest.h"

#include <limits.h>

#define LONGEST 64

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static bool same(char a, char b)
{
    return strncasecmp(&a, &b, 1) == 0;
}

/* Optimal string alignment distance: three rows of the usual matrix, the third for swaps. */
static unsigned distance(struct slice a, struct slice b)
{
    unsigned rows[3][LONGEST + 1];
    for (unsigned j = 0; j <= b.size; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a.size; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        row[0] = i;
        for (unsigned j = 1; j <= b.size; j++) {
            unsigned cost = same(a.data[i - 1], b.data[j - 1]) ? 0 : 1;
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + cost);
            if (i > 1 && j > 1 && same(a.data[i - 1], b.data[j - 2]) &&
                same(a.data[i - 2], b.data[j - 1]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return rows[a.size % 3][b.size];
}

const char *nearest_name(struct slice text, const char *const *names, size_t count)
{
    const char *best = NULL;
    unsigned best_edits = UINT_MAX;
    if (text.size == 0 || text.size > LONGEST)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        struct slice name = slice_of(names[i]);
        if (name.size > LONGEST)
            continue;
        unsigned edits = distance(text, name);
        size_t longer = name.size > text.size ? name.size : text.size;
        if (edits < best_edits && edits <= (longer + 2) / 3) {
            best = names[i];
            best_edits = edits;
        }
    }
    return best;
}
