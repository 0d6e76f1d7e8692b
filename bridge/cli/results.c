/* The happy path: the configuration tells Kafka and the topic, a scan gives the records, each is
 * filtered and printed, or with --limit kept until it is known which are the last.
 * What can fail: Kafka, or the registry of results in Avro (exit 3, within seconds), records in the
 * topic that are no results (told at the end). */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/heap.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/configuration.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "inspect/results.h"
#include "inspect/scan.h"

#define ASK_MS      5000 /* each question to Kafka at the start */
#define POLL_MS     200
#define PROGRESS_MS 250

struct listing {
    struct slice subscription; /* data NULL: all */
    uint64_t limit;            /* 0: none */
    bool follow;
    struct scan *scan;
    struct table *table; /* NULL: JSON */
    struct results_reader reader;
    struct buffer clean;
    struct heap last; /* of struct kept, oldest first; until the end is reached */
    bool at_end;
    uint64_t unreadable;
    int64_t progress_ms;
};

/* A result kept until it is known whether it is one of the last. */
struct kept {
    struct heap_node node;
    size_t size;
    char text[];
};

static const char *outcome_colour(struct slice outcome)
{
    if (slice_is(outcome, "delivered"))
        return "32";
    return slice_is(outcome, "retrying") ? "33" : "31";
}

static const struct table_column columns[] = {
    {.title = "TIME"},
    {.title = "SUBSCRIPTION", .least = 12},
    {.title = "ID", .least = 12},
    {.title = "TYPE", .least = 8},
    {.title = "OUTCOME", .colour = outcome_colour},
    {.title = "ATTEMPT", .right = true},
    {.title = "STATUS", .right = true},
    {.title = "MS", .right = true},
    {.title = "ERROR", .least = 10},
};

static void print_row(struct listing *listing, const struct result_row *row)
{
    const struct slice cells[] = {
        row->started_at,
        row->subscription,
        row->id,
        row->event_type,
        row->outcome,
        row->attempt,
        row->status.data ? row->status : row->error_kind,
        row->duration_ms,
        row->error,
    };
    if (!table_add(listing->table, cells))
        listing->unreadable++;
}

/* The record as it stands, on one line: a line feed can only be between JSON's tokens. */
static void print_json(struct listing *listing, struct slice text)
{
    bool terminal = terminal_is(stdout);
    buffer_clear(&listing->clean);
    if (terminal)
        terminal_clean(&listing->clean, text, false);
    else
        buffer_add_slice(&listing->clean, text);
    for (size_t i = 0; i < listing->clean.size; i++)
        if (listing->clean.data[i] == '\n' || listing->clean.data[i] == '\r')
            listing->clean.data[i] = ' ';
    fwrite(buffer_slice(&listing->clean).data, 1, listing->clean.size, stdout);
    fputc('\n', stdout);
    if (listing->at_end)
        fflush(stdout);
}

static void print_result(struct listing *listing, struct slice text)
{
    struct result_row row;
    if (!listing->table)
        print_json(listing, text);
    else if (results_read(&listing->reader, text, &row, NULL))
        print_row(listing, &row);
}

/* Keeps it, and lets the oldest of more than `limit` go. */
static void keep_result(struct listing *listing, struct slice text, int64_t timestamp_ms)
{
    struct kept *kept = malloc(sizeof *kept + text.size);
    if (!kept) {
        listing->unreadable++;
        return;
    }
    *kept = (struct kept){.size = text.size};
    memcpy(kept->text, text.data, text.size);
    if (!heap_push(&listing->last, &kept->node, timestamp_ms)) {
        listing->unreadable++;
        free(kept);
        return;
    }
    if (listing->last.count > listing->limit) {
        struct heap_node *oldest = heap_first(&listing->last);
        heap_remove(&listing->last, oldest);
        free(CONTAINER_OF(oldest, struct kept, node));
    }
}

/* False: a registry can't be asked. */
static bool take_record(struct listing *listing, const struct scan_record *record,
                        struct error *err)
{
    struct result_row row;
    struct slice text;
    bool read = results_text(&listing->reader, record->value, &text, err);
    if (!read && err->kind != ERROR_DECODE)
        return false;
    if (!read || !results_read(&listing->reader, text, &row, NULL)) {
        listing->unreadable++;
        return true;
    }
    if (listing->subscription.data && !slice_equal(row.subscription, listing->subscription))
        return true;
    if (listing->limit && !listing->at_end)
        keep_result(listing, text, record->timestamp_ms);
    else if (listing->table)
        print_row(listing, &row);
    else
        print_json(listing, text);
    return true;
}

