#include "consume/lane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "commit/metadata.h"
#include "consume/partition.h"
#include "consume/start.h"
#include "kafka/client.h"

#define POLL_TURN         512  /* records, so that one busy lane does not keep the others waiting */
#define FULL_SLACK        2048 /* offsets that must fit again before a full partition goes on */
#define JOIN_TIMEOUT_MS   500
#define JOIN_RETRY_MS     1000
#define COMMIT_EVERY_MS   1000
#define COMMIT_TIMEOUT_MS 3000

enum lane_state { LANE_WAITING, LANE_JOINED, LANE_DRAINING, LANE_CLOSING };

struct topic_name {
    struct list link;
    char text[];
};

struct lane {
    struct intake *intake;
    struct lane_options options;
    char group[80];
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    struct loop_io io;
    enum lane_state state;
    struct partitions partitions;
    struct list topic_names;
    uint32_t assignments;
    size_t held_bytes;
    size_t held_records;
    unsigned next_worker;
    bool member;
    bool paused;
    int64_t join_at_ms;
    int64_t commit_at_ms;
    struct record_header *headers; /* of the record being copied */
    size_t header_capacity;
    struct log_gate error_gate;
};

/* ── partitions come and go ──────────────────────────────────────────────── */

static const char *intern(struct lane *lane, const char *topic)
{
    for (struct list *link = lane->topic_names.next; link != &lane->topic_names;
         link = link->next) {
        struct topic_name *name = CONTAINER_OF(link, struct topic_name, link);
        if (strcmp(name->text, topic) == 0)
            return name->text;
    }
    size_t size = strlen(topic) + 1;
    struct topic_name *name = malloc(sizeof *name + size);
    if (!name)
        return NULL;
    memcpy(name->text, topic, size);
    list_push(&lane->topic_names, &name->link);
    return name->text;
}

static void gauge(const struct lane *lane, enum metric metric, size_t value)
{
    metrics_set(lane->intake->metrics, metric, lane->options.subscription, (int64_t)value);
}

static void note_partitions(struct lane *lane)
{
    gauge(lane, METRIC_ASSIGNED_PARTITIONS, lane->partitions.count);
    gauge(lane, METRIC_PAUSED_PARTITIONS, lane->paused ? lane->partitions.count : 0);
}

/* What had finished above the committed offset is not sent again. */
static void restore(struct lane *lane, struct partition *partition,
                    const rd_kafka_topic_partition_t *committed)
{
    struct error err = {0};
    struct slice text = {committed->metadata, committed->metadata_size};
    if (committed->err || committed->offset < 0)
        return;
    if (!metadata_read(text, committed->offset, &partition->ledger, &err))
        log_warn("what had finished is not known, and will be sent again",
                 STR("group", lane->group), STR("topic", partition->topic),
                 INT("partition", partition->number), STR("error", err.text));
}

static void take_partition(struct lane *lane, const rd_kafka_topic_partition_t *given)
{
    const char *topic = intern(lane, given->topic);
    struct partition *partition =
        topic ? partitions_add(&lane->partitions, topic, given->partition, lane->assignments)
              : NULL;
    if (partition)
        restore(lane, partition, given);
    else
        log_error("no memory for a partition", STR("group", lane->group));
}

static void take_partitions(struct lane *lane, rd_kafka_topic_partition_list_t *list)
{
    lane->assignments++;
    rd_kafka_resp_err_t code = rd_kafka_committed(lane->rk, list, COMMIT_TIMEOUT_MS);
    if (code)
        log_warn("committed offsets can't be read; what had finished will be sent again",
                 STR("group", lane->group), STR("error", rd_kafka_err2str(code)));
    for (int i = 0; i < list->cnt; i++)
        take_partition(lane, &list->elems[i]);
    rd_kafka_error_t *error = rd_kafka_incremental_assign(lane->rk, list);
    if (error) {
        log_error("partitions can't be taken", STR("group", lane->group),
                  STR("error", rd_kafka_error_string(error)));
        rd_kafka_error_destroy(error);
    }
    if (lane->paused)
        rd_kafka_pause_partitions(lane->rk, list);
    log_info("partitions assigned", STR("group", lane->group), INT("taken", list->cnt),
             INT("held", lane->partitions.count));
}

