/* The happy path: a producer as the recorder's, the topic is there, each letter is produced with
 * the headers it was published with and an envelope, and its report counted.
 * What can fail: Kafka (a letter's report comes after STORE_MS at the latest), a record too large
 * for the topic (that one only; but in order nothing is stored behind it). Nothing is taken away
 * from the dead letters, so that whatever was not stored can be replayed again. */
#include "inspect/replay.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "kafka/client.h"
#include "settle/retry.h"
#include "settle/topic.h"

#define ASK_MS    5000
#define STORE_MS  "30000"
#define FINISH_MS 35000
#define ROOM_MS   100 /* how long to wait for room in librdkafka's queue at a time */

struct replay {
    const struct settings *settings;
    const struct replay_hooks *hooks;
    struct retry_topics *topics;
    int64_t number; /* of this replay: later ones have higher ones */
    bool in_order;
    bool failed; /* one of those in order */
    rd_kafka_t *rk;
    rd_kafka_topic_t *topic;
    uint64_t stored;
    uint64_t under_way;
    char trouble[256]; /* the last thing librdkafka complained about */
};

/* Which letter a report is of. */
struct handed {
    int32_t partition;
    int64_t place;
    bool release; /* it is no letter */
};

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    (void)rk;
    struct replay *replay = opaque;
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || !replay->trouble[0])
        snprintf(replay->trouble, sizeof replay->trouble, "%s", reason);
}

static void fail(struct replay *replay, const struct handed *handed, rd_kafka_resp_err_t code)
{
    replay->failed = replay->failed || replay->in_order;
    if (!handed->release)
        replay->hooks->failed(replay->hooks->context, handed->partition, handed->place,
                              rd_kafka_err2str(code));
}

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    (void)rk;
    struct replay *replay = opaque;
    struct handed *handed = message->_private;
    replay->under_way--;
    if (!message->err)
        replay->stored += !handed->release;
    else
        fail(replay, handed, message->err);
    free(handed);
}

static bool kafka_failed(struct replay *replay, struct error *err)
{
    const struct error said = *err;
    if (!replay->trouble[0])
        return false;
    return error_set(err, said.kind, "%s (%s)", said.text, replay->trouble);
}

/* In order nothing may be stored behind what was not, and all of a key, an empty one too, go to one
 * partition. */
static bool open_producer(struct replay *replay, struct error *err)
{
    const struct client_property own[] = {
        {"acks", "all", false},
        {"enable.idempotence", "true", false},
        {"enable.gapless.guarantee", replay->in_order ? "true" : "false", false},
        {"partitioner", "consistent", !replay->in_order},
        {"message.timeout.ms", STORE_MS, false},
        {"message.max.bytes", "100000000", true},
        {"linger.ms", "5", true},
        {"client.id", "grapnel-replay", true},
        {0},
    };
    rd_kafka_conf_t *conf = client_conf(&replay->settings->kafka, own, err);
    if (!conf)
        return false;
    rd_kafka_conf_set_opaque(conf, replay);
    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    rd_kafka_conf_set_error_cb(conf, on_error);
    replay->rk = client_create(RD_KAFKA_PRODUCER, conf, err);
    return replay->rk != NULL;
}

static bool open_topic(struct replay *replay, struct error *err)
{
    const struct topic_wanted wanted =
        topic_as_configured(replay->settings, replay_topic(replay), true);
    if (!topic_ensure(replay->rk, &wanted, replay->settings->topics.create, ASK_MS, err)) {
        rd_kafka_poll(replay->rk, 0);
        return kafka_failed(replay, err);
    }
    replay->topic = rd_kafka_topic_new(replay->rk, wanted.name, NULL);
    return replay->topic != NULL ||
           error_set(err, ERROR_INPUT, "'%s' can't be the name of a topic", wanted.name);
}

struct replay *replay_open(const struct settings *settings, int64_t number,
                           const struct replay_hooks *hooks, struct error *err)
{
    struct replay *replay = calloc(1, sizeof *replay);
    if (!replay) {
        error_set(err, ERROR_MEMORY, "no memory for a replay");
        return NULL;
    }
    replay->settings = settings;
    replay->hooks = hooks;
    replay->number = number;
    replay->topics = retry_topics_create(settings, NULL);
    if (!replay->topics)
        error_set(err, ERROR_MEMORY, "no memory for a replay");
    else if (replay->topics->count == 0)
        error_set(err, ERROR_INPUT, "there is no subscription to replay for");
    else if (open_producer(replay, err) && open_topic(replay, err))
        return replay;
    replay_close(replay);
    return NULL;
}

