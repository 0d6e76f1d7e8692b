/* Records come into memory, and go home.
 *
 * The happy path: a message is copied into a record, its ledger notes it, the next worker gets it;
 * when its fates are stored it comes back, the ledger is told, and its memory is free.
 * What can fail: there is no memory (the message is asked for again), or too much is held (the
 * partitions are paused). What had finished before a restart is taken and finished at once.
 *
 * A lane of retries waits for the head of each partition: in a topic with one constant delay what
 * came first is due first. The head is held here and its partition paused; those that are due
 * within a moment go to their worker, which waits for the moment itself. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/siphash.h"
#include "commit/metadata.h"
#include "consume/envelope.h"
#include "consume/lane_private.h"
#include "consume/source.h"

#define POLL_TURN   512   /* records, so that one busy lane does not keep the others waiting */
#define FULL_SLACK  2048  /* offsets that must fit again before a full partition goes on */
#define DUE_SOON_MS 10000 /* what a worker may wait for */
#define RELEASE_MS  5000  /* what comes that soon behind a head needs no pause of its own */

/* ── what stops a partition ──────────────────────────────────────────────── */

static void set_full(struct lane *lane, struct partition *partition, bool full)
{
    bool stopped = pause_is_stopped(partition);
    partition->full = full;
    pause_update_partition(lane, partition, stopped);
}

static void set_head(struct lane *lane, struct partition *partition, struct record *head)
{
    bool stopped = pause_is_stopped(partition);
    partition->head = head;
    pause_update_partition(lane, partition, stopped);
}

/* ── a message becomes a record ──────────────────────────────────────────── */

/* Room for as many headers as the record with most of them so far had. */
static bool reserve_headers(struct lane *lane, size_t count)
{
    if (count <= lane->header_capacity)
        return true;
    struct record_header *headers = realloc(lane->headers, count * sizeof *headers);
    if (!headers)
        return false;
    lane->headers = headers;
    lane->header_capacity = count;
    return true;
}

static bool read_headers(struct lane *lane, const rd_kafka_message_t *message, size_t *count)
{
    rd_kafka_headers_t *list = NULL;
    *count = 0;
    if (rd_kafka_message_headers(message, &list) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return true; /* it has none */
    if (!reserve_headers(lane, rd_kafka_header_cnt(list)))
        return false;
    const char *name = NULL;
    const void *value = NULL;
    size_t size = 0;
    while (!rd_kafka_header_get_all(list, *count, &name, &value, &size))
        lane->headers[(*count)++] = (struct record_header){slice_of(name), {value, size}};
    return true;
}

static bool read_message(struct lane *lane, const rd_kafka_message_t *message,
                         struct record_source *from)
{
    *from = (struct record_source){
        .topic = slice_of(rd_kafka_topic_name(message->rkt)),
        .partition = message->partition,
        .offset = message->offset,
        .timestamp_ms = rd_kafka_message_timestamp(message, NULL),
        .key = {message->key, message->key ? message->key_len : 0},
        .value = {message->payload, message->payload ? message->len : 0},
    };
    if (!read_headers(lane, message, &from->header_count))
        return false;
    from->headers = lane->headers;
    return true;
}

/* A retry is what it was when it was published, and knows what has been tried. */
static struct record *open_envelope(struct lane *lane, struct record_source *from)
{
    struct envelope envelope;
    if (!envelope_read(from->headers, from->header_count, &envelope, NULL)) {
        struct record *record = record_create(from);
        if (!record)
            return NULL;
        record->subscription = RECORD_NOBODYS;
        record->wrong = ERROR_DECODE;
        return record;
    }
    int64_t leg_unix_ms = envelope_leg_ends(&envelope, from->topic, clock_unix_ms());
    from->topic = envelope.topic;
    from->partition = envelope.partition;
    from->offset = envelope.offset;
    from->timestamp_ms = envelope.timestamp_ms;
    from->owner = envelope.subscription;
    from->header_count -= ENVELOPE_HEADERS;
    struct record *record = record_create(from);
    if (!record)
        return NULL;
    record->attempts = envelope.attempts;
    record->passes = envelope.passes;
    record->first_attempt_unix_ms = envelope.first_attempt_unix_ms;
    record->due_unix_ms = envelope.due_unix_ms;
    record->leg_unix_ms = leg_unix_ms;
    record->nobodys_since_unix_ms = envelope.nobodys_since_unix_ms;
    record->replay = envelope.replay;
    record->release = envelope.kind == ENVELOPE_RELEASE;
    record->alone = envelope.kind == ENVELOPE_ALONE;
    const struct roster_owner *owner = roster_find(lane->intake->roster, envelope.subscription);
    record->subscription = owner ? owner->subscription : RECORD_NOBODYS;
    if (!owner)
        record->wrong = ERROR_DISABLED;
    return record;
}

static struct record *make_record(struct lane *lane, const rd_kafka_message_t *message)
{
    struct record_source from;
    if (!read_message(lane, message, &from))
        return NULL;
    struct record *record =
        lane->roster->retries ? open_envelope(lane, &from) : record_create(&from);
    if (!record)
        return NULL;
    record->is_retry = lane->roster->retries;
    record->group = lane->roster->place;
    if (record->is_retry)
        return record;
    record->subscription = lane->roster->subscription;
    return record;
}

/* ── in ──────────────────────────────────────────────────────────────────── */

void intake_finish(struct lane *lane, struct partition *partition, size_t place)
{
    struct ledger *ledger = &partition->ledger;
    if (ledger_finish(ledger, place))
        partition->dirty = true;
    if (partition->full && metadata_has_room(ledger, ledger->last_offset + FULL_SLACK))
        set_full(lane, partition, false);
}

/* Of the message's partition. */
static void seek(struct lane *lane, const rd_kafka_message_t *message, int64_t offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, rd_kafka_topic_name(message->rkt), message->partition)
        ->offset = offset;
    pause_seek(lane, list);
    rd_kafka_topic_partition_list_destroy(list);
}

