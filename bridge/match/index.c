/* For each topic and format: the subscriptions without `events`, which always match; those that
 * name the type, sorted; those whose pattern begins (`payment.*`) or ends (`*.created`) with a
 * text, by that text, sorted, with the lengths that occur; and the few of which every one must be
 * tried. */
#include "match/index.h"

#include <stdlib.h>
#include <string.h>

#include "base/glob.h"

#define FORMATS       (FORMAT_BINARY + 1)
#define TOPIC_BUCKETS 64

/* A pattern of one entry, by the text that it is found by. */
struct line {
    struct slice text;
    struct slice pattern;
    size_t entry;
};

struct lines {
    struct line *items;
    size_t count;
    size_t capacity;
};

enum side { EXACT, PREFIX, SUFFIX, REST, SIDES };

struct types {
    struct lines always; /* only their entries count */
    struct lines by[SIDES];
    size_t *lengths[SIDES]; /* of PREFIX and SUFFIX: those that occur, ascending */
    size_t length_count[SIDES];
    size_t entries;
};

struct index_topic {
    struct index_topic *next;
    struct types types[FORMATS];
    char name[];
};

struct index {
    const struct index_entry *entries;
    size_t count;
    unsigned *numbers; /* found */
    unsigned *seen;    /* by entry: the turn in which it was found */
    unsigned turn;
    struct index_topic *buckets[TOPIC_BUCKETS];
    struct index_topic *last;
};

struct index *index_create(const struct index_entry *entries, size_t count)
{
    struct index *index = calloc(1, sizeof *index);
    if (!index)
        return NULL;
    index->entries = entries;
    index->count = count;
    index->numbers = calloc(count + 1, sizeof *index->numbers);
    index->seen = calloc(count + 1, sizeof *index->seen);
    if (index->numbers && index->seen)
        return index;
    index_destroy(index);
    return NULL;
}

static void topic_destroy(struct index_topic *topic)
{
    for (size_t f = 0; topic && f < FORMATS; f++) {
        struct types *types = &topic->types[f];
        free(types->always.items);
        for (size_t side = 0; side < SIDES; side++) {
            free(types->by[side].items);
            free(types->lengths[side]);
        }
    }
    free(topic);
}

void index_destroy(struct index *index)
{
    if (!index)
        return;
    for (size_t i = 0; i < TOPIC_BUCKETS; i++)
        for (struct index_topic *topic = index->buckets[i], *next = NULL; topic; topic = next) {
            next = topic->next;
            topic_destroy(topic);
        }
    free(index->numbers);
    free(index->seen);
    free(index);
}

/* ── a topic is seen for the first time ──────────────────────────────────── */

static bool add_line(struct lines *lines, struct line line)
{
    if (lines->count == lines->capacity) {
        size_t capacity = lines->capacity ? lines->capacity * 2 : 4;
        struct line *items = realloc(lines->items, capacity * sizeof *items);
        if (!items)
            return false;
        lines->items = items;
        lines->capacity = capacity;
    }
    lines->items[lines->count++] = line;
    return true;
}

static bool add_pattern(struct types *types, struct slice pattern, size_t entry)
{
    const char *first = memchr(pattern.data, '*', pattern.size);
    const char *last = first ? memrchr(pattern.data, '*', pattern.size) : NULL;
    struct slice text = pattern;
    enum side side = EXACT;
    if (first && first > pattern.data) {
        side = PREFIX;
        text.size = (size_t)(first - pattern.data);
    } else if (first) {
        text = slice_from(pattern, (size_t)(last + 1 - pattern.data));
        side = text.size ? SUFFIX : REST;
    }
    return add_line(&types->by[side], (struct line){text, pattern, entry});
}

static bool add_entry(const struct index *index, struct types *types, size_t entry)
{
    const struct texts *events = &index->entries[entry].sub->events;
    types->entries++;
    if (events->count == 0)
        return add_line(&types->always, (struct line){.entry = entry});
    for (size_t i = 0; i < events->count; i++)
        if (!add_pattern(types, text_slice(&events->items[i]), entry))
            return false;
    return true;
}

static int by_text(const void *a, const void *b)
{
    return slice_compare(((const struct line *)a)->text, ((const struct line *)b)->text);
}

static int by_size(const void *a, const void *b)
{
    size_t x = *(const size_t *)a;
    size_t y = *(const size_t *)b;
    return (x > y) - (x < y);
}

