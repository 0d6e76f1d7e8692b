/* The happy path: ranges.c asks what is to be read, outcomes.c notes what became of it, and here
 * each record of the sources is read again, decided on as the service does, and judged.
 * What can fail: Kafka, and then nothing is known. */
#include "inspect/reconcile.h"

#include <stdlib.h>
#include <string.h>

#include "inspect/reconcile_private.h"
#include "jq/jq.h"

#define POLL_MS 200

bool reconcile_read(struct reconcile *reconcile, const char *topic,
                    const struct scan_options *options, reconcile_take *take, struct error *err)
{
    const struct reconcile_hooks *hooks = &reconcile->options->hooks;
    struct scan *scan =
        scan_open(&reconcile->options->settings->kafka, topic, options, RECONCILE_ASK_MS, err);
    struct scan_record record;
    bool fine = scan != NULL;
    while (fine) {
        int64_t done = 0;
        int64_t total = 0;
        enum scan_step step = scan_next(scan, POLL_MS, &record, err);
        if (step == SCAN_END)
            break;
        fine = step != SCAN_FAILED && (step != SCAN_RECORD || take(reconcile, scan, &record, err));
        scan_progress(scan, &done, &total);
        hooks->progress(hooks->context, topic, done, total);
    }
    scan_close(scan);
    return fine;
}

/* ── the sources ─────────────────────────────────────────────────────────── */

/* The record as the service's own, without a copy of its bytes. */
static bool view(struct scan *scan, const struct scan_record *from, struct record *record,
                 struct error *err)
{
    const struct record_header *headers = NULL;
    size_t count = 0;
    if (!scan_headers(scan, &headers, &count))
        return error_set(err, ERROR_MEMORY, "no memory for a record's headers");
    *record = (struct record){
        .topic = scan_topic(scan),
        .partition = from->partition,
        .offset = from->offset,
        .timestamp_ms = from->timestamp_ms,
        .key = from->key,
        .value = from->value,
        .headers = headers,
        .header_count = count,
    };
    return true;
}

/* Is what was read wanted? One that can't be filtered is: it becomes a dead letter. False: nothing
 * is known. */
static bool asks_for(struct reconcile *reconcile, const struct route *route, const struct event *ev,
                     bool *wanted, struct error *err)
{
    struct error why = {0};
    *wanted = matcher_wants(route->matcher, ev, NULL);
    if (!*wanted || filter_wants(route->filter, ev, &reconcile->filter, wanted, &why))
        return true;
    *wanted = true;
    return why.kind == ERROR_FILTER || error_set(err, why.kind, "%s", why.text);
}

/* One that can't be decoded is wanted: it becomes a dead letter. Decoded once for each format.
 * False in the end: its schema can't be had, or jq can't be asked, and so nothing is known. */
static bool wants(struct reconcile *reconcile, const struct route *route,
                  const struct record *record, bool decoded[RECONCILE_FORMATS], bool *wanted,
                  struct error *err)
{
    enum format format = route->sub->format;
    struct event *ev = &reconcile->events[format];
    if (ev->record != record) {
        decoded[format] = decoder_decode_now(reconcile->decoder, record, format, ev, err);
        ev->record = record;
        if (!decoded[format] && err->kind != ERROR_DECODE)
            return false;
    }
    *wanted = true;
    return !decoded[format] || asks_for(reconcile, route, ev, wanted, err);
}

static void judge(struct reconcile *reconcile, struct account_partition *partition, int64_t offset,
                  int64_t timestamp_ms)
{
    const struct reconcile_options *options = reconcile->options;
    const struct route *route = &options->catalog->routes[partition->subscription];
    struct reconcile_row *row = &reconcile->report->rows[partition->subscription];
    bool began_later = route->sub->start.at == START_LATEST && !options->has_since &&
                       !reconcile->account.silent && offset < partition->first_noted &&
                       offset < ledger_position(&partition->finished);
    if (began_later) {
        row->before++;
        return;
    }
    enum account_state state = account_judge(&reconcile->account, partition, offset, timestamp_ms);
    account_count(&row->counts, partition, offset, timestamp_ms, state);
    if (state == ACCOUNT_IS_MISSING)
        options->hooks.missing(options->hooks.context, route->sub->name, partition->topic,
                               partition->partition, offset);
}

