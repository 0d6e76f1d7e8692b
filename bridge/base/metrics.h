/* What is counted, in the words of metrics.def, and written in Prometheus' text format.
 *
 * Each thread counts in a block of its own, so that counting is a plain load and store; a scrape
 * sums the blocks. A scrape may see one count and not yet the next one of the same event. */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

enum metric {
#define METRIC(id, type, scope, label, name, help) METRIC_##id,
#include "base/metrics.def"
    METRIC_COUNT
};

/* The values of second labels: METRIC_OUTCOME_DELIVERED, METRIC_CLASS_2XX, METRIC_REASON_RENDER, …
 */
enum metric_value {
#define METRIC_VALUE(label, id, text) METRIC_##label##_##id,
#include "base/metrics.def"
    METRIC_VALUE_COUNT
};

struct metrics;
struct metrics_block;

/* What a series is of. Each subscription and each lane has a number, which is given once and not
 * used again while the program runs. */
enum metrics_scope { METRICS_OF_SUBSCRIPTION, METRICS_OF_LANE, METRICS_OF_INSTANCE };

/* The number where a metric is of the whole instance, and the value where it has no second label.
 */
#define METRICS_INSTANCE 0
#define METRICS_NO_LABEL METRIC_NONE_NONE

/* Numbers are below this. */
#define METRICS_SERIES_MAX ((size_t)1 << 18)

/* Never NULL: out of memory ends the program. Thread: main, at start-up. */
struct metrics *metrics_create(void);

/* From now on the series of that number are written: with the label `subscription`, or, of a lane,
 * `group` and, where it has just one, `subscription` (else NULL). The texts are copied. Series
 * that are not named are not written, though they may count. Thread: main. */
void metrics_name_subscription(struct metrics *metrics, size_t number, const char *subscription);
void metrics_name_lane(struct metrics *metrics, size_t number, const char *group,
                       const char *subscription);

/* Of the lane of that number; NULL: it is not named. Valid until metrics_destroy. No lane is named
 * from metrics_lane_end on. Thread: any. */
const char *metrics_lane_group(const struct metrics *metrics, size_t number);
size_t metrics_lane_end(const struct metrics *metrics);

/* From now on they are not written any more. Thread: main. */
void metrics_forget(struct metrics *metrics, enum metrics_scope scope, size_t number);

/* With all its blocks; no thread counts or scrapes any more. */
void metrics_destroy(struct metrics *metrics);

/* A block for one thread, owned by `metrics`. Never NULL. Thread: any. */
struct metrics_block *metrics_block_create(struct metrics *metrics);

/* Thread: the block's, for these three. `number` is that of the metric's scope. A number or value
 * out of range is our mistake. */
void metrics_add(struct metrics_block *block, enum metric metric, size_t number,
                 enum metric_value value, uint64_t count);
void metrics_set(struct metrics_block *block, enum metric metric, size_t number, int64_t value);
void metrics_observe_us(struct metrics_block *block, enum metric metric, size_t number, int64_t us);

/* The sum over all blocks now; of a histogram, how many were observed. Thread: any. */
int64_t metrics_read(const struct metrics *metrics, enum metric metric, size_t number,
                     enum metric_value value);

/* All of it in Prometheus' text format 0.0.4. Thread: any. */
void metrics_write(const struct metrics *metrics, struct buffer *out);

/* `text` in quotes as a label's value: `\`, `"` and line feeds escaped. */
void metrics_write_label(struct buffer *out, const char *text);

/* The class of an attempt: its status's, or the kind where there was none (status 0). */
static inline enum metric_value metrics_class(int status, enum error_kind kind)
{
    if (status >= 100 && status < 600)
        return (enum metric_value)(METRIC_CLASS_1XX + (status / 100 - 1));
    if (kind == ERROR_NONE)
        return METRIC_CLASS_STATUS;
    return (enum metric_value)(METRIC_CLASS_5XX + (int)kind);
}

/* The reason of a dead letter; kind is not ERROR_NONE. */
static inline enum metric_value metrics_reason(enum error_kind kind)
{
    return (enum metric_value)(METRIC_REASON_TIMEOUT - 1 + (int)kind);
}

#endif