static bool gather_lengths(struct types *types, enum side side)
{
    const struct lines *lines = &types->by[side];
    if (lines->count == 0)
        return true;
    size_t *lengths = malloc(lines->count * sizeof *lengths);
    types->lengths[side] = lengths;
    if (!lengths)
        return false;
    for (size_t i = 0; i < lines->count; i++)
        lengths[i] = lines->items[i].text.size;
    qsort(lengths, lines->count, sizeof *lengths, by_size);
    size_t count = 0;
    for (size_t i = 0; i < lines->count; i++)
        if (count == 0 || lengths[count - 1] != lengths[i])
            lengths[count++] = lengths[i];
    types->length_count[side] = count;
    return true;
}

static bool sort(struct types *types)
{
    for (size_t side = 0; side < REST; side++)
        if (types->by[side].count)
            qsort(types->by[side].items, types->by[side].count, sizeof(struct line), by_text);
    return gather_lengths(types, PREFIX) && gather_lengths(types, SUFFIX);
}

static struct index_topic *gather(const struct index *index, const char *name)
{
    size_t size = strlen(name) + 1;
    struct index_topic *topic = calloc(1, sizeof *topic + size);
    if (!topic)
        return NULL;
    memcpy(topic->name, name, size);
    bool fine = true;
    for (size_t i = 0; fine && i < index->count; i++)
        if (matcher_wants_topic(index->entries[i].matcher, name))
            fine = add_entry(index, &topic->types[index->entries[i].sub->format], i);
    for (size_t f = 0; fine && f < FORMATS; f++)
        fine = sort(&topic->types[f]);
    if (fine)
        return topic;
    topic_destroy(topic);
    return NULL;
}

static size_t bucket_of(const char *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash % TOPIC_BUCKETS;
}

struct index_topic *index_topic(struct index *index, const char *name)
{
    if (index->last && strcmp(index->last->name, name) == 0)
        return index->last;
    struct index_topic **bucket = &index->buckets[bucket_of(name)];
    struct index_topic *topic = *bucket;
    while (topic && strcmp(topic->name, name) != 0)
        topic = topic->next;
    if (!topic) {
        topic = gather(index, name);
        if (!topic)
            return NULL;
        topic->next = *bucket;
        *bucket = topic;
    }
    index->last = topic;
    return topic;
}

size_t index_count(const struct index_topic *topic, enum format format)
{
    return topic->types[format].entries;
}

/* ── an event comes ──────────────────────────────────────────────────────── */

static void find_entry(struct index *index, size_t entry, size_t *found)
{
    if (index->seen[entry] == index->turn)
        return; /* by another of its patterns */
    index->seen[entry] = index->turn;
    index->numbers[(*found)++] = index->entries[entry].number;
}

static size_t first_of(const struct lines *lines, struct slice text)
{
    size_t low = 0;
    size_t high = lines->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slice_compare(lines->items[middle].text, text) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Those found by `text`, if their whole pattern takes the type. */
static void find_lines(struct index *index, const struct lines *lines, struct slice text,
                       struct slice type, size_t *found)
{
    for (size_t i = first_of(lines, text); i < lines->count; i++) {
        const struct line *line = &lines->items[i];
        if (!slice_equal(line->text, text))
            return;
        if (glob_match(line->pattern, type))
            find_entry(index, line->entry, found);
    }
}

static void find_affixes(struct index *index, const struct types *types, enum side side,
                         struct slice type, size_t *found)
{
    for (size_t i = 0; i < types->length_count[side]; i++) {
        size_t length = types->lengths[side][i];
        if (length > type.size)
            return;
        struct slice text = side == PREFIX ? (struct slice){type.data, length}
                                           : slice_from(type, type.size - length);
        find_lines(index, &types->by[side], text, type, found);
    }
}

static void find_all(struct index *index, const struct lines *lines, size_t *found)
{
    for (size_t i = 0; i < lines->count; i++)
        find_entry(index, lines->items[i].entry, found);
}

size_t index_find(struct index *index, const struct index_topic *topic, enum format format,
                  struct slice type, const unsigned **numbers)
{
    const struct types *types = &topic->types[format];
    size_t found = 0;
    if (++index->turn == 0) {
        memset(index->seen, 0, index->count * sizeof *index->seen);
        index->turn = 1;
    }
    *numbers = index->numbers;
    find_all(index, &types->always, &found);
    if (!type.data) {
        for (size_t side = 0; side < SIDES; side++)
            find_all(index, &types->by[side], &found);
        return found;
    }
    find_lines(index, &types->by[EXACT], type, type, &found);
    find_affixes(index, types, PREFIX, type, &found);
    find_affixes(index, types, SUFFIX, type, &found);
    for (size_t i = 0; i < types->by[REST].count; i++)
        if (glob_match(types->by[REST].items[i].pattern, type))
            find_entry(index, types->by[REST].items[i].entry, &found);
    return found;
}