static bool take_source(struct reconcile *reconcile, struct scan *scan,
                        const struct scan_record *from, struct error *err)
{
    size_t count = 0;
    bool decoded[RECONCILE_FORMATS] = {false};
    struct record record;
    struct account_partition *first =
        account_first(&reconcile->account, slice_of(scan_topic(scan)), from->partition, &count);
    if (!view(scan, from, &record, err))
        return false;
    for (size_t i = 0; i < RECONCILE_FORMATS; i++)
        reconcile->events[i].record = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct route *route = &reconcile->options->catalog->routes[first[i].subscription];
        bool wanted = false;
        if (from->offset < account_from(&first[i]) || from->offset >= first[i].end)
            continue;
        if (!wants(reconcile, route, &record, decoded, &wanted, err))
            return false;
        if (wanted)
            judge(reconcile, &first[i], from->offset, from->timestamp_ms);
    }
    return true;
}

struct source_choice {
    const struct account *account;
    const char *topic;
};

/* From the first that any subscription's range has to the last. */
static void choose_all_ranges(void *context, int32_t id, struct scan_range *range)
{
    const struct source_choice *choice = context;
    size_t count = 0;
    const struct account_partition *first =
        account_first(choice->account, slice_of(choice->topic), id, &count);
    struct scan_range chosen = {range->end, range->begin};
    for (size_t i = 0; i < count; i++) {
        int64_t begin = account_from(&first[i]);
        chosen.begin = begin < chosen.begin ? begin : chosen.begin;
        chosen.end = first[i].end > chosen.end ? first[i].end : chosen.end;
    }
    if (chosen.begin > range->begin)
        range->begin = chosen.begin;
    if (chosen.end < range->end)
        range->end = chosen.end;
}

static bool read_sources(struct reconcile *reconcile, struct error *err)
{
    const char *last = NULL;
    for (size_t i = 0; i < reconcile->account.count; i++) {
        const char *topic = reconcile->account.items[i].topic;
        if (last && strcmp(last, topic) == 0)
            continue;
        last = topic;
        struct source_choice choice = {&reconcile->account, topic};
        const struct scan_options options = {
            .choose = choose_all_ranges, .context = &choice, .bounded = true};
        if (!reconcile_read(reconcile, topic, &options, take_source, err))
            return false;
    }
    return true;
}

/* ── all of it ───────────────────────────────────────────────────────────── */

static int by_name(const void *a, const void *b)
{
    const struct route *const *left = a;
    const struct route *const *right = b;
    return strcmp((*left)->sub->name, (*right)->sub->name);
}

static bool prepare(struct reconcile *reconcile, struct error *err)
{
    const struct reconcile_options *options = reconcile->options;
    const struct catalog *catalog = options->catalog;
    struct reconcile_report *report = reconcile->report;
    *report = (struct reconcile_report){.count = catalog->count};
    report->rows = calloc(catalog->count + 1, sizeof *report->rows);
    reconcile->routes = (const struct route **)calloc(catalog->count + 1, sizeof(struct route *));
    if (!report->rows || !reconcile->routes)
        return error_set(err, ERROR_MEMORY, "no memory for a reconciliation");
    for (size_t i = 0; i < catalog->count; i++) {
        if (options->only && options->only != &catalog->routes[i])
            continue;
        report->rows[i].subscription = catalog->routes[i].sub->name;
        reconcile->routes[reconcile->route_count++] = &catalog->routes[i];
    }
    if (reconcile->route_count > 0)
        qsort((void *)reconcile->routes, reconcile->route_count, sizeof(struct route *), by_name);
    reconcile->account.silent = !options->settings->topics.results.data ||
                                options->settings->results_record == RECORD_FAILURES;
    reconcile->decoder = decoder_create_waiting(&options->settings->registry, err);
    reconcile->results.decoder = reconcile->decoder;
    return reconcile->decoder;
}

/* Rows of those that were not asked for go. */
static void close_ranks(struct reconcile_report *report)
{
    size_t kept = 0;
    for (size_t i = 0; report->rows && i < report->count; i++)
        if (report->rows[i].subscription)
            report->rows[kept++] = report->rows[i];
    report->count = kept;
}

bool reconcile_run(const struct reconcile_options *options, struct reconcile_report *report,
                   struct error *err)
{
    struct reconcile reconcile = {.options = options, .report = report, .filter.jq = jq_create()};
    bool fine = prepare(&reconcile, err) && reconcile_find_ranges(&reconcile, err) &&
                reconcile_note_outcomes(&reconcile, err) && read_sources(&reconcile, err);
    close_ranks(report);
    for (size_t i = 0; i < RECONCILE_FORMATS; i++)
        event_finish(&reconcile.events[i]);
    buffer_finish(&reconcile.filter.scratch);
    jq_destroy(reconcile.filter.jq);
    results_reader_finish(&reconcile.results);
    decoder_destroy(reconcile.decoder);
    account_finish(&reconcile.account);
    account_finish(&reconcile.retries);
    free((void *)reconcile.routes);
    return fine;
}

void reconcile_report_finish(struct reconcile_report *report)
{
    free(report->rows);
    *report = (struct reconcile_report){0};
}