/* A record that can't be kept now is asked for again, so that nothing is skipped. */
static void put_back(struct lane *lane, const rd_kafka_message_t *message)
{
    seek(lane, message, message->offset);
    log_error("no memory for a record", STR("group", lane->group));
}

void intake_hand_on(struct intake *intake)
{
    for (unsigned i = 0; i < intake->workers; i++)
        if (!list_empty(&intake->outgoing[i]))
            intake->hooks->deliver(intake->hooks->context, i, &intake->outgoing[i]);
}

/* Of those that serve the subscription the one whose turn it is; where keys are kept in order, and
 * where only another instance may know whether they are, all of a key go to the same. */
static unsigned choose_worker(struct lane *lane, const struct record *record)
{
    unsigned spread = lane->roster->spread;
    bool ordered = lane->roster->ordered || record->wrong == ERROR_DISABLED;
    unsigned first = record->subscription < RECORD_SHARED ? record->subscription : 0;
    const struct roster_owner *owner = record->is_retry && !record->wrong
                                           ? roster_find(lane->intake->roster, record->owner)
                                           : NULL;
    if (owner) {
        spread = owner->spread;
        ordered = owner->ordered;
    }
    unsigned turn = ordered && record->key.data
                        ? (unsigned)(siphash(lane->intake->seed, record->key) % spread)
                        : lane->next_worker++ % spread;
    return (first + turn) % lane->intake->workers;
}

static void hand_on(struct lane *lane, struct record *record)
{
    list_push(&lane->intake->outgoing[choose_worker(lane, record)], &record->message.link);
}

/* A retry that will not be due at the end of its leg goes on by another topic then, and no sooner:
 * a leg may be as short as what a worker may wait for. */
static bool is_due(const struct record *record)
{
    int64_t now_ms = clock_unix_ms();
    bool leg_is_over = record->is_retry && record->leg_unix_ms <= now_ms;
    return leg_is_over || record->due_unix_ms - now_ms <= DUE_SOON_MS;
}

/* A pause throws away what is fetched. So a head that was held is let go late enough for those
 * close behind it to be due, too: when its worker has less to wait, or with a leg over for a while.
 */
static bool may_let_go(const struct record *head)
{
    int64_t now_ms = clock_unix_ms();
    return head->leg_unix_ms + RELEASE_MS <= now_ms || head->due_unix_ms - now_ms <= RELEASE_MS;
}

struct record_home intake_home(struct lane *lane, const struct partition *partition)
{
    return (struct record_home){
        .lane = lane,
        .topic = partition->topic,
        .partition = partition->number,
        .assignment = partition->assignment,
    };
}

static void keep(struct lane *lane, struct partition *partition, struct record *record,
                 size_t ledger_place)
{
    record->home = intake_home(lane, partition);
    record->home.ledger_place = ledger_place;
    partition->out++;
    record->polled_ms = loop_now_ms(lane->intake->loop);
    lane->held.bytes += record->bytes;
    lane->held.records++;
    lane->intake->budget.used += record->bytes;
    if (is_due(record))
        hand_on(lane, record);
    else
        set_head(lane, partition, record);
}

/* One that was unread begins anywhere, and is then sent to its place; but librdkafka loses a seek
 * of a partition that it has not begun yet (2.0.2, rd_kafka_toppar_seek). Once only: a topic that
 * has been made anew may end before that place. */
static bool strays(struct lane *lane, struct partition *partition,
                   const rd_kafka_message_t *message)
{
    const struct ledger *ledger = &partition->ledger;
    bool strays = partition->may_stray && ledger->begun && message->offset < ledger->begin;
    partition->may_stray = false;
    if (strays)
        seek(lane, message, ledger->begin);
    return strays;
}

