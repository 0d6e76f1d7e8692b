/* The happy path: metadata tells the partitions, each is asked for its two ends and started into
 * one queue, scan_next takes from it and notes when each has come to the end it had.
 * What can fail: brokers that don't answer (the time-outs here), retention that deletes the
 * beginning meanwhile (auto.offset.reset), a partition without a leader (nothing comes: SILENCE).
 */
#include "inspect/scan.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "kafka/client.h"

#define SILENCE_MS 15000 /* so long nothing at all before the end, and it is given up */
#define OPEN_MOST  4     /* partitions fetched at once where it is bounded: each has a queue */

struct scan_partition {
    int64_t first;
    int64_t end;  /* the offset after the last one there was */
    int64_t next; /* what is awaited */
    bool started;
};

struct scan {
    rd_kafka_t *rk;
    rd_kafka_topic_t *topic;
    rd_kafka_queue_t *queue;
    rd_kafka_message_t *message; /* lent with the last record */
    struct scan_partition *partitions;
    int32_t count;
    int32_t unfinished;
    int32_t begun; /* partitions before this one have been started, or were empty */
    int32_t open;  /* started and not stopped */
    bool bounded;
    bool end_told;
    int64_t heard_ms;
    struct record_header *headers; /* room for those of one record */
    size_t header_capacity;
    char trouble[256]; /* the last thing librdkafka complained about */
};

/* A small fetch, since a batch may grow tenfold when it is unpacked; a larger record comes all the
 * same. */
static const struct client_property own_properties[] = {
    {.name = "enable.auto.commit", .value = "false"},
    {.name = "enable.partition.eof", .value = "true"},
    {.name = "auto.offset.reset", .value = "earliest"},
    {.name = "allow.auto.create.topics", .value = "false"},
    {.name = "queued.max.messages.kbytes", .value = "16384"},
    {.name = "fetch.message.max.bytes", .value = "524288", .weak = true},
    {.name = "client.id", .value = "grapnel-inspect", .weak = true},
    {.name = NULL},
};

static void note_trouble(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    (void)rk;
    struct scan *scan = opaque;
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || !scan->trouble[0])
        snprintf(scan->trouble, sizeof scan->trouble, "%s", reason);
}

/* What librdkafka said on the way tells more than a code: "Connection refused". */
static bool kafka_failed(struct scan *scan, rd_kafka_resp_err_t code, struct error *err)
{
    rd_kafka_poll(scan->rk, 0);
    return error_set(err, ERROR_KAFKA, "Kafka can't be asked: %s",
                     scan->trouble[0] ? scan->trouble : rd_kafka_err2str(code));
}

static bool create_client(struct scan *scan, const struct named_texts *properties,
                          const char *topic, struct error *err)
{
    rd_kafka_conf_t *conf = client_conf(properties, own_properties, err);
    if (!conf)
        return false;
    rd_kafka_conf_set_opaque(conf, scan);
    rd_kafka_conf_set_error_cb(conf, note_trouble);
    scan->rk = client_create(RD_KAFKA_CONSUMER, conf, err);
    if (!scan->rk)
        return false;
    scan->topic = rd_kafka_topic_new(scan->rk, topic, NULL);
    scan->queue = rd_kafka_queue_new(scan->rk);
    if (!scan->topic || !scan->queue)
        return error_set(err, ERROR_INPUT, "'%s' can't be the name of a topic", topic);
    return true;
}

static bool count_partitions(struct scan *scan, int timeout_ms, struct error *err)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(scan->rk, 0, scan->topic, &metadata, timeout_ms);
    if (code)
        return kafka_failed(scan, code, err);
    const rd_kafka_metadata_topic_t *found = metadata->topic_cnt == 1 ? &metadata->topics[0] : NULL;
    bool fine = false;
    if (!found || found->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        error_set(err, ERROR_INPUT, "there is no topic %s", rd_kafka_topic_name(scan->topic));
    else if (found->err)
        error_set(err, ERROR_KAFKA, "topic %s: %s", found->topic, rd_kafka_err2str(found->err));
    else
        fine = true;
    scan->count = fine ? found->partition_cnt : 0;
    rd_kafka_metadata_destroy(metadata);
    return fine;
}