static void reach_end(struct listing *listing)
{
    terminal_progress(stderr, NULL);
    listing->at_end = true;
    struct heap_node *oldest;
    while ((oldest = heap_first(&listing->last)) != NULL) {
        struct kept *kept = CONTAINER_OF(oldest, struct kept, node);
        heap_remove(&listing->last, oldest);
        print_result(listing, (struct slice){kept->text, kept->size});
        free(kept);
    }
    if (listing->table)
        table_flush(listing->table);
    fflush(stdout);
}

/* Rows that stream to the same terminal are progress enough. */
static void show_progress(struct listing *listing)
{
    int64_t done, total;
    int64_t now_ms = clock_now_ms();
    bool rows_show = !listing->limit && terminal_is(stdout);
    if (listing->at_end || rows_show || now_ms - listing->progress_ms < PROGRESS_MS)
        return;
    listing->progress_ms = now_ms;
    scan_progress(listing->scan, &done, &total);
    terminal_progress(stderr, "read %lld of %lld results", (long long)done, (long long)total);
}

/* SIGINT and SIGTERM end --follow; they are blocked, and asked for between two records. */
static void block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, set, NULL);
}

static bool interrupted(const sigset_t *set)
{
    struct timespec at_once = {0};
    return sigtimedwait(set, NULL, &at_once) > 0;
}

static bool run_scan(struct listing *listing, const sigset_t *set, struct error *err)
{
    struct scan_record record;
    while (!(listing->follow && interrupted(set))) {
        switch (scan_next(listing->scan, POLL_MS, &record, err)) {
        case SCAN_RECORD:
            if (!take_record(listing, &record, err))
                return false;
            break;
        case SCAN_END:
            reach_end(listing);
            if (!listing->follow)
                return true;
            break;
        case SCAN_FAILED:
            return false;
        case SCAN_QUIET:
            break;
        }
        show_progress(listing);
    }
    return true;
}

static void finish(struct listing *listing)
{
    terminal_progress(stderr, NULL);
    table_destroy(listing->table);
    scan_close(listing->scan);
    results_reader_finish(&listing->reader);
    decoder_destroy(listing->reader.decoder);
    buffer_finish(&listing->clean);
    while (heap_first(&listing->last)) {
        struct heap_node *node = heap_first(&listing->last);
        heap_remove(&listing->last, node);
        free(CONTAINER_OF(node, struct kept, node));
    }
    heap_finish(&listing->last);
    if (listing->unreadable)
        fprintf(stderr, "grapnel: %llu records of the topic could not be read as results\n",
                (unsigned long long)listing->unreadable);
}

/* Where only some are wanted, the last of all of them may be of others. */
static int64_t last_of_each(const struct listing *listing)
{
    return listing->subscription.data || listing->limit > INT64_MAX ? 0 : (int64_t)listing->limit;
}

static enum command_exit list(const struct command_line *line, const struct settings *settings)
{
    struct error err = {0};
    struct listing listing = {
        .subscription = slice_of(command_value(line, OPTION_SUBSCRIPTION)),
        .limit = command_number(line, OPTION_LIMIT, 0),
        .follow = command_given(line, OPTION_FOLLOW),
    };
    sigset_t set;
    log_configure(LOG_ERROR, LOG_TEXT); /* what matters of librdkafka's is in our error */
    listing.reader.decoder = decoder_create_waiting(&settings->registry, &err);
    if (!listing.reader.decoder)
        return command_fail(&err);
    if (listing.follow)
        block_signals(&set);
    const struct scan_options options = {.last = last_of_each(&listing)};
    listing.scan =
        scan_open(&settings->kafka, settings->topics.results.data, &options, ASK_MS, &err);
    if (!listing.scan) {
        finish(&listing);
        return command_fail(&err);
    }
    if (!command_wants_json(line))
        listing.table = table_create(stdout, columns, COUNT_OF(columns));
    bool fine = run_scan(&listing, &set, &err);
    finish(&listing);
    return fine ? COMMAND_DONE : command_fail(&err);
}

enum command_exit results_command(const struct command_line *line)
{
    struct error err = {0};
    struct configuration configuration = {0};
    enum command_exit exit = COMMAND_WRONG_INPUT;
    if (!configuration_read(command_config(line), &configuration))
        goto out;
    if (!configuration.settings->topics.results.data) {
        error_set(&err, ERROR_INPUT, "topics.results is null: no results are written");
        exit = command_fail(&err);
        goto out;
    }
    configuration_warn_of_unknown(configuration.settings, command_value(line, OPTION_SUBSCRIPTION));
    exit = list(line, configuration.settings);
out:
    configuration_finish(&configuration);
    return exit;
}
