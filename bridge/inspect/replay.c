/* The happy path: a producer as the recorder's, the topic is there, each letter is produced with
 * the headers it was published with and an envelope, and its report counted.
 * What can fail: Kafka (a letter's report comes after STORE_MS at the latest), a record too large
 * for the topic (that one only). Nothing is taken away from the dead letters, so that whatever was
 * not stored can be replayed again. */
#include "inspect/replay.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "consume/envelope.h"
#include "inspect/parked.h"
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
    enum replay_reach reach;
    int64_t number; /* of this replay: later ones have higher ones */
    struct parked_letters parked;
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

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    (void)rk;
    struct replay *replay = opaque;
    struct handed *handed = message->_private;
    replay->under_way--;
    if (!message->err)
        replay->stored += !handed->release;
    else
        replay->hooks->failed(replay->hooks->context, handed->partition, handed->place,
                              rd_kafka_err2str(message->err));
    free(handed);
}

static bool kafka_failed(struct replay *replay, struct error *err)
{
    const struct error said = *err;
    if (!replay->trouble[0])
        return false;
    return error_set(err, said.kind, "%s (%s)", said.text, replay->trouble);
}

static bool open_producer(struct replay *replay, struct error *err)
{
    static const struct client_property own[] = {
        {"acks", "all", false},
        {"enable.idempotence", "true", false},
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

struct replay *replay_open(const struct settings *settings, enum replay_reach reach,
                           const struct replay_hooks *hooks, struct error *err)
{
    struct replay *replay = calloc(1, sizeof *replay);
    if (!replay) {
        error_set(err, ERROR_MEMORY, "no memory for a replay");
        return NULL;
    }
    replay->settings = settings;
    replay->hooks = hooks;
    replay->reach = reach;
    replay->number = clock_unix_ms();
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

void replay_close(struct replay *replay)
{
    if (!replay)
        return;
    if (replay->rk)
        rd_kafka_purge(replay->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    while (replay->rk && replay->under_way > 0)
        rd_kafka_poll(replay->rk, ROOM_MS); /* each purged one is reported */
    if (replay->topic)
        rd_kafka_topic_destroy(replay->topic);
    if (replay->rk)
        rd_kafka_destroy(replay->rk);
    retry_topics_destroy(replay->topics);
    parked_finish(&replay->parked);
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

static const struct subscription *find(const struct settings *settings, struct slice name)
{
    for (size_t i = 0; i < settings->subscription_count; i++)
        if (slice_is(name, settings->subscriptions[i].name))
            return &settings->subscriptions[i];
    return NULL;
}

bool replay_allows(const struct settings *settings, const struct letter *letter, struct error *err)
{
    if (find(settings, letter->subscription))
        return true;
    return error_set(err, ERROR_INPUT, "there is no subscription '%.*s' in the configuration",
                     SLICE_ARGS(letter->subscription));
}

/* `release`: none of the letter's own. */
static rd_kafka_headers_t *make_headers(const struct replay *replay, const struct letter *letter,
                                        bool release)
{
    const struct record record = {.headers = letter->published,
                                  .header_count = release ? 0 : letter->published_count};
    const struct envelope envelope = {
        .subscription = letter->subscription,
        .due_unix_ms = clock_unix_ms(),
        .first_attempt_unix_ms = -1,
        .topic = letter->topic,
        .partition = letter->partition,
        .offset = letter->offset,
        .timestamp_ms = letter->timestamp_ms,
        .replay = replay->number,
        .release = release,
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

static bool refuse(struct replay *replay, const struct dead_letter *letter,
                   rd_kafka_resp_err_t code, struct error *err)
{
    if (code != RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
        return error_set(err, ERROR_KAFKA, "dead letter %d:%lld can't be produced: %s",
                         (int)letter->partition, (long long)letter->place, rd_kafka_err2str(code));
    replay->hooks->failed(replay->hooks->context, letter->partition, letter->place,
                          rd_kafka_err2str(code));
    return true;
}

/* `release`: no letter, but word that all up to this one of its key has been handed over. */
static bool hand_over(struct replay *replay, const struct dead_letter *letter, bool release,
                      struct error *err)
{
    struct handed *handed = malloc(sizeof *handed);
    rd_kafka_headers_t *headers = make_headers(replay, &letter->letter, release);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__QUEUE_FULL;
    if (!handed || !headers) {
        free(handed);
        if (headers)
            rd_kafka_headers_destroy(headers);
        return error_set(err, ERROR_MEMORY, "no memory for a dead letter");
    }
    *handed = (struct handed){letter->partition, letter->place, release};
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

static bool is_kept(const struct replay *replay, const struct dead_letter *letter)
{
    const struct subscription *sub = find(replay->settings, letter->letter.subscription);
    return sub && sub->delivery.ordered && sub->delivery.exhausted == EXHAUSTED_PARK &&
           letter->key.data;
}

bool replay_hand_over(struct replay *replay, const struct dead_letter *letter, struct error *err)
{
    if (!is_kept(replay, letter))
        return hand_over(replay, letter, false, err);
    return parked_add(&replay->parked, letter) ||
           error_set(err, ERROR_MEMORY, "no memory for a dead letter");
}

/* The first letter of a key that is parked says why; those behind it, that it is. */
static bool may_release(const struct replay *replay, const struct dead_letter *first)
{
    bool begins = !slice_is(first->letter.reason, error_name(ERROR_PARKED));
    return replay->reach == REPLAY_ALL || (replay->reach == REPLAY_SINCE && begins);
}

static bool hand_over_kept(struct replay *replay, struct error *err)
{
    const struct parked_letters *parked = &replay->parked;
    const struct dead_letter *first = NULL; /* of this key */
    bool fine = true;
    parked_sort(&replay->parked);
    for (size_t i = 0; fine && i < parked->count; i++) {
        const struct dead_letter *letter = &parked->items[i].letter;
        bool last = parked_is_last(parked, i);
        first = first ? first : letter;
        fine = hand_over(replay, letter, false, err);
        if (fine && last && may_release(replay, first))
            fine = hand_over(replay, letter, true, err);
        if (last)
            first = NULL;
    }
    return fine;
}

bool replay_finish(struct replay *replay, struct error *err)
{
    if (!hand_over_kept(replay, err))
        return false;
    if (!rd_kafka_flush(replay->rk, FINISH_MS))
        return true;
    error_set(err, ERROR_KAFKA, "Kafka does not answer");
    return kafka_failed(replay, err);
}

uint64_t replay_stored(const struct replay *replay)
{
    return replay->stored;
}