/* The first offset that is not older; the end where all are. */
static bool offset_since(struct scan *scan, int32_t id, int64_t unix_ms, int timeout_ms,
                         struct scan_range *range, struct error *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *asked =
        rd_kafka_topic_partition_list_add(list, rd_kafka_topic_name(scan->topic), id);
    asked->offset = unix_ms < 0 ? 0 : unix_ms;
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(scan->rk, list, timeout_ms);
    if (!code)
        code = asked->err;
    if (!code)
        range->begin = asked->offset >= 0 ? asked->offset : range->end;
    rd_kafka_topic_partition_list_destroy(list);
    return !code || kafka_failed(scan, code, err);
}

static bool choose_range(struct scan *scan, int32_t id, const struct scan_options *options,
                         int timeout_ms, struct error *err)
{
    struct scan_range range = {0};
    rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(
        scan->rk, rd_kafka_topic_name(scan->topic), id, &range.begin, &range.end, timeout_ms);
    if (code)
        return kafka_failed(scan, code, err);
    if (options->last > 0 && range.end - range.begin > options->last)
        range.begin = range.end - options->last;
    if (options->since && !offset_since(scan, id, options->since_unix_ms, timeout_ms, &range, err))
        return false;
    if (options->choose)
        options->choose(options->context, id, &range);
    struct scan_partition *partition = &scan->partitions[id];
    partition->first = partition->next = range.begin;
    partition->end = range.end;
    return true;
}

static bool start_partition(struct scan *scan, int32_t id, struct error *err)
{
    struct scan_partition *partition = &scan->partitions[id];
    if (partition->next >= partition->end && scan->bounded)
        return true;
    if (rd_kafka_consume_start_queue(scan->topic, id, partition->first, scan->queue) != 0)
        return kafka_failed(scan, rd_kafka_last_error(), err);
    partition->started = true;
    scan->open++;
    return true;
}

/* librdkafka's queue of a partition may hold queued.max.messages.kbytes: however many partitions
 * there are, what has an end is read a few of them at a time. */
static bool start_more(struct scan *scan, struct error *err)
{
    while (scan->begun < scan->count && (!scan->bounded || scan->open < OPEN_MOST))
        if (!start_partition(scan, scan->begun++, err))
            return false;
    return true;
}

static bool start_all(struct scan *scan, const struct scan_options *options, int timeout_ms,
                      struct error *err)
{
    scan->bounded = options->bounded;
    scan->partitions = calloc((size_t)scan->count + 1, sizeof *scan->partitions);
    if (!scan->partitions)
        return error_set(err, ERROR_MEMORY, "no memory for %d partitions", (int)scan->count);
    for (int32_t id = 0; id < scan->count; id++) {
        if (!choose_range(scan, id, options, timeout_ms, err))
            return false;
        scan->unfinished += scan->partitions[id].next < scan->partitions[id].end;
    }
    scan->heard_ms = clock_now_ms();
    return start_more(scan, err);
}

struct scan *scan_open(const struct named_texts *properties, const char *topic,
                       const struct scan_options *options, int timeout_ms, struct error *err)
{
    struct scan *scan = calloc(1, sizeof *scan);
    if (!scan) {
        error_set(err, ERROR_MEMORY, "no memory to read a topic");
        return NULL;
    }
    if (create_client(scan, properties, topic, err) && count_partitions(scan, timeout_ms, err) &&
        start_all(scan, options, timeout_ms, err))
        return scan;
    scan_close(scan);
    return NULL;
}

void scan_close(struct scan *scan)
{
    if (!scan)
        return;
    if (scan->message)
        rd_kafka_message_destroy(scan->message);
    for (int32_t id = 0; scan->partitions && id < scan->count; id++)
        if (scan->partitions[id].started)
            rd_kafka_consume_stop(scan->topic, id);
    if (scan->queue)
        rd_kafka_queue_destroy(scan->queue);
    if (scan->topic)
        rd_kafka_topic_destroy(scan->topic);
    if (scan->rk)
        rd_kafka_destroy(scan->rk);
    free(scan->headers);
    free(scan->partitions);
    free(scan);
}

