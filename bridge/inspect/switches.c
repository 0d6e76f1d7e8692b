#include "inspect/switches.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <librdkafka/rdkafka.h>

#include "base/clock.h"
#include "base/map.h"
#include "inspect/scan.h"
#include "kafka/client.h"
#include "settle/topic.h"

#define ASK_MS    5000
#define POLL_MS   200
#define STORE_MS  "10000"
#define FINISH_MS 12000

/* ── reading ─────────────────────────────────────────────────────────────── */

/* The last that is said of one thing: compaction may not have come by yet. */
struct said {
    struct map_node node;
    struct state state; /* its slices are not valid any more */
    struct switch_state *about;
    char reason[32];
    char url[STATE_DIGEST_BYTES];
    char key[];
};

struct reading {
    struct switch_state *states;
    size_t count;
    struct map said;
    struct state_reader reader;
};

static struct switch_state *find(const struct reading *reading, struct slice name)
{
    for (size_t i = 0; i < reading->count; i++)
        if (slice_is(name, reading->states[i].sub->name))
            return &reading->states[i];
    return NULL;
}

static struct said *get(struct reading *reading, struct slice key)
{
    struct map_node *node = map_find(&reading->said, key);
    if (node)
        return CONTAINER_OF(node, struct said, node);
    struct said *said = calloc(1, sizeof *said + key.size);
    if (!said)
        return NULL;
    memcpy(said->key, key.data, key.size);
    if (map_add(&reading->said, &said->node, (struct slice){said->key, key.size}))
        return said;
    free(said);
    return NULL;
}

static bool take(struct reading *reading, const struct scan_record *record)
{
    struct state state;
    if (!state_read(&reading->reader, record->key, record->value, &state, NULL))
        return true; /* garbage is the service's to complain about */
    struct switch_state *about = find(reading, state.subscription);
    if (!about)
        return true;
    struct said *said = get(reading, record->key);
    if (!said)
        return false;
    said->state = state;
    said->about = about;
    snprintf(said->reason, sizeof said->reason, "%.*s", SLICE_ARGS(state.reason));
    snprintf(said->url, sizeof said->url, "%.*s", SLICE_ARGS(state.url));
    return true;
}

static void sum_up(const struct said *said)
{
    struct switch_state *about = said->about;
    char url[STATE_DIGEST_BYTES];
    if (said->state.kind == STATE_PARKED)
        about->parked_keys++;
    if (said->state.kind != STATE_DISABLED && said->state.kind != STATE_ENABLED)
        return;
    state_digest(text_slice(&about->sub->request.url), url);
    about->disabled = said->state.kind == STATE_DISABLED && strcmp(url, said->url) == 0;
    about->unix_ms = said->state.unix_ms;
    if (about->disabled)
        memcpy(about->reason, said->reason, sizeof about->reason);
}

static bool read_all(struct reading *reading, struct scan *scan, struct error *err)
{
    struct scan_record record;
    for (;;) {
        switch (scan_next(scan, POLL_MS, &record, err)) {
        case SCAN_RECORD:
            if (!take(reading, &record))
                return error_set(err, ERROR_MEMORY, "no memory for what is remembered");
            break;
        case SCAN_QUIET:
            break;
        case SCAN_END:
            return true;
        case SCAN_FAILED:
            return false;
        }
    }
}

static void finish(struct reading *reading)
{
    struct map_node *next = NULL;
    for (struct map_node *node = map_first(&reading->said); node; node = next) {
        next = map_next(&reading->said, node);
        sum_up(CONTAINER_OF(node, struct said, node));
        free(CONTAINER_OF(node, struct said, node));
    }
    map_finish(&reading->said);
    state_reader_finish(&reading->reader);
}

