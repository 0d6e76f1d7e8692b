/* The happy path: the configuration tells what is read and where outcomes go, reconcile_run counts,
 * and what it comes to is a row a subscription; what is missing is named beside.
 * What can fail: Kafka (exit 3). Exit 1 where a record is missing, or where none can be proven not
 * to be. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/jtext.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/configuration.h"
#include "cli/period.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "inspect/reconcile.h"

#define PROGRESS_MS 250
#define NAMED_MOST  20 /* of what is missing, one by one */

struct showing {
    uint64_t missing;
    int64_t progress_ms;
};

static const struct table_column columns[] = {
    {.title = "SUBSCRIPTION"},
    {.title = "MATCHING", .right = true},
    {.title = "DELIVERED", .right = true},
    {.title = "DEAD", .right = true},
    {.title = "UNDER WAY", .right = true},
    {.title = "MISSING", .right = true},
    {.title = "TWICE", .right = true},
    {.title = "UNPROVEN", .right = true}, /* only where there can be any */
};

static void on_progress(void *context, const char *topic, int64_t done, int64_t total)
{
    struct showing *showing = context;
    int64_t now_ms = clock_now_ms();
    if (now_ms - showing->progress_ms < PROGRESS_MS)
        return;
    showing->progress_ms = now_ms;
    terminal_progress(stderr, "%s: read %" PRId64 " of %" PRId64, topic, done, total);
}

static void on_missing(void *context, const char *subscription, const char *topic,
                       int32_t partition, int64_t offset)
{
    struct showing *showing = context;
    if (++showing->missing > NAMED_MOST)
        return;
    terminal_progress(stderr, NULL);
    fprintf(stderr, "grapnel: %s: missing: topic %s, partition %" PRId32 ", offset %" PRId64 "\n",
            subscription, topic, partition, offset);
}

/* ── what it came to ─────────────────────────────────────────────────────── */

#define NUMBER_BYTES 24

static bool print_table(const struct reconcile_report *report, bool silent)
{
    size_t count = COUNT_OF(columns) - (silent ? 0 : 1);
    struct table *table = table_create(stdout, columns, count);
    bool fine = table != NULL;
    for (size_t i = 0; fine && i < report->count; i++) {
        const struct account_counts *counts = &report->rows[i].counts;
        const uint64_t numbers[] = {counts->matching,  counts->delivered, counts->dead,
                                    counts->under_way, counts->missing,   counts->twice,
                                    counts->unproven};
        char text[COUNT_OF(numbers)][NUMBER_BYTES];
        struct slice cells[COUNT_OF(columns)] = {slice_of(report->rows[i].subscription)};
        for (size_t n = 0; n < COUNT_OF(numbers); n++) {
            snprintf(text[n], sizeof text[n], "%" PRIu64, numbers[n]);
            cells[n + 1] = slice_of(text[n]);
        }
        fine = table_add(table, cells);
    }
    table_destroy(table);
    return fine;
}

static void print_json(const struct reconcile_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct account_counts *counts = &report->rows[i].counts;
        printf("{\"subscription\":\"%s\",\"matching\":%" PRIu64 ",\"delivered\":%" PRIu64
               ",\"dead\":%" PRIu64 ",\"under_way\":%" PRIu64 ",\"missing\":%" PRIu64
               ",\"twice\":%" PRIu64 ",\"unproven\":%" PRIu64 "}\n",
               report->rows[i].subscription, counts->matching, counts->delivered, counts->dead,
               counts->under_way, counts->missing, counts->twice, counts->unproven);
    }
}

static void say_unreadable(uint64_t count, const char *topic, const char *what)
{
    if (count > 0)
        fprintf(stderr, "grapnel: %" PRIu64 " records of %s could not be read as %s\n", count,
                topic, what);
}