/* What is awaited is now `next`. Counts the partition as finished when that passes its end. */
static void move_on(struct scan *scan, int32_t id, int64_t next)
{
    struct scan_partition *partition = &scan->partitions[id];
    bool before = partition->next < partition->end;
    if (next > partition->next)
        partition->next = next;
    if (!before || partition->next < partition->end)
        return;
    scan->unfinished--;
    if (scan->bounded && partition->started) {
        rd_kafka_consume_stop(scan->topic, id);
        partition->started = false;
        scan->open--;
    }
}

static struct slice bytes_of(const void *data, size_t size)
{
    return data ? (struct slice){data, size} : SLICE_NONE;
}

static enum scan_step give_record(struct scan *scan, struct scan_record *record)
{
    const rd_kafka_message_t *message = scan->message;
    bool behind = message->offset >= scan->partitions[message->partition].end;
    move_on(scan, message->partition, message->offset + 1);
    if (behind && scan->bounded)
        return SCAN_QUIET;
    *record = (struct scan_record){
        .partition = message->partition,
        .offset = message->offset,
        .timestamp_ms = rd_kafka_message_timestamp(message, NULL),
        .key = bytes_of(message->key, message->key_len),
        .value = bytes_of(message->payload, message->len),
    };
    return SCAN_RECORD;
}

static bool may_mend(rd_kafka_resp_err_t code)
{
    return code != RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED &&
           code != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART &&
           code != RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC && code != RD_KAFKA_RESP_ERR__FATAL;
}

/* Not a record: an end, which also tells of gaps that transactions and compaction leave, or an
 * error, which librdkafka goes on from by itself where it can. */
static enum scan_step take_event(struct scan *scan, struct error *err)
{
    const rd_kafka_message_t *message = scan->message;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        move_on(scan, message->partition, message->offset);
        return SCAN_QUIET;
    }
    note_trouble(scan->rk, message->err, rd_kafka_message_errstr(message), scan);
    if (may_mend(message->err))
        return SCAN_QUIET;
    kafka_failed(scan, message->err, err);
    return SCAN_FAILED;
}

static enum scan_step when_nothing_came(struct scan *scan, struct error *err)
{
    if (scan->end_told || clock_now_ms() - scan->heard_ms < SILENCE_MS)
        return SCAN_QUIET;
    kafka_failed(scan, RD_KAFKA_RESP_ERR__TIMED_OUT, err);
    return SCAN_FAILED;
}

enum scan_step scan_next(struct scan *scan, int timeout_ms, struct scan_record *record,
                         struct error *err)
{
    if (scan->message)
        rd_kafka_message_destroy(scan->message);
    scan->message = NULL;
    if (scan->unfinished == 0 && !scan->end_told) {
        scan->end_told = true;
        return SCAN_END;
    }
    if (!start_more(scan, err))
        return SCAN_FAILED;
    rd_kafka_poll(scan->rk, 0);
    scan->message = rd_kafka_consume_queue(scan->queue, timeout_ms);
    if (!scan->message)
        return when_nothing_came(scan, err);
    if (scan->message->err)
        return take_event(scan, err);
    scan->heard_ms = clock_now_ms();
    return give_record(scan, record);
}

bool scan_headers(struct scan *scan, const struct record_header **headers, size_t *count)
{
    rd_kafka_headers_t *list = NULL;
    *count = 0;
    if (!scan->message ||
        rd_kafka_message_headers(scan->message, &list) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return true; /* it has none */
    size_t needed = rd_kafka_header_cnt(list);
    if (needed > scan->header_capacity) {
        struct record_header *room = realloc(scan->headers, needed * sizeof *room);
        if (!room)
            return false;
        scan->headers = room;
        scan->header_capacity = needed;
    }
    const char *name = NULL;
    const void *value = NULL;
    size_t size = 0;
    while (*count < needed && !rd_kafka_header_get_all(list, *count, &name, &value, &size))
        scan->headers[(*count)++] = (struct record_header){slice_of(name), {value, size}};
    *headers = scan->headers;
    return true;
}

const char *scan_topic(const struct scan *scan)
{
    return rd_kafka_topic_name(scan->topic);
}

void scan_progress(const struct scan *scan, int64_t *done, int64_t *total)
{
    *done = *total = 0;
    for (int32_t id = 0; id < scan->count; id++) {
        const struct scan_partition *partition = &scan->partitions[id];
        int64_t next = partition->next < partition->end ? partition->next : partition->end;
        *done += next - partition->first;
        *total += partition->end - partition->first;
    }
}