/* Adds the partition's position, and what has finished above it, if that is news. */
static void add_position(rd_kafka_topic_partition_list_t *list, struct partition *partition)
{
    char text[METADATA_BYTES + 1];
    if (!partition->dirty)
        return;
    partition->dirty = false;
    rd_kafka_topic_partition_t *element =
        rd_kafka_topic_partition_list_add(list, partition->topic, partition->number);
    element->offset = ledger_position(&partition->ledger);
    metadata_write(&partition->ledger, text);
    element->metadata = strdup(text);
    element->metadata_size = element->metadata ? strlen(text) : 0;
}

static void commit_now(struct lane *lane, const rd_kafka_topic_partition_list_t *offsets)
{
    struct error err = {0};
    if (offsets->cnt == 0)
        return;
    bool fine = client_commit(lane->rk, offsets, COMMIT_TIMEOUT_MS, &err);
    metrics_add(lane->intake->metrics, METRIC_COMMITS, lane->options.subscription,
                fine ? METRIC_RESULT_OK : METRIC_RESULT_FAILED, 1);
    if (!fine)
        log_warn("commit failed", STR("group", lane->group), STR("error", err.text));
}

static void give_partitions(struct lane *lane, rd_kafka_topic_partition_list_t *list)
{
    bool lost = rd_kafka_assignment_lost(lane->rk);
    rd_kafka_topic_partition_list_t *offsets = rd_kafka_topic_partition_list_new(list->cnt);
    for (int i = 0; i < list->cnt; i++) {
        struct partition *partition =
            partitions_find(&lane->partitions, list->elems[i].topic, list->elems[i].partition);
        if (!partition)
            continue;
        if (!lost)
            add_position(offsets, partition);
        partitions_remove(&lane->partitions, partition);
    }
    commit_now(lane, offsets);
    rd_kafka_topic_partition_list_destroy(offsets);
    rd_kafka_error_t *error = rd_kafka_incremental_unassign(lane->rk, list);
    if (error) {
        log_error("partitions can't be given back", STR("group", lane->group),
                  STR("error", rd_kafka_error_string(error)));
        rd_kafka_error_destroy(error);
    }
    log_info(lost ? "partitions lost" : "partitions revoked", STR("group", lane->group),
             INT("given", list->cnt), INT("held", lane->partitions.count));
}

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *list, void *opaque)
{
    (void)rk;
    struct lane *lane = opaque;
    lane->member = true;
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
        take_partitions(lane, list);
    else
        give_partitions(lane, list);
    metrics_add(lane->intake->metrics, METRIC_REBALANCES, lane->options.subscription,
                METRICS_NO_LABEL, 1);
    note_partitions(lane);
}

/* ── committing ──────────────────────────────────────────────────────────── */

static void forget_commit(struct lane *lane, const rd_kafka_topic_partition_list_t *offsets)
{
    for (int i = 0; offsets && i < offsets->cnt; i++) {
        struct partition *partition = partitions_find(&lane->partitions, offsets->elems[i].topic,
                                                      offsets->elems[i].partition);
        if (partition)
            partition->dirty = true;
    }
}

static void on_commit(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                      rd_kafka_topic_partition_list_t *offsets, void *opaque)
{
    (void)rk;
    struct lane *lane = opaque;
    metrics_add(lane->intake->metrics, METRIC_COMMITS, lane->options.subscription,
                code ? METRIC_RESULT_FAILED : METRIC_RESULT_OK, 1);
    if (!code)
        return;
    forget_commit(lane, offsets);
    log_warn("commit failed", STR("group", lane->group), STR("error", rd_kafka_err2str(code)));
}

static rd_kafka_topic_partition_list_t *positions(struct lane *lane)
{
    rd_kafka_topic_partition_list_t *offsets =
        rd_kafka_topic_partition_list_new((int)lane->partitions.count);
    for (struct partition *p = partitions_next(&lane->partitions, NULL); p;
         p = partitions_next(&lane->partitions, p))
        add_position(offsets, p);
    return offsets;
}

static void commit_soon(struct lane *lane)
{
    rd_kafka_topic_partition_list_t *offsets = positions(lane);
    if (offsets->cnt > 0 && rd_kafka_commit(lane->rk, offsets, 1))
        forget_commit(lane, offsets);
    rd_kafka_topic_partition_list_destroy(offsets);
}

