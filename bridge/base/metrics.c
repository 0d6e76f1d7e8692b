#include "base/metrics.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define CACHE_LINE 64

enum metric_type { COUNTER, GAUGE, HISTOGRAM };
enum label_show { ALWAYS, SEEN };

enum label {
#define METRIC_LABEL(id, text, show) LABEL_##id,
#include "base/metrics.def"
    LABEL_COUNT
};

static const struct {
    const char *name;
    enum label_show show;
} labels[] = {
#define METRIC_LABEL(id, text, show) [LABEL_##id] = {text, show},
#include "base/metrics.def"
};

static const struct {
    enum label label;
    const char *text;
} values[] = {
#define METRIC_VALUE(set, id, text) [METRIC_##set##_##id] = {LABEL_##set, text},
#include "base/metrics.def"
};

#define SUBSCRIPTION METRICS_OF_SUBSCRIPTION
#define LANE         METRICS_OF_LANE
#define INSTANCE     METRICS_OF_INSTANCE
static const struct {
    enum metric_type type;
    enum metrics_scope scope;
    enum label label;
    const char *name;
    const char *help;
} table[] = {
#define METRIC(id, type, scope, label, name, help)                                                 \
    [METRIC_##id] = {type, scope, LABEL_##label, "grapnel_" name, help},
#include "base/metrics.def"
};

/* Upper bounds. The first half tells fast receivers apart, the second is for what waits for its
 * next attempt. */
static const struct {
    int64_t us;
    const char *seconds;
} bounds[] = {
    {500, "0.0005"},    {1000, "0.001"},      {2500, "0.0025"},     {5000, "0.005"},
    {10000, "0.01"},    {25000, "0.025"},     {50000, "0.05"},      {100000, "0.1"},
    {250000, "0.25"},   {500000, "0.5"},      {1000000, "1"},       {2500000, "2.5"},
    {5000000, "5"},     {10000000, "10"},     {30000000, "30"},     {60000000, "60"},
    {300000000, "300"}, {1800000000, "1800"}, {7200000000, "7200"}, {36000000000, "36000"},
};

/* A histogram's cells: one a bound, one for what is over all of them, one for the sum in µs. */
#define BUCKETS         (COUNT_OF(bounds) + 1)
#define HISTOGRAM_CELLS (BUCKETS + 1)

#define SCOPES      (METRICS_OF_INSTANCE + 1)
#define CHUNK       64 /* series that get their memory at once, when the first of them counts */
#define CHUNKS_MOST (METRICS_SERIES_MAX / CHUNK)

/* No two threads' cells are in one cache line: a line's bytes are between those of two chunks. */
struct chunk {
    char apart[CACHE_LINE];
    _Atomic uint64_t cells[];
};

struct metrics_block {
    const struct metrics *metrics;
    struct metrics_block *next;
    struct chunk *_Atomic chunks[SCOPES][CHUNKS_MOST];
};

/* A series' labels but the second one: `subscription="orders"`. They are kept until the end: a
 * scrape may be reading them. */
struct labels {
    struct labels *next;
    char *group; /* a lane's as it stands; NULL: no lane's */
    char text[];
};

/* The cells of one series of a scope are together; `place` is a metric's first among them. */
struct metrics {
    struct labels *_Atomic *named[SCOPES]; /* by number; NULL: not written */
    size_t _Atomic named_end[SCOPES];      /* no number from here on has a name */
    struct labels *made;
    size_t place[METRIC_COUNT];
    enum metric_value first[LABEL_COUNT];
    size_t value_count[LABEL_COUNT];
    size_t cells[SCOPES];
    struct metrics_block *_Atomic blocks;
};

static size_t cells_of(const struct metrics *metrics, enum metric metric)
{
    return table[metric].type == HISTOGRAM ? HISTOGRAM_CELLS
                                           : metrics->value_count[table[metric].label];
}

static void lay_out(struct metrics *metrics)
{
    for (size_t i = METRIC_VALUE_COUNT; i-- > 0;) {
        metrics->first[values[i].label] = (enum metric_value)i;
        metrics->value_count[values[i].label]++;
    }
    for (enum metric m = 0; m < METRIC_COUNT; m++) {
        metrics->place[m] = metrics->cells[table[m].scope];
        metrics->cells[table[m].scope] += cells_of(metrics, m);
    }
}

struct metrics *metrics_create(void)
{
    struct metrics *metrics = memory_need(calloc(1, sizeof *metrics));
    for (size_t i = 0; i < SCOPES; i++) /* zeroed by the kernel: what is not used takes no memory */
        metrics->named[i] = memory_need(calloc(METRICS_SERIES_MAX, sizeof *metrics->named[i]));
    lay_out(metrics);
    return metrics;
}

static void name(struct metrics *metrics, enum metrics_scope scope, size_t number,
                 const char *group, struct buffer *text)
{
    assert(number < METRICS_SERIES_MAX);
    const char *made = memory_need((char *)(uintptr_t)buffer_text(text));
    struct labels *named = memory_need(malloc(sizeof *named + text->size + 1));
    memcpy(named->text, made, text->size + 1);
    buffer_finish(text);
    named->group = group ? memory_need(strdup(group)) : NULL;
    named->next = metrics->made;
    metrics->made = named;
    atomic_store(&metrics->named[scope][number], named);
    if (atomic_load(&metrics->named_end[scope]) <= number)
        atomic_store(&metrics->named_end[scope], number + 1);
}

void metrics_name_subscription(struct metrics *metrics, size_t number, const char *subscription)
{
    struct buffer text = {0};
    buffer_add_text(&text, "subscription=");
    metrics_write_label(&text, subscription);
    name(metrics, METRICS_OF_SUBSCRIPTION, number, NULL, &text);
}

void metrics_name_lane(struct metrics *metrics, size_t number, const char *group,
                       const char *subscription)
{
    struct buffer text = {0};
    buffer_add_text(&text, "group=");
    metrics_write_label(&text, group);
    if (subscription) {
        buffer_add_text(&text, ",subscription=");
        metrics_write_label(&text, subscription);
    }
    name(metrics, METRICS_OF_LANE, number, group, &text);
}

const char *metrics_lane_group(const struct metrics *metrics, size_t number)
{
    const struct labels *named = atomic_load(&metrics->named[METRICS_OF_LANE][number]);
    return named ? named->group : NULL;
}

size_t metrics_lane_end(const struct metrics *metrics)
{
    return atomic_load(&metrics->named_end[METRICS_OF_LANE]);
}

void metrics_forget(struct metrics *metrics, enum metrics_scope scope, size_t number)
{
    atomic_store(&metrics->named[scope][number], NULL);
}

static void block_destroy(struct metrics_block *block)
{
    for (size_t scope = 0; scope < SCOPES; scope++)
        for (size_t i = 0; i < CHUNKS_MOST; i++)
            free(block->chunks[scope][i]);
    free(block);
}

void metrics_destroy(struct metrics *metrics)
{
    if (!metrics)
        return;
    struct metrics_block *block = atomic_load(&metrics->blocks);
    while (block) {
        struct metrics_block *next = block->next;
        block_destroy(block);
        block = next;
    }
    while (metrics->made) {
        struct labels *next = metrics->made->next;
        free(metrics->made->group);
        free(metrics->made);
        metrics->made = next;
    }
    for (size_t i = 0; i < SCOPES; i++)
        free(metrics->named[i]);
    free(metrics);
}

struct metrics_block *metrics_block_create(struct metrics *metrics)
{
    struct metrics_block *block = memory_need(calloc(1, sizeof *block));
    block->metrics = metrics;
    block->next = atomic_load(&metrics->blocks);
    while (!atomic_compare_exchange_weak(&metrics->blocks, &block->next, block))
        continue;
    return block;
}

static size_t place_in_chunk(const struct metrics *metrics, enum metric metric, size_t number)
{
    return number % CHUNK * metrics->cells[table[metric].scope] + metrics->place[metric];
}

static struct chunk *add_chunk(struct metrics_block *block, enum metrics_scope scope, size_t number)
{
    size_t bytes = CHUNK * block->metrics->cells[scope] * sizeof(uint64_t);
    struct chunk *chunk = memory_need(calloc(1, sizeof *chunk + bytes));
    atomic_store_explicit(&block->chunks[scope][number / CHUNK], chunk, memory_order_release);
    return chunk;
}

/* The first of the metric's cells. Thread: the block's. */
static _Atomic uint64_t *cells_at(struct metrics_block *block, enum metric metric, size_t number)
{
    enum metrics_scope scope = table[metric].scope;
    assert(number < METRICS_SERIES_MAX);
    struct chunk *chunk =
        atomic_load_explicit(&block->chunks[scope][number / CHUNK], memory_order_relaxed);
    if (!chunk)
        chunk = add_chunk(block, scope, number);
    return &chunk->cells[place_in_chunk(block->metrics, metric, number)];
}

/* Only the block's thread writes, so that a load and a store do: no locked instruction. */
static void cell_add(_Atomic uint64_t *cell, uint64_t count)
{
    uint64_t now = atomic_load_explicit(cell, memory_order_relaxed);
    atomic_store_explicit(cell, now + count, memory_order_relaxed);
}

void metrics_add(struct metrics_block *block, enum metric metric, size_t number,
                 enum metric_value value, uint64_t count)
{
    assert(table[metric].type == COUNTER && values[value].label == table[metric].label);
    size_t nth = (size_t)value - (size_t)block->metrics->first[table[metric].label];
    cell_add(cells_at(block, metric, number) + nth, count);
}

void metrics_set(struct metrics_block *block, enum metric metric, size_t number, int64_t value)
{
    assert(table[metric].type == GAUGE);
    atomic_store_explicit(cells_at(block, metric, number), (uint64_t)value, memory_order_relaxed);
}

void metrics_observe_us(struct metrics_block *block, enum metric metric, size_t number, int64_t us)
{
    assert(table[metric].type == HISTOGRAM);
    size_t bucket = 0;
    while (bucket < COUNT_OF(bounds) && us > bounds[bucket].us)
        bucket++;
    _Atomic uint64_t *cells = cells_at(block, metric, number);
    cell_add(cells + bucket, 1);
    cell_add(cells + BUCKETS, us > 0 ? (uint64_t)us : 0);
}

/* Of the metric's `nth` cell, over all blocks. */
static uint64_t cell_sum(const struct metrics *metrics, enum metric metric, size_t number,
                         size_t nth)
{
    uint64_t sum = 0;
    const struct metrics_block *block = atomic_load(&metrics->blocks);
    size_t at = place_in_chunk(metrics, metric, number) + nth;
    for (; block; block = block->next) {
        const struct chunk *chunk = atomic_load_explicit(
            &block->chunks[table[metric].scope][number / CHUNK], memory_order_acquire);
        if (chunk)
            sum += atomic_load_explicit(&chunk->cells[at], memory_order_relaxed);
    }
    return sum;
}

int64_t metrics_read(const struct metrics *metrics, enum metric metric, size_t number,
                     enum metric_value value)
{
    assert(number < METRICS_SERIES_MAX);
    if (table[metric].type == HISTOGRAM) {
        uint64_t count = 0;
        for (size_t i = 0; i < BUCKETS; i++)
            count += cell_sum(metrics, metric, number, i);
        return (int64_t)count;
    }
    assert(values[value].label == table[metric].label);
    size_t nth = (size_t)value - (size_t)metrics->first[table[metric].label];
    return (int64_t)cell_sum(metrics, metric, number, nth);
}

void metrics_write_label(struct buffer *out, const char *text)
{
    buffer_add_char(out, '"');
    for (; *text; text++) {
        if (*text == '\n') {
            buffer_add_text(out, "\\n");
            continue;
        }
        if (*text == '"' || *text == '\\')
            buffer_add_char(out, '\\');
        buffer_add_char(out, *text);
    }
    buffer_add_char(out, '"');
}

/* One series' line up to its value: name, suffix, {labels}. */
struct series {
    struct buffer *out;
    enum metric metric;
    size_t number;
    const char *labels; /* NULL: the instance's */
};

static void write_name(const struct series *series, const char *suffix, const char *label,
                       const char *value)
{
    struct buffer *out = series->out;
    buffer_add_text(out, table[series->metric].name);
    buffer_add_text(out, suffix);
    if (series->labels) {
        buffer_add_char(out, '{');
        buffer_add_text(out, series->labels);
    }
    if (label) {
        buffer_add_char(out, series->labels ? ',' : '{');
        buffer_add_text(out, label);
        buffer_add_char(out, '=');
        metrics_write_label(out, value);
    }
    buffer_add_text(out, series->labels || label ? "} " : " ");
}

static void write_histogram(const struct metrics *metrics, const struct series *series)
{
    uint64_t count = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        count += cell_sum(metrics, series->metric, series->number, i);
        write_name(series, "_bucket", "le", i < COUNT_OF(bounds) ? bounds[i].seconds : "+Inf");
        buffer_print(series->out, "%llu\n", (unsigned long long)count);
    }
    unsigned long long us = cell_sum(metrics, series->metric, series->number, BUCKETS);
    write_name(series, "_sum", NULL, NULL);
    buffer_print(series->out, "%llu.%06llu\n", us / 1000000, us % 1000000);
    write_name(series, "_count", NULL, NULL);
    buffer_print(series->out, "%llu\n", (unsigned long long)count);
}