struct switch_state *switches_read(const struct settings *settings, struct error *err)
{
    const struct scan_options options = {.bounded = true};
    struct reading reading = {.count = settings->subscription_count};
    struct siphash_seed seed = {0};
    (void)!getrandom(&seed, sizeof seed, 0);
    map_init(&reading.said, seed);
    reading.states = calloc(reading.count + 1, sizeof *reading.states);
    if (!reading.states) {
        error_set(err, ERROR_MEMORY, "no memory for what is remembered");
        return NULL;
    }
    for (size_t i = 0; i < reading.count; i++)
        reading.states[i].sub = &settings->subscriptions[i];
    struct scan *scan =
        scan_open(&settings->kafka, settings->topics.state.data, &options, ASK_MS, err);
    bool fine = scan ? read_all(&reading, scan, err) : err->kind == ERROR_INPUT; /* no topic yet */
    scan_close(scan);
    finish(&reading);
    if (fine)
        return reading.states;
    free(reading.states);
    return NULL;
}

/* ── writing ─────────────────────────────────────────────────────────────── */

struct writing {
    char trouble[256]; /* the last thing librdkafka complained about */
    size_t stored;
};

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    (void)rk;
    struct writing *writing = opaque;
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || !writing->trouble[0])
        snprintf(writing->trouble, sizeof writing->trouble, "%s", reason);
}

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    (void)rk;
    struct writing *writing = opaque;
    if (message->err)
        snprintf(writing->trouble, sizeof writing->trouble, "%s", rd_kafka_err2str(message->err));
    else
        writing->stored++;
}

static rd_kafka_t *open_producer(const struct settings *settings, struct writing *writing,
                                 struct error *err)
{
    static const struct client_property own[] = {
        {"acks", "all", false},
        {"enable.idempotence", "true", false},
        {"message.timeout.ms", STORE_MS, false},
        {"client.id", "grapnel", true},
        {0},
    };
    rd_kafka_conf_t *conf = client_conf(&settings->kafka, own, err);
    if (!conf)
        return NULL;
    rd_kafka_conf_set_opaque(conf, writing);
    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    rd_kafka_conf_set_error_cb(conf, on_error);
    return client_create(RD_KAFKA_PRODUCER, conf, err);
}

static void produce(rd_kafka_t *rk, const char *topic, const struct subscription *sub,
                    bool disabled)
{
    char url[STATE_DIGEST_BYTES];
    struct buffer key = {0};
    struct buffer value = {0};
    state_digest(text_slice(&sub->request.url), url);
    const struct state state = {
        .kind = disabled ? STATE_DISABLED : STATE_ENABLED,
        .subscription = slice_of(sub->name),
        .reason = SLICE("person"),
        .url = slice_of(url),
        .unix_ms = clock_unix_ms(),
    };
    state_write(&state, &key, &value);
    rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                      RD_KAFKA_V_KEY(key.data, key.size), RD_KAFKA_V_VALUE(value.data, value.size),
                      RD_KAFKA_V_END);
    buffer_finish(&key);
    buffer_finish(&value);
}

bool switches_set(const struct settings *settings, const size_t *places, size_t count,
                  bool disabled, struct error *err)
{
    struct writing writing = {0};
    const struct topic_wanted wanted = topic_of_state(settings);
    rd_kafka_t *rk = open_producer(settings, &writing, err);
    if (!rk)
        return false;
    bool fine = topic_ensure(rk, &wanted, settings->topics.create, ASK_MS, err);
    for (size_t i = 0; fine && i < count; i++)
        produce(rk, wanted.name, &settings->subscriptions[places[i]], disabled);
    if (fine)
        rd_kafka_flush(rk, FINISH_MS);
    rd_kafka_poll(rk, 0);
    if (fine && writing.stored < count)
        fine = error_set(err, ERROR_KAFKA, "Kafka did not store it");
    if (!fine && writing.trouble[0]) {
        const struct error said = *err;
        error_set(err, said.kind, "%s (%s)", said.text, writing.trouble);
    }
    rd_kafka_destroy(rk);
    return fine;
}
