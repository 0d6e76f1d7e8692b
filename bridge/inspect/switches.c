#include "inspect/switches.h"

#include <stdio.h>
#include <stdlib.h>
#include <librdkafka/rdkafka.h>

#include "base/clock.h"
#include "inspect/parkings.h"
#include "kafka/client.h"
#include "settle/topic.h"

#define ASK_MS    5000
#define STORE_MS  "10000"
#define FINISH_MS 12000

/* ── reading ─────────────────────────────────────────────────────────────── */

struct reading {
    struct switch_state *states;
    size_t count;
    struct parkings parkings;
};

static struct switch_state *find(const struct reading *reading, struct slice name)
{
    for (size_t i = 0; i < reading->count; i++)
        if (slice_is(name, reading->states[i].sub->name))
            return &reading->states[i];
    return NULL;
}

/* The last that is said counts: compaction may not have come by yet. */
static bool take(void *context, const struct state *state)
{
    struct reading *reading = context;
    struct switch_state *about = find(reading, state->subscription);
    char url[STATE_DIGEST_BYTES];
    if (state->key.data)
        return parkings_take(&reading->parkings, state);
    if (!about)
        return true;
    state_digest(text_slice(&about->sub->request.url), url);
    about->disabled = state->kind == STATE_DISABLED && slice_is(state->url, url);
    about->unix_ms = state->unix_ms;
    about->reason[0] = '\0';
    if (about->disabled)
        snprintf(about->reason, sizeof about->reason, "%.*s", SLICE_ARGS(state->reason));
    return true;
}

static void count_parked(struct reading *reading)
{
    const struct parkings *parkings = &reading->parkings;
    struct parked_key *parked = parkings_first(parkings);
    for (; parked; parked = parkings_next(parkings, parked)) {
        struct switch_state *about = find(reading, parked->subscription);
        if (about)
            about->parked_keys++;
    }
}

struct switch_state *switches_read(const struct settings *settings, struct error *err)
{
    struct reading reading = {.count = settings->subscription_count};
    reading.states = calloc(reading.count + 1, sizeof *reading.states);
    if (!reading.states) {
        error_set(err, ERROR_MEMORY, "no memory for what is remembered");
        return NULL;
    }
    for (size_t i = 0; i < reading.count; i++)
        reading.states[i].sub = &settings->subscriptions[i];
    parkings_init(&reading.parkings);
    bool fine = remembered_read(settings, take, &reading, err);
    count_parked(&reading);
    parkings_finish(&reading.parkings);
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
