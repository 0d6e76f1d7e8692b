#include "kafka/follow.h"

#include <stdlib.h>
#include <string.h>
#include <librdkafka/rdkafka.h>

#include "base/clock.h"
#include "base/log.h"
#include "kafka/client.h"
#include "kafka/wake.h"

#define ASK_MS   500
#define AGAIN_MS 1000
#define TURN     1000 /* records, so that the loop's other business does not wait */

struct followed {
    bool started;
    int64_t next; /* the offset that comes next */
    int64_t end;  /* what must be read before all has been caught up with */
};

struct follow {
    struct loop *loop;
    struct follow_hooks hooks;
    rd_kafka_t *rk;
    rd_kafka_topic_t *topic;
    rd_kafka_queue_t *queue;
    struct loop_io io;
    struct loop_timer again;
    struct followed *partitions;
    int32_t count;
    bool wanted; /* to be told when all is caught up with, … */
    bool asked;  /* … and the ends are known */
    struct log_gate gate;
};

static void trouble(struct follow *follow, rd_kafka_resp_err_t code)
{
    uint64_t held_back = 0;
    if (log_gate_open(&follow->gate, clock_now_ms(), &held_back))
        log_warn("a topic can't be read; trying again",
                 STR("topic", rd_kafka_topic_name(follow->topic)),
                 STR("error", rd_kafka_err2str(code)));
}

/* ── which partitions, and how far ───────────────────────────────────────── */

static rd_kafka_resp_err_t count_partitions(struct follow *follow, int32_t *count)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(follow->rk, 0, follow->topic, &metadata, ASK_MS);
    if (code)
        return code;
    code = metadata->topic_cnt == 1 ? metadata->topics[0].err
                                    : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    *count = code ? 0 : metadata->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    return code;
}