static void close_producer(struct replay *replay)
{
    if (replay->rk)
        rd_kafka_purge(replay->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    while (replay->rk && replay->under_way > 0)
        rd_kafka_poll(replay->rk, ROOM_MS); /* each purged one is reported */
    if (replay->topic)
        rd_kafka_topic_destroy(replay->topic);
    if (replay->rk)
        rd_kafka_destroy(replay->rk);
    replay->topic = NULL;
    replay->rk = NULL;
}

void replay_close(struct replay *replay)
{
    if (!replay)
        return;
    close_producer(replay);
    retry_topics_destroy(replay->topics);
    free(replay);
}

const char *replay_topic(const struct replay *replay)
{
    return replay->topics->items[retry_topic_for(replay->topics, 0)].name;
}

char *replay_topic_name(const struct settings *settings)
{
    struct retry_topics *topics = retry_topics_create(settings, NULL);
    bool any = topics && topics->count > 0;
    char *name = any ? strdup(topics->items[retry_topic_for(topics, 0)].name) : NULL;
    retry_topics_destroy(topics);
    return name;
}

bool replay_allows(const struct settings *settings, const struct letter *letter, struct error *err)
{
    if (settings_find(settings, letter->subscription))
        return true;
    return error_set(err, ERROR_INPUT, "there is no subscription '%.*s' in the configuration",
                     SLICE_ARGS(letter->subscription));
}

/* Those in order are due whatever the time is where they are taken: that they wait would be to
 * wait by the clock, and not in their order. */
static rd_kafka_headers_t *make_headers(const struct replay *replay, const struct letter *letter,
                                        enum envelope_kind kind)
{
    bool release = kind == ENVELOPE_RELEASE;
    const struct record record = {.headers = letter->published,
                                  .header_count = release ? 0 : letter->published_count};
    const struct envelope envelope = {
        .subscription = letter->subscription,
        .due_unix_ms = replay->in_order ? 0 : clock_unix_ms(),
        .first_attempt_unix_ms = -1,
        .topic = letter->topic,
        .partition = letter->partition,
        .offset = letter->offset,
        .timestamp_ms = letter->timestamp_ms,
        .replay = replay->number,
        .kind = kind,
    };
    return retry_headers(&record, &envelope);
}

/* librdkafka takes the headers if it takes the message, and copies key and value. */
static rd_kafka_resp_err_t produce(struct replay *replay, const struct dead_letter *letter,
                                   struct handed *handed, rd_kafka_headers_t *headers)
{
    struct slice value = handed->release ? SLICE_NONE : letter->value;
    rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = replay->topic},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_KEY,
         .u.mem = {(void *)(uintptr_t)letter->key.data, letter->key.size}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)(uintptr_t)value.data, value.size}},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = handed},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
    };
    rd_kafka_error_t *error = rd_kafka_produceva(replay->rk, parts, COUNT_OF(parts));
    if (!error)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    return code;
}

/* Behind one that is refused nothing is waited for, as Kafka would be until it is too late. */
static bool flush(struct replay *replay)
{
    int64_t until_ms = clock_now_ms() + FINISH_MS;
    while (replay->rk && replay->under_way > 0 && clock_now_ms() < until_ms) {
        rd_kafka_poll(replay->rk, ROOM_MS);
        if (replay->failed)
            rd_kafka_purge(replay->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    }
    return replay->under_way == 0;
}

static bool fail_in_order(struct error *err)
{
    return error_set(err, ERROR_KAFKA,
                     "Kafka did not take all that is kept in order, and nothing behind it");
}

/* One before it may have been refused already, which its report says. */
static bool refuse(struct replay *replay, const struct dead_letter *letter,
                   rd_kafka_resp_err_t code, struct error *err)
{
    const struct handed handed = {letter->partition, letter->place, false};
    if (code == RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE) {
        replay->failed = true;
        flush(replay);
        return fail_in_order(err);
    }
    if (code != RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || replay->in_order)
        return error_set(err, ERROR_KAFKA, "dead letter %d:%lld can't be produced: %s",
                         (int)letter->partition, (long long)letter->place, rd_kafka_err2str(code));
    fail(replay, &handed, code);
    return true;
}

bool replay_hand_over(struct replay *replay, const struct dead_letter *letter,
                      enum envelope_kind kind, struct error *err)
{
    struct handed *handed = malloc(sizeof *handed);
    rd_kafka_headers_t *headers = make_headers(replay, &letter->letter, kind);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__QUEUE_FULL;
    if (!handed || !headers) {
        free(handed);
        if (headers)
            rd_kafka_headers_destroy(headers);
        return error_set(err, ERROR_MEMORY, "no memory for a dead letter");
    }
    *handed = (struct handed){letter->partition, letter->place, kind == ENVELOPE_RELEASE};
    rd_kafka_poll(replay->rk, 0);
    while ((code = produce(replay, letter, handed, headers)) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
        rd_kafka_poll(replay->rk, ROOM_MS);
    if (!code) {
        replay->under_way++; /* NOLINT(clang-analyzer-unix.Malloc): its report frees `handed` */
        return true;
    }
    free(handed);
    rd_kafka_headers_destroy(headers);
    return refuse(replay, letter, code, err);
}

bool replay_in_order(struct replay *replay, struct error *err)
{
    if (replay->in_order)
        return true;
    if (!replay_finish(replay, err))
        return false;
    close_producer(replay);
    replay->in_order = true;
    return open_producer(replay, err) && open_topic(replay, err);
}

bool replay_finish(struct replay *replay, struct error *err)
{
    if (!flush(replay)) {
        error_set(err, ERROR_KAFKA, "Kafka does not answer");
        return kafka_failed(replay, err);
    }
    return !replay->failed || fail_in_order(err);
}

uint64_t replay_stored(const struct replay *replay)
{
    return replay->stored;
}