/* ── pausing ─────────────────────────────────────────────────────────────── */

static void set_paused(struct lane *lane, bool paused)
{
    lane->paused = paused;
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)lane->partitions.count);
    for (struct partition *p = partitions_next(&lane->partitions, NULL); p;
         p = partitions_next(&lane->partitions, p))
        if (!p->full)
            rd_kafka_topic_partition_list_add(list, p->topic, p->number);
    if (paused)
        rd_kafka_pause_partitions(lane->rk, list);
    else
        rd_kafka_resume_partitions(lane->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    note_partitions(lane);
}

static void update_pause(struct lane *lane)
{
    const struct intake *intake = lane->intake;
    bool shut = intake->held || lane->state != LANE_JOINED;
    if (!lane->paused && (shut || budget_must_pause(&intake->budget, lane->held_bytes)))
        set_paused(lane, true);
    else if (lane->paused && !shut && budget_may_resume(&intake->budget, lane->held_bytes))
        set_paused(lane, false);
}

/* One partition more or less than the lane as a whole. */
static void set_full(struct lane *lane, struct partition *partition, bool full)
{
    partition->full = full;
    if (lane->paused)
        return;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, partition->topic, partition->number);
    if (full)
        rd_kafka_pause_partitions(lane->rk, list);
    else
        rd_kafka_resume_partitions(lane->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
}

/* ── records ─────────────────────────────────────────────────────────────── */

/* Room for as many headers as the largest record so far had. */
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

static struct record *copy_message(struct lane *lane, const rd_kafka_message_t *message,
                                   const char *topic)
{
    struct record_source from = {
        .topic = topic,
        .partition = message->partition,
        .offset = message->offset,
        .timestamp_ms = rd_kafka_message_timestamp(message, NULL),
        .key = {message->key, message->key ? message->key_len : 0},
        .value = {message->payload, message->payload ? message->len : 0},
    };
    if (!read_headers(lane, message, &from.header_count))
        return NULL;
    from.headers = lane->headers;
    return record_create(&from);
}

/* A record that can't be kept now is asked for again, so that nothing is skipped. */
static void put_back(struct lane *lane, const rd_kafka_message_t *message)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, rd_kafka_topic_name(message->rkt), message->partition)
        ->offset = message->offset;
    rd_kafka_error_t *error = rd_kafka_seek_partitions(lane->rk, list, 0);
    if (error)
        rd_kafka_error_destroy(error);
    rd_kafka_topic_partition_list_destroy(list);
    log_error("no memory for a record", STR("group", lane->group));
}

static void finish(struct lane *lane, struct partition *partition, size_t place)
{
    struct ledger *ledger = &partition->ledger;
    ledger_finish(ledger, place);
    partition->dirty = true;
    if (partition->full && metadata_has_room(ledger, ledger->last_offset + FULL_SLACK))
        set_full(lane, partition, false);
}

static void take_record(struct lane *lane, const rd_kafka_message_t *message)
{
    struct intake *intake = lane->intake;
    struct partition *partition =
        partitions_find(&lane->partitions, rd_kafka_topic_name(message->rkt), message->partition);
    if (!partition)
        return; /* taken away meanwhile */
    bool known = ledger_knows(&partition->ledger, message->offset);
    struct record *record = copy_message(lane, message, partition->topic);
    if (!record || !ledger_take(&partition->ledger, message->offset, &record->ledger_place)) {
        record_destroy(record);
        put_back(lane, message);
        return;
    }
    if (!partition->full && !metadata_has_room(&partition->ledger, message->offset + 1))
        set_full(lane, partition, true);
    if (known) {
        finish(lane, partition, record->ledger_place);
        record_destroy(record);
        return;
    }
    record->lane = lane;
    record->assignment = partition->assignment;
    record->polled_ms = loop_now_ms(intake->loop);
    lane->held_bytes += record->bytes;
    lane->held_records++;
    intake->budget.used += record->bytes;
    list_push(&intake->outgoing[lane->next_worker], &record->message.link);
    lane->next_worker = (lane->next_worker + 1) % lane->options.spread;
}

