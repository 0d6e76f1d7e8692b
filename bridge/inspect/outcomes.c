/* The happy path: the retry topics from what is committed there, then all results, then all dead
 * letters; each is noted at the offset it speaks of.
 * What can fail: Kafka, and the registry of results in Avro; records there that are not what they
 * should be are counted. */
#include <stdlib.h>

#include "base/number.h"
#include "consume/envelope.h"
#include "inspect/letter.h"
#include "inspect/reconcile_private.h"
#include "inspect/results.h"

struct source_place {
    struct slice subscription;
    struct slice topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* ACCOUNT_NO_TIME: not said */
};

static const struct route *find_route(const struct reconcile *reconcile, struct slice name)
{
    size_t low = 0;
    size_t high = reconcile->route_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct route *route = reconcile->routes[middle];
        size_t size = strlen(route->sub->name);
        size_t least = size < name.size ? size : name.size;
        int order = least ? memcmp(route->sub->name, name.data, least) : 0;
        if (order == 0 && size == name.size)
            return route;
        if (order < 0 || (order == 0 && size < name.size))
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* Nothing happens where nobody asked for that subscription or that partition. */
static bool note(struct reconcile *reconcile, const struct source_place *place,
                 enum account_note what, struct error *err)
{
    const struct route *route = find_route(reconcile, place->subscription);
    struct account_partition *partition =
        route ? account_find(&reconcile->account, route->index, place->topic, place->partition)
              : NULL;
    return !partition || account_note(partition, place->offset, place->timestamp_ms, what) ||
           error_set(err, ERROR_MEMORY, "no memory for what became of so many records");
}

/* ── retries ─────────────────────────────────────────────────────────────── */

static bool take_retry(struct reconcile *reconcile, struct scan *scan,
                       const struct scan_record *record, struct error *err)
{
    const struct record_header *headers = NULL;
    size_t count = 0;
    struct envelope envelope;
    struct account_partition *home =
        account_find(&reconcile->retries, 0, slice_of(scan_topic(scan)), record->partition);
    if (!home || ledger_knows(&home->finished, record->offset))
        return true;
    if (!scan_headers(scan, &headers, &count))
        return error_set(err, ERROR_MEMORY, "no memory for a record's headers");
    if (!envelope_read(headers, count, &envelope, NULL)) {
        reconcile->report->unreadable_retries++;
        return true;
    }
    const struct source_place place = {envelope.subscription, envelope.topic, envelope.partition,
                                       envelope.offset, envelope.timestamp_ms};
    return note(reconcile, &place, ACCOUNT_WAITING, err);
}

struct retry_choice {
    struct reconcile *reconcile;
    const char *topic;
};

static void choose_waiting(void *context, int32_t id, struct scan_range *range)
{
    const struct retry_choice *choice = context;
    const struct account_partition *home =
        account_find(&choice->reconcile->retries, 0, slice_of(choice->topic), id);
    *range = home ? (struct scan_range){home->begin, home->end} : (struct scan_range){0, 0};
}

static bool read_retries(struct reconcile *reconcile, struct error *err)
{
    const char *last = NULL;
    for (size_t i = 0; i < reconcile->retries.count; i++) {
        const char *topic = reconcile->retries.items[i].topic;
        if (last && strcmp(last, topic) == 0)
            continue;
        last = topic;
        struct retry_choice choice = {reconcile, topic};
        const struct scan_options options = {
            .choose = choose_waiting, .context = &choice, .bounded = true};
        if (!reconcile_read(reconcile, topic, &options, take_retry, err))
            return false;
    }
    return true;
}

/* ── results ─────────────────────────────────────────────────────────────── */

/* Null, or what later versions may write there, says nothing. */
static int64_t read_time(struct slice text)
{
    int64_t unix_ms = 0;
    return text.data && number_time(text, &unix_ms, NULL) ? unix_ms : ACCOUNT_NO_TIME;
}

static bool read_place(const struct result_row *row, struct source_place *place)
{
    uint64_t partition = 0;
    uint64_t offset = 0;
    if (!row->subscription.data || !row->topic.data || !row->outcome.data ||
        !number_count(row->partition, &partition, NULL) ||
        !number_count(row->offset, &offset, NULL) || partition > INT32_MAX || offset > INT64_MAX)
        return false;
    *place = (struct source_place){row->subscription, row->topic, (int32_t)partition,
                                   (int64_t)offset, read_time(row->timestamp)};
    return true;
}

static bool take_result(struct reconcile *reconcile, struct scan *scan,
                        const struct scan_record *record, struct error *err)
{
    (void)scan;
    struct result_row row;
    struct source_place place;
    struct slice text;
    bool read = results_text(&reconcile->results, record->value, &text, err);
    if (!read && err->kind != ERROR_DECODE)
        return false;
    if (!read || !results_read(&reconcile->results, text, &row, NULL) ||
        !read_place(&row, &place)) {
        reconcile->report->unreadable_results++;
        return true;
    }
    if (slice_is(row.outcome, "delivered"))
        return note(reconcile, &place, ACCOUNT_DELIVERED, err);
    return !slice_is(row.outcome, "dead-lettered") || note(reconcile, &place, ACCOUNT_DEAD, err);
}

/* ── dead letters ────────────────────────────────────────────────────────── */

static bool take_letter(struct reconcile *reconcile, struct scan *scan,
                        const struct scan_record *record, struct error *err)
{
    (void)record;
    const struct record_header *headers = NULL;
    size_t count = 0;
    struct letter letter;
    if (!scan_headers(scan, &headers, &count))
        return error_set(err, ERROR_MEMORY, "no memory for a dead letter's headers");
    if (!letter_read(headers, count, &letter, NULL)) {
        reconcile->report->unreadable_letters++;
        return true;
    }
    const struct source_place place = {letter.subscription, letter.topic, letter.partition,
                                       letter.offset, letter.timestamp_ms};
    bool beside_result = reconcile->options->settings->topics.results.data != NULL;
    return note(reconcile, &place, beside_result ? ACCOUNT_LETTER : ACCOUNT_DEAD, err);
}

bool reconcile_note_outcomes(struct reconcile *reconcile, struct error *err)
{
    static const struct scan_options all = {.bounded = true};
    const struct settings_topics *topics = &reconcile->options->settings->topics;
    const struct reconcile_report *report = reconcile->report;
    if (!read_retries(reconcile, err))
        return false;
    if (topics->results.data && !report->no_results &&
        !reconcile_read(reconcile, topics->results.data, &all, take_result, err))
        return false;
    return report->no_letters ||
           reconcile_read(reconcile, topics->dead_letters.data, &all, take_letter, err);
}
