#include "base/metrics.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LINE 64

enum metric_type { COUNTER, GAUGE, HISTOGRAM };
enum metric_scope { SUBSCRIPTION, INSTANCE };
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

static const struct {
    enum metric_type type;
    enum metric_scope scope;
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

/* No two threads' cells are in one cache line: a line's bytes are between those of two blocks. */
struct metrics_block {
    const struct metrics *metrics;
    struct metrics_block *next;
    char apart[CACHE_LINE];
    _Atomic uint64_t cells[];
};

/* A block's cells: those of the instance, then those of each subscription in turn. `place` is a
 * metric's first cell in its part. */
struct metrics {
    char **subscriptions;
    size_t subscription_count;
    size_t place[METRIC_COUNT];
    enum metric_value first[LABEL_COUNT];
    size_t value_count[LABEL_COUNT];
    size_t instance_cells;
    size_t subscription_cells;
    struct metrics_block *_Atomic blocks;
};

static void *check_memory(void *memory)
{
    if (!memory) {
        fputs("grapnel: out of memory\n", stderr);
        abort();
    }
    return memory;
}

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
        size_t *part =
            table[m].scope == INSTANCE ? &metrics->instance_cells : &metrics->subscription_cells;
        metrics->place[m] = *part;
        *part += cells_of(metrics, m);
    }
}

struct metrics *metrics_create(const char *const *subscriptions, size_t count)
{
    struct metrics *metrics = check_memory(calloc(1, sizeof *metrics));
    metrics->subscriptions = check_memory(calloc(count + 1, sizeof *metrics->subscriptions));
    metrics->subscription_count = count;
    for (size_t i = 0; i < count; i++)
        metrics->subscriptions[i] = check_memory(strdup(subscriptions[i]));
    lay_out(metrics);
    return metrics;
}

void metrics_destroy(struct metrics *metrics)
{
    if (!metrics)
        return;
    struct metrics_block *block = atomic_load(&metrics->blocks);
    while (block) {
        struct metrics_block *next = block->next;
        free(block);
        block = next;
    }
    for (size_t i = 0; i < metrics->subscription_count; i++)
        free(metrics->subscriptions[i]);
    free(metrics->subscriptions);
    free(metrics);
}

struct metrics_block *metrics_block_create(struct metrics *metrics)
{
    size_t cells =
        metrics->instance_cells + metrics->subscription_count * metrics->subscription_cells;
    size_t size = sizeof(struct metrics_block) + cells * sizeof(uint64_t);
    /* Zeroed by the kernel where it is large: what is never counted takes no memory. */
    struct metrics_block *block = check_memory(calloc(1, size));
    block->metrics = metrics;
    block->next = atomic_load(&metrics->blocks);
    while (!atomic_compare_exchange_weak(&metrics->blocks, &block->next, block))
        continue;
    return block;
}

static size_t cell_index(const struct metrics *metrics, enum metric metric, size_t subscription)
{
    if (table[metric].scope == INSTANCE)
        return metrics->place[metric];
    assert(subscription < metrics->subscription_count);
    return metrics->instance_cells + subscription * metrics->subscription_cells +
           metrics->place[metric];
}

/* Only the block's thread writes, so that a load and a store do: no locked instruction. */
static void cell_add(_Atomic uint64_t *cell, uint64_t count)
{
    uint64_t now = atomic_load_explicit(cell, memory_order_relaxed);
    atomic_store_explicit(cell, now + count, memory_order_relaxed);
}

void metrics_add(struct metrics_block *block, enum metric metric, size_t subscription,
                 enum metric_value value, uint64_t count)
{
    assert(table[metric].type == COUNTER && values[value].label == table[metric].label);
    size_t at = cell_index(block->metrics, metric, subscription);
    size_t nth = (size_t)value - (size_t)block->metrics->first[table[metric].label];
    cell_add(&block->cells[at + nth], count);
}

void metrics_set(struct metrics_block *block, enum metric metric, size_t subscription,
                 int64_t value)
{
    assert(table[metric].type == GAUGE);
    size_t at = cell_index(block->metrics, metric, subscription);
    atomic_store_explicit(&block->cells[at], (uint64_t)value, memory_order_relaxed);
}