static rd_kafka_resp_err_t find_partitions(struct follow *follow)
{
    int32_t count = 0;
    rd_kafka_resp_err_t code = count_partitions(follow, &count);
    if (code || count <= follow->count)
        return code;
    struct followed *partitions = realloc(follow->partitions, (size_t)count * sizeof *partitions);
    if (!partitions)
        return RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE;
    memset(partitions + follow->count, 0, (size_t)(count - follow->count) * sizeof *partitions);
    follow->partitions = partitions;
    follow->count = count;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t start_partitions(struct follow *follow)
{
    for (int32_t i = 0; i < follow->count; i++) {
        if (follow->partitions[i].started)
            continue;
        if (rd_kafka_consume_start_queue(follow->topic, i, RD_KAFKA_OFFSET_BEGINNING,
                                         follow->queue) < 0)
            return rd_kafka_last_error();
        follow->partitions[i].started = true;
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t ask_ends(struct follow *follow)
{
    for (int32_t i = 0; i < follow->count; i++) {
        int64_t low = 0;
        rd_kafka_resp_err_t code =
            rd_kafka_query_watermark_offsets(follow->rk, rd_kafka_topic_name(follow->topic), i,
                                             &low, &follow->partitions[i].end, ASK_MS);
        if (code)
            return code;
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void tell_if_caught_up(struct follow *follow)
{
    if (!follow->wanted || !follow->asked)
        return;
    for (int32_t i = 0; i < follow->count; i++)
        if (follow->partitions[i].next < follow->partitions[i].end)
            return;
    follow->wanted = false;
    follow->hooks.caught_up(follow->hooks.context);
}

static void ask(struct loop_timer *timer)
{
    struct follow *follow = CONTAINER_OF(timer, struct follow, again);
    rd_kafka_resp_err_t code = find_partitions(follow);
    if (!code)
        code = start_partitions(follow);
    if (!code)
        code = ask_ends(follow);
    follow->asked = !code;
    if (code) {
        trouble(follow, code);
        loop_arm(follow->loop, timer, clock_now_ms() + AGAIN_MS);
    }
    tell_if_caught_up(follow);
}

void follow_catch_up(struct follow *follow)
{
    follow->wanted = true;
    follow->asked = false;
    loop_arm(follow->loop, &follow->again, 0);
}

/* ── records ─────────────────────────────────────────────────────────────── */

static void take(struct follow *follow, const rd_kafka_message_t *message)
{
    struct followed *partition =
        message->partition < follow->count ? &follow->partitions[message->partition] : NULL;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        if (partition && message->offset > partition->next)
            partition->next = message->offset; /* what was behind it has been compacted away */
        return;
    }
    if (message->err) {
        trouble(follow, message->err);
        return;
    }
    if (partition)
        partition->next = message->offset + 1;
    follow->hooks.record(follow->hooks.context,
                         (struct slice){message->key, message->key ? message->key_len : 0},
                         (struct slice){message->payload, message->payload ? message->len : 0});
}

static void on_ready(struct loop_io *io, uint32_t events)
{
    (void)events;
    struct follow *follow = CONTAINER_OF(io, struct follow, io);
    wake_heard(io);
    int taken = 0;
    for (; taken < TURN; taken++) {
        rd_kafka_message_t *message = rd_kafka_consume_queue(follow->queue, 0);
        if (!message)
            break;
        take(follow, message);
        rd_kafka_message_destroy(message);
    }
    if (taken == TURN)
        wake_again(io); /* there is more, of which nobody will tell */
    tell_if_caught_up(follow);
}

/* ── life ────────────────────────────────────────────────────────────────── */

static bool open_topic(struct follow *follow, const struct named_texts *properties,
                       const char *topic, struct error *err)
{
    static const struct client_property own[] = {
        {"enable.auto.commit", "false", false},
        {"enable.partition.eof", "true", false},
        {"auto.offset.reset", "earliest", false},
        {"allow.auto.create.topics", "false", false},
        {"queued.max.messages.kbytes", "1024", false},
        {"fetch.message.max.bytes", "262144", true},
        {"client.id", "grapnel", true},
        {0},
    };
    rd_kafka_conf_t *conf = client_conf(properties, own, err);
    if (!conf)
        return false;
    follow->rk = client_create(RD_KAFKA_CONSUMER, conf, err);
    if (!follow->rk)
        return false;
    follow->topic = rd_kafka_topic_new(follow->rk, topic, NULL);
    follow->queue = rd_kafka_queue_new(follow->rk);
    if (!follow->topic)
        return error_set(err, ERROR_SYSTEM, "topic %s can't be followed", topic);
    follow->io.ready = on_ready;
    return wake_begin(follow->loop, &follow->io, follow->queue, err);
}

struct follow *follow_create(struct loop *loop, const struct named_texts *properties,
                             const char *topic, const struct follow_hooks *hooks, struct error *err)
{
    struct follow *follow = calloc(1, sizeof *follow);
    if (!follow) {
        error_set(err, ERROR_MEMORY, "no memory to follow topic %s", topic);
        return NULL;
    }
    follow->loop = loop;
    follow->hooks = *hooks;
    follow->io.fd = -1;
    follow->again.fire = ask;
    if (!open_topic(follow, properties, topic, err)) {
        follow_destroy(follow);
        return NULL;
    }
    follow_catch_up(follow);
    return follow;
}

void follow_destroy(struct follow *follow)
{
    if (!follow)
        return;
    loop_disarm(follow->loop, &follow->again);
    wake_end(follow->loop, &follow->io, follow->queue);
    for (int32_t i = 0; i < follow->count; i++)
        if (follow->partitions[i].started)
            rd_kafka_consume_stop(follow->topic, i);
    if (follow->queue)
        rd_kafka_queue_destroy(follow->queue);
    if (follow->topic)
        rd_kafka_topic_destroy(follow->topic);
    if (follow->rk)
        rd_kafka_destroy(follow->rk);
    free(follow->partitions);
    free(follow);
}