static void take_message(struct lane *lane, const rd_kafka_message_t *message)
{
    struct partition *partition =
        partitions_find(&lane->partitions, rd_kafka_topic_name(message->rkt), message->partition);
    if (!partition || partition->unread || strays(lane, partition, message))
        return; /* taken away meanwhile; or from anywhere: see begin_somewhere */
    bool known = ledger_knows(&partition->ledger, message->offset);
    struct record *record = make_record(lane, message);
    size_t place = 0;
    if (!record || !ledger_take(&partition->ledger, message->offset, &place)) {
        record_destroy(record);
        put_back(lane, message);
        return;
    }
    if (!partition->full && !metadata_has_room(&partition->ledger, message->offset + 1))
        set_full(lane, partition, true);
    if (known) {
        intake_finish(lane, partition, place);
        record_destroy(record);
        return;
    }
    keep(lane, partition, record, place);
}

/* Whoever has its place reads its partitions from now on. */
static void fence(struct lane *lane, const rd_kafka_message_t *message)
{
    if (lane->fenced)
        return;
    lane->fenced = true;
    lane->member = false;
    log_error("out of the group until a restart", STR("group", lane->group),
              STR("error", rd_kafka_message_errstr(message)));
    assignment_lose_all(lane);
}

static void report(struct lane *lane, const rd_kafka_message_t *message)
{
    if (message->err == RD_KAFKA_RESP_ERR__FATAL) {
        fence(lane, message);
        return;
    }
    if (message->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        lane->topic_gone = true;
    uint64_t held_back = 0;
    if (log_gate_open(&lane->error_gate, loop_now_ms(lane->intake->loop), &held_back))
        log_warn("consumer", STR("group", lane->group),
                 STR("error", rd_kafka_message_errstr(message)), INT("repeated", held_back));
}

/* NULL: there is none. */
static rd_kafka_message_t *next_message(struct lane *lane)
{
    rd_kafka_message_t *message = rd_kafka_consumer_poll(lane->rk, 0);
    if (message)
        lane->dry_ms = 0;
    else if (lane->dry_ms == 0)
        lane->dry_ms = loop_now_ms(lane->intake->loop);
    return message;
}

void lane_poll(struct lane *lane)
{
    unsigned polled = 0;
    unsigned taken = 0;
    bool full = lane->full_ms && !lane->paused; /* pause_update says why */
    for (; polled < POLL_TURN && !full; polled++) {
        rd_kafka_message_t *message = next_message(lane);
        if (!message)
            break;
        bool taking = !message->err;
        if (taking)
            take_message(lane, message);
        else
            report(lane, message);
        rd_kafka_message_destroy(message);
        taken += taking;
        full = taking && budget_must_pause(&lane->intake->budget, &lane->held);
    }
    if (polled == POLL_TURN)
        lane->intake->more = true;
    if (taken > 0) {
        lane_count(lane, METRIC_RECORDS, METRICS_NO_LABEL, taken);
        pause_update(lane);
    }
}

void intake_release_due(struct lane *lane)
{
    for (struct partition *p = partitions_next(&lane->partitions, NULL); p;
         p = partitions_next(&lane->partitions, p)) {
        struct record *head = p->head;
        if (!head || !may_let_go(head))
            continue;
        set_head(lane, p, NULL);
        hand_on(lane, head);
    }
}

/* ── home ────────────────────────────────────────────────────────────────── */

static void forget(struct lane *lane, struct record *record)
{
    lane->held.bytes -= record->bytes;
    lane->held.records--;
    lane->intake->budget.used -= record->bytes;
    record_destroy(record);
}

void intake_drop_head(struct lane *lane, struct partition *partition)
{
    if (!partition->head)
        return;
    forget(lane, partition->head);
    partition->out--;
    partition->head = NULL;
}

/* One that comes home without a fate is read again, unless it ends here anyway. */
static void come_home(struct lane *lane, struct partition *partition, const struct record *record)
{
    partition->out--;
    if (!record_is_abandoned(record)) {
        lane->held.finished += record->bytes;
        intake_finish(lane, partition, record->home.ledger_place);
    } else if (!partition->leaving && lane->state == LANE_JOINED)
        assignment_rewind(lane, partition);
    assignment_go_on(lane, partition);
}

void lane_take_back(struct lane *lane, struct record *record)
{
    const struct record_home *home = &record->home;
    struct partition *partition = partitions_find(&lane->partitions, home->topic, home->partition);
    if (partition && partition->assignment == home->assignment)
        come_home(lane, partition, record);
    forget(lane, record);
    assignment_leave(lane);
    if (lane->paused || lane->full_ms)
        pause_update(lane);
}