static void say_topics(const struct reconcile_report *report, const struct settings_topics *topics)
{
    if (report->no_results)
        fprintf(stderr, "grapnel: there is no topic %s\n", topics->results.data);
    if (report->no_letters)
        fprintf(stderr, "grapnel: there is no topic %s\n", topics->dead_letters.data);
    say_unreadable(report->unreadable_results, topics->results.data, "results");
    say_unreadable(report->unreadable_letters, topics->dead_letters.data, "dead letters");
    say_unreadable(report->unreadable_retries, "the retry topics", "retries");
}

static void say_before(const struct reconcile_report *report)
{
    for (size_t i = 0; i < report->count; i++)
        if (report->rows[i].before > 0)
            fprintf(stderr,
                    "grapnel: %s: %" PRIu64 " records before its first outcome are not counted, "
                    "since it starts at latest; --since counts from a time\n",
                    report->rows[i].subscription, report->rows[i].before);
}

static uint64_t unproven(const struct reconcile_report *report)
{
    uint64_t count = 0;
    for (size_t i = 0; i < report->count; i++)
        count += report->rows[i].counts.unproven;
    return count;
}

static enum command_exit conclude(const struct reconcile_report *report,
                                  const struct settings *settings, const struct showing *showing)
{
    uint64_t doubtful = unproven(report);
    say_topics(report, &settings->topics);
    say_before(report);
    if (showing->missing > NAMED_MOST)
        fprintf(stderr, "grapnel: and %" PRIu64 " more are missing\n",
                showing->missing - NAMED_MOST);
    if (doubtful > 0)
        fprintf(stderr,
                "grapnel: of %" PRIu64 " committed records nothing says what became of them, and "
                "nothing would: with %s a delivery leaves no record\n",
                doubtful,
                settings->topics.results.data ? "results.record: failures"
                                              : "topics.results: null");
    return showing->missing + doubtful > 0 ? COMMAND_WRONG_INPUT : COMMAND_DONE;
}

static enum command_exit reconcile(const struct command_line *line,
                                   const struct reconcile_options *options,
                                   const struct showing *showing)
{
    struct error err = {0};
    struct reconcile_report report;
    const struct settings *settings = options->settings;
    bool silent = !settings->topics.results.data || settings->results_record == RECORD_FAILURES;
    bool fine = reconcile_run(options, &report, &err);
    terminal_progress(stderr, NULL);
    if (fine && command_wants_json(line))
        print_json(&report);
    else if (fine && !print_table(&report, silent))
        fine = error_set(&err, ERROR_MEMORY, "no memory for a table");
    fflush(stdout);
    enum command_exit exit = fine ? conclude(&report, settings, showing) : command_fail(&err);
    reconcile_report_finish(&report);
    return exit;
}

/* ── what is asked for ───────────────────────────────────────────────────── */

static bool choose(const struct command_line *line, const struct configuration *configuration,
                   struct reconcile_options *options, struct error *err)
{
    struct period period;
    const char *name = command_value(line, OPTION_SUBSCRIPTION);
    if (!period_read(line, clock_unix_ms(), &period, err))
        return false;
    options->settings = configuration->settings;
    options->catalog = configuration->catalog;
    options->has_since = period.has_since;
    options->has_until = period.has_until;
    options->since_unix_ms = period.since_unix_ms;
    options->until_unix_ms = period.until_unix_ms;
    options->only = name ? catalog_find(configuration->catalog, name) : NULL;
    return !name || options->only ||
           error_set(err, ERROR_INPUT, "there is no subscription '%s' in the configuration", name);
}

enum command_exit reconcile_command(const struct command_line *line)
{
    struct error err = {0};
    struct configuration configuration = {0};
    struct showing showing = {0};
    struct reconcile_options options = {.hooks = {&showing, on_progress, on_missing}};
    if (!configuration_load(command_config(line), &configuration))
        return COMMAND_WRONG_INPUT;
    log_configure(LOG_ERROR, LOG_TEXT); /* what matters of librdkafka's is in our error */
    enum command_exit exit = choose(line, &configuration, &options, &err)
                                 ? reconcile(line, &options, &showing)
                                 : command_fail(&err);
    configuration_finish(&configuration);
    return exit;
}