static void report(struct lane *lane, const rd_kafka_message_t *message)
{
    uint64_t held_back = 0;
    if (log_gate_open(&lane->error_gate, loop_now_ms(lane->intake->loop), &held_back))
        log_warn("consumer", STR("group", lane->group),
                 STR("error", rd_kafka_message_errstr(message)), INT("repeated", held_back));
}

void lane_poll(struct lane *lane)
{
    unsigned taken = 0;
    while (taken < POLL_TURN) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(lane->rk, 0);
        if (!message)
            break;
        if (message->err)
            report(lane, message);
        else
            take_record(lane, message);
        rd_kafka_message_destroy(message);
        taken++;
    }
    if (taken == POLL_TURN)
        lane->intake->more = true;
    if (taken > 0) {
        metrics_add(lane->intake->metrics, METRIC_RECORDS, lane->options.subscription,
                    METRICS_NO_LABEL, taken);
        update_pause(lane);
    }
}

void lane_take_back(struct lane *lane, struct record *record)
{
    struct partition *partition =
        partitions_find(&lane->partitions, record->topic, record->partition);
    bool ours = partition && partition->assignment == record->assignment;
    if (ours && !record_is_abandoned(record))
        finish(lane, partition, record->ledger_place);
    lane->held_bytes -= record->bytes;
    lane->held_records--;
    lane->intake->budget.used -= record->bytes;
    record_destroy(record);
    if (lane->paused)
        update_pause(lane);
}

/* ── life ────────────────────────────────────────────────────────────────── */

static void on_ready(struct loop_io *io, uint32_t events)
{
    (void)events;
    struct lane *lane = CONTAINER_OF(io, struct lane, io);
    uint64_t count = 0;
    ssize_t ignored = read(io->fd, &count, sizeof count);
    (void)ignored;
    lane_poll(lane);
}

static rd_kafka_conf_t *consumer_conf(const struct lane *lane, struct error *err)
{
    char queue_kbytes[24];
    char fetch_bytes[24];
    size_t queue = lane->options.queue_bytes;
    snprintf(queue_kbytes, sizeof queue_kbytes, "%zu", queue / 1024);
    snprintf(fetch_bytes, sizeof fetch_bytes, "%zu", queue / 2 < 1048576 ? queue / 2 : 1048576);
    const struct client_property own[] = {
        {"group.id", lane->group, false},
        {"enable.auto.commit", "false", false},
        {"enable.auto.offset.store", "false", false},
        {"auto.offset.reset", "earliest", false},
        {"partition.assignment.strategy", "cooperative-sticky", false},
        {"client.id", "grapnel", true},
        {"topic.metadata.refresh.interval.ms", "10000", true},
        {"queued.min.messages", "1000000", true}, /* bytes are the bound, not messages */
        {"queued.max.messages.kbytes", queue_kbytes, true},
        {"fetch.message.max.bytes", fetch_bytes, true},
        {0},
    };
    return client_conf(lane->options.kafka, own, err);
}

static bool open_consumer(struct lane *lane, struct error *err)
{
    rd_kafka_conf_t *conf = consumer_conf(lane, err);
    if (!conf)
        return false;
    rd_kafka_conf_set_opaque(conf, lane);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_offset_commit_cb(conf, on_commit);
    lane->rk = client_create(RD_KAFKA_CONSUMER, conf, err);
    if (!lane->rk)
        return false;
    rd_kafka_poll_set_consumer(lane->rk);
    lane->queue = rd_kafka_queue_get_consumer(lane->rk);
    lane->io.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    lane->io.ready = on_ready;
    uint64_t one = 1;
    rd_kafka_queue_io_event_enable(lane->queue, lane->io.fd, &one, sizeof one);
    return loop_watch(lane->intake->loop, &lane->io, EPOLLIN, err);
}

struct lane *lane_create(struct intake *intake, const struct lane_options *options,
                         struct error *err)
{
    struct lane *lane = calloc(1, sizeof *lane);
    if (!lane) {
        error_set(err, ERROR_MEMORY, "no memory for a lane");
        return NULL;
    }
    lane->intake = intake;
    lane->options = *options;
    lane->io.fd = -1;
    partitions_init(&lane->partitions);
    list_init(&lane->topic_names);
    snprintf(lane->group, sizeof lane->group, "grapnel.%s", options->name);
    if (!open_consumer(lane, err)) {
        error_wrap(err, "subscription %s", options->name);
        lane_destroy(lane);
        return NULL;
    }
    return lane;
}

