#include "service/conclude.h"

#include <stdlib.h>

#include "base/clock.h"
#include "settle/dead_letter.h"
#include "settle/result.h"
#include "settle/write.h"

#define RESULT_BYTES 640 /* what a usual one takes, so that its buffer grows once */

/* ── written down ────────────────────────────────────────────────────────── */

/* `record` NULL: it is apart from what becomes of its record, and has a copy of the key. */
static struct write *make_result(const struct conclude *conclude, const struct verdict *verdict,
                                 struct record *record)
{
    struct write *write = write_create(WRITE_RESULT, record);
    if (!write)
        return NULL;
    if (!record && verdict->record->key.data) {
        buffer_add_slice(&write->made_key, verdict->record->key);
        write->key = buffer_slice(&write->made_key);
    }
    if (conclude->avro) {
        result_avro_write(conclude->avro, *conclude->schema_id, verdict, &write->made);
    } else {
        buffer_reserve(&write->made, RESULT_BYTES + verdict->outcome->response.size);
        result_write(verdict, &write->made);
    }
    if (write->made.failed || write->made_key.failed) {
        write_destroy(write);
        return NULL;
    }
    write->value = buffer_slice(&write->made);
    return write;
}

static struct write *make_dead_letter(const struct verdict *verdict, struct record *record)
{
    struct write *write = write_create(WRITE_DEAD_LETTER, record);
    if (!write)
        return NULL;
    write->value = record->value;
    write->headers = dead_letter_headers(verdict);
    if (!write->headers) {
        write_destroy(write);
        return NULL;
    }
    return write;
}

static void add(struct conclude *conclude, struct write *write)
{
    if (!write)
        return;
    if (write->record)
        record_claim(write->record);
    list_push(&conclude->writes, &write->message.link);
}

/* What stops its subscription is not finished: of its record nothing goes into a transaction. The
 * result of the attempt at which it stopped does, by itself. */
static bool write_down(struct conclude *conclude, const struct verdict *verdict,
                       struct record *record)
{
    const struct settings *settings = conclude->settings;
    struct write *letter = NULL;
    struct write *result = NULL;
    bool wants_letter = verdict->fate == FATE_DEAD;
    bool wants_result =
        settings->topics.results.data && result_wanted(settings->results_record, verdict->fate);
    if (wants_letter)
        letter = make_dead_letter(verdict, record);
    if (wants_result)
        result = make_result(conclude, verdict, verdict->fate == FATE_STOP ? NULL : record);
    if ((wants_letter && !letter) || (wants_result && !result)) {
        write_destroy(letter);
        write_destroy(result);
        return false;
    }
    add(conclude, letter);
    add(conclude, result);
    return true;
}

/* ── logged and counted ──────────────────────────────────────────────────── */

/* One line is let through for each subscription in a while. No memory: every line is. */
static bool may_tell(struct conclude *conclude, size_t series, uint64_t *held_back)
{
    if (log_enabled(LOG_DEBUG))
        return true;
    if (series >= conclude->gate_count) {
        struct log_gate *gates = realloc(conclude->gates, (series + 64) * sizeof *gates);
        if (!gates)
            return true;
        memset(gates + conclude->gate_count, 0,
               (series + 64 - conclude->gate_count) * sizeof *gates);
        conclude->gates = gates;
        conclude->gate_count = series + 64;
    }
    return log_gate_open(&conclude->gates[series], clock_now_ms(), held_back);
}

/* The verdict's line: what went well only for those who debug, what did not once a minute; what
 * stops its subscription always. */
static void tell(struct conclude *conclude, size_t series, const struct verdict *verdict)
{
    const struct outcome *outcome = verdict->outcome;
    uint64_t held_back = 0;
    if (verdict->fate == FATE_DELIVERED) {
        log_debug("delivered", BYTES("subscription", verdict->subscription),
                  BYTES("id", verdict->id), INT("attempt", verdict->attempts),
                  INT("status", outcome->status), INT("duration_ms", outcome->duration_us / 1000));
        return;
    }
    if (verdict->fate == FATE_STOP) {
        log_error("an event failed for good; its subscription waits for a person",
                  BYTES("subscription", verdict->subscription), BYTES("id", verdict->id),
                  INT("attempt", verdict->attempts), INT("status", outcome->status),
                  STR("error_kind", error_name(outcome->kind)), STR("error", outcome->error));
        return;
    }
    if (!may_tell(conclude, series, &held_back))
        return;
    log_warn(verdict_outcome(verdict->fate), BYTES("subscription", verdict->subscription),
             BYTES("id", verdict->id), INT("attempt", verdict->attempts),
             INT("status", outcome->status), STR("error_kind", error_name(outcome->kind)),
             STR("error", outcome->error), INT("repeated", held_back));
}

static void count(struct conclude *conclude, size_t series, unsigned lane,
                  const struct verdict *verdict)
{
    static const enum metric_value outcomes[] = {
        [FATE_DELIVERED] = METRIC_OUTCOME_DELIVERED,
        [FATE_RETRY] = METRIC_OUTCOME_RETRYING,
        [FATE_DEAD] = METRIC_OUTCOME_DEAD_LETTERED,
        [FATE_STOP] = METRIC_OUTCOME_RETRYING,
    };
    const struct outcome *outcome = verdict->outcome;
    struct metrics_block *metrics = conclude->metrics;
    metrics_add(metrics, METRIC_DELIVERIES, series, outcomes[verdict->fate], 1);
    if (outcome->status || outcome->duration_us > 0) {
        metrics_add(metrics, METRIC_ATTEMPTS, series, metrics_class(outcome->status, outcome->kind),
                    1);
        metrics_observe_us(metrics, METRIC_ATTEMPT_DURATION, lane, outcome->duration_us);
    }
    if (verdict->fate == FATE_DEAD)
        metrics_add(metrics, METRIC_DEAD_LETTERS, series, metrics_reason(outcome->kind), 1);
    if (verdict->fate == FATE_DELIVERED)
        metrics_observe_us(metrics, METRIC_LATENCY, lane,
                           (clock_now_ms() - verdict->record->polled_ms) * 1000);
}

bool conclude(struct conclude *conclude, struct verdict *verdict, struct record *record,
              const struct route *route)
{
    unsigned series = route ? route_series(route) : METRICS_RETRIES;
    unsigned lane = route ? lane_series(route->lane) : METRICS_RETRIES;
    verdict->record = record;
    verdict->subscription = route ? slice_of(route->name) : record->owner;
    verdict->now_unix_ms = clock_unix_ms();
    verdict->instance = conclude->instance;
    count(conclude, series, lane, verdict);
    tell(conclude, series, verdict);
    return write_down(conclude, verdict, record);
}