static void write_values(const struct metrics *metrics, const struct series *series)
{
    enum label label = table[series->metric].label;
    for (size_t i = 0; i < metrics->value_count[label]; i++) {
        uint64_t sum = cell_sum(metrics, series->metric, series->number, i);
        if (sum == 0 && labels[label].show == SEEN)
            continue;
        write_name(series, "", labels[label].name, values[metrics->first[label] + i].text);
        buffer_add_int(series->out, (int64_t)sum);
        buffer_add_char(series->out, '\n');
    }
}

static void write_series(const struct metrics *metrics, const struct series *series)
{
    if (table[series->metric].type == HISTOGRAM)
        write_histogram(metrics, series);
    else
        write_values(metrics, series);
}

static void write_metric(const struct metrics *metrics, enum metric metric, struct buffer *out)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};
    enum metrics_scope scope = table[metric].scope;
    struct series series = {.out = out, .metric = metric};
    buffer_print(out, "# HELP %s %s\n# TYPE %s %s\n", table[metric].name, table[metric].help,
                 table[metric].name, types[table[metric].type]);
    if (scope == METRICS_OF_INSTANCE)
        write_series(metrics, &series);
    size_t end = atomic_load(&metrics->named_end[scope]);
    for (; series.number < end; series.number++) {
        const struct labels *named = atomic_load(&metrics->named[scope][series.number]);
        if (!named)
            continue;
        series.labels = named->text;
        write_series(metrics, &series);
    }
}

void metrics_write(const struct metrics *metrics, struct buffer *out)
{
    for (enum metric m = 0; m < METRIC_COUNT; m++)
        write_metric(metrics, m, out);
}