void lane_destroy(struct lane *lane)
{
    if (!lane)
        return;
    if (lane->io.fd >= 0) {
        loop_unwatch(lane->intake->loop, &lane->io);
        close(lane->io.fd);
    }
    if (lane->queue)
        rd_kafka_queue_destroy(lane->queue);
    if (lane->rk)
        rd_kafka_destroy_flags(lane->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    partitions_finish(&lane->partitions);
    for (struct list *link = list_pop(&lane->topic_names); link;
         link = list_pop(&lane->topic_names))
        free(CONTAINER_OF(link, struct topic_name, link));
    free(lane->headers);
    free(lane);
}

unsigned lane_subscription(const struct lane *lane)
{
    return lane->options.subscription;
}

static bool subscribe(struct lane *lane, struct error *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(4);
    for (size_t i = 0; i < lane->options.topics->count; i++)
        rd_kafka_topic_partition_list_add(list, lane->options.topics->items[i].data,
                                          RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(lane->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    return !code || error_set(err, ERROR_KAFKA, "%s", rd_kafka_err2str(code));
}

static void join(struct lane *lane)
{
    struct error err = {0};
    if (start_prepare(lane->rk, lane->options.topics, lane->options.start, JOIN_TIMEOUT_MS, &err) &&
        subscribe(lane, &err)) {
        lane->state = LANE_JOINED;
        return;
    }
    lane->join_at_ms = clock_now_ms() + JOIN_RETRY_MS;
    uint64_t held_back = 0;
    if (log_gate_open(&lane->error_gate, clock_now_ms(), &held_back))
        log_warn("waiting for Kafka", STR("group", lane->group), STR("error", err.text));
}

/* librdkafka tells of no assignment when there is no partition to assign; a member's id it has all
 * the same. */
static bool has_member_id(const struct lane *lane)
{
    char *id = rd_kafka_memberid(lane->rk);
    bool has = id && *id;
    if (id)
        rd_kafka_mem_free(lane->rk, id);
    return has;
}

static int64_t partition_lag(struct lane *lane, const struct partition *partition)
{
    int64_t low = 0;
    int64_t high = -1;
    int64_t position = ledger_position(&partition->ledger);
    if (position < 0 ||
        rd_kafka_get_watermark_offsets(lane->rk, partition->topic, partition->number, &low, &high))
        return 0;
    return high > position ? high - position : 0;
}

static void once_a_second(struct lane *lane)
{
    if (!lane->member)
        lane->member = has_member_id(lane);
    if (lane->state != LANE_CLOSING)
        commit_soon(lane);
    int64_t lag = 0;
    for (struct partition *p = partitions_next(&lane->partitions, NULL); p;
         p = partitions_next(&lane->partitions, p))
        lag += partition_lag(lane, p);
    gauge(lane, METRIC_LAG, (size_t)lag);
    gauge(lane, METRIC_JOINED, lane->member);
}

void lane_tick(struct lane *lane)
{
    int64_t now_ms = loop_now_ms(lane->intake->loop);
    if (lane->state == LANE_WAITING && now_ms >= lane->join_at_ms && !lane->intake->held)
        join(lane);
    lane_poll(lane);
    update_pause(lane);
    if (lane->state != LANE_WAITING && now_ms >= lane->commit_at_ms) {
        lane->commit_at_ms = now_ms + COMMIT_EVERY_MS;
        once_a_second(lane);
    }
}

void lane_drain(struct lane *lane)
{
    if (lane->state >= LANE_DRAINING)
        return;
    lane->state = LANE_DRAINING;
    update_pause(lane);
}

bool lane_is_empty(const struct lane *lane)
{
    return lane->held_records == 0;
}

void lane_close(struct lane *lane)
{
    lane->state = LANE_CLOSING;
    rd_kafka_topic_partition_list_t *offsets = positions(lane);
    commit_now(lane, offsets);
    rd_kafka_topic_partition_list_destroy(offsets);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(lane->rk, lane->queue);
    if (error)
        rd_kafka_error_destroy(error);
}

bool lane_closed(const struct lane *lane)
{
    return rd_kafka_consumer_closed(lane->rk);
}