void metrics_observe_us(struct metrics_block *block, enum metric metric, size_t subscription,
                        int64_t us)
{
    assert(table[metric].type == HISTOGRAM);
    size_t bucket = 0;
    while (bucket < COUNT_OF(bounds) && us > bounds[bucket].us)
        bucket++;
    size_t at = cell_index(block->metrics, metric, subscription);
    cell_add(&block->cells[at + bucket], 1);
    cell_add(&block->cells[at + BUCKETS], us > 0 ? (uint64_t)us : 0);
}

static uint64_t cell_sum(const struct metrics *metrics, size_t at)
{
    uint64_t sum = 0;
    const struct metrics_block *block = atomic_load(&metrics->blocks);
    for (; block; block = block->next)
        sum += atomic_load_explicit(&block->cells[at], memory_order_relaxed);
    return sum;
}

int64_t metrics_read(const struct metrics *metrics, enum metric metric, size_t subscription,
                     enum metric_value value)
{
    size_t at = cell_index(metrics, metric, subscription);
    if (table[metric].type == HISTOGRAM) {
        uint64_t count = 0;
        for (size_t i = 0; i < BUCKETS; i++)
            count += cell_sum(metrics, at + i);
        return (int64_t)count;
    }
    assert(values[value].label == table[metric].label);
    return (int64_t)cell_sum(metrics, at + value - metrics->first[table[metric].label]);
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
    const char *subscription; /* NULL: the instance's */
};

static void write_name(const struct series *series, const char *suffix, const char *label,
                       const char *value)
{
    struct buffer *out = series->out;
    buffer_add_text(out, table[series->metric].name);
    buffer_add_text(out, suffix);
    if (series->subscription) {
        buffer_add_text(out, "{subscription=");
        metrics_write_label(out, series->subscription);
    }
    if (label) {
        buffer_add_text(out, series->subscription ? "," : "{");
        buffer_add_text(out, label);
        buffer_add_char(out, '=');
        metrics_write_label(out, value);
    }
    buffer_add_text(out, series->subscription || label ? "} " : " ");
}

static void write_histogram(const struct metrics *metrics, const struct series *series, size_t at)
{
    uint64_t count = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        count += cell_sum(metrics, at + i);
        write_name(series, "_bucket", "le", i < COUNT_OF(bounds) ? bounds[i].seconds : "+Inf");
        buffer_print(series->out, "%llu\n", (unsigned long long)count);
    }
    unsigned long long us = cell_sum(metrics, at + BUCKETS);
    write_name(series, "_sum", NULL, NULL);
    buffer_print(series->out, "%llu.%06llu\n", us / 1000000, us % 1000000);
    write_name(series, "_count", NULL, NULL);
    buffer_print(series->out, "%llu\n", (unsigned long long)count);
}

static void write_values(const struct metrics *metrics, const struct series *series, size_t at)
{
    enum label label = table[series->metric].label;
    for (size_t i = 0; i < metrics->value_count[label]; i++) {
        uint64_t sum = cell_sum(metrics, at + i);
        if (sum == 0 && labels[label].show == SEEN)
            continue;
        write_name(series, "", labels[label].name, values[metrics->first[label] + i].text);
        buffer_add_int(series->out, (int64_t)sum);
        buffer_add_char(series->out, '\n');
    }
}

static void write_metric(const struct metrics *metrics, enum metric metric, struct buffer *out)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};
    buffer_print(out, "# HELP %s %s\n# TYPE %s %s\n", table[metric].name, table[metric].help,
                 table[metric].name, types[table[metric].type]);
    bool instance = table[metric].scope == INSTANCE;
    size_t count = instance ? 1 : metrics->subscription_count;
    for (size_t i = 0; i < count; i++) {
        struct series series = {out, metric, instance ? NULL : metrics->subscriptions[i]};
        size_t at = cell_index(metrics, metric, i);
        if (table[metric].type == HISTOGRAM)
            write_histogram(metrics, &series, at);
        else
            write_values(metrics, &series, at);
    }
}

void metrics_write(const struct metrics *metrics, struct buffer *out)
{
    for (enum metric m = 0; m < METRIC_COUNT; m++)
        write_metric(metrics, m, out);
}
