/* The producer: librdkafka's, made when the recorder is, and made anew when it can't go on.
 *
 * What can fail: everything, for good. librdkafka calls an error fatal where an idempotent producer
 * can't keep its promise any more (a broker has forgotten it, the principal may not write at all),
 * and such a producer stores nothing, even when the cause is gone. */
#include "base/clock.h"
#include "kafka/client.h"
#include "kafka/wake.h"
#include "settle/outlet.h"
#include "settle/recorder_private.h"
#include "settle/transaction.h"

#define REOPEN_MS 5000 /* where each one fails, so often */
#define TRUST_MS  1000 /* one that fails at once has failed by then */

void producer_open_topics(struct recorder *recorder, size_t first)
{
    for (size_t i = first; i < recorder->topic_count; i++)
        if (recorder_topic_name(recorder, i))
            recorder->topics[i] =
                rd_kafka_topic_new(recorder->rk, recorder_topic_name(recorder, i), NULL);
}

static void on_ready(struct loop_io *io, uint32_t events)
{
    (void)events;
    struct recorder *recorder = CONTAINER_OF(io, struct recorder, io);
    wake_heard(io);
    rd_kafka_poll(recorder->rk, 0);
}

static rd_kafka_conf_t *producer_conf(const struct recorder *recorder, struct error *err)
{
    static const struct client_property own[] = {
        {"acks", "all", false},
        {"enable.idempotence", "true", false},
        {"message.timeout.ms", "0", false}, /* for ever: what is lost here is lost for good */
        {"message.max.bytes", "100000000", true},
        {"linger.ms", "20", true}, /* nobody waits for a result */
        {"client.id", "grapnel", true},
        {0},
    };
    return recorder->transaction
               ? transaction_conf(recorder->transaction, &recorder->settings->kafka, err)
               : client_conf(&recorder->settings->kafka, own, err);
}

void producer_close(struct recorder *recorder)
{
    for (size_t i = 0; recorder->topics && i < recorder->topic_count; i++) {
        if (recorder->topics[i])
            rd_kafka_topic_destroy(recorder->topics[i]);
        recorder->topics[i] = NULL;
    }
    for (size_t i = 0; recorder->outlets && i < recorder->topic_count; i++)
        outlet_purged_all(&recorder->outlets[i], clock_now_ms());
    wake_end(recorder->loop, &recorder->io, recorder->queue);
    if (recorder->queue)
        rd_kafka_queue_destroy(recorder->queue);
    if (recorder->rk) {
        rd_kafka_purge(recorder->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                         RD_KAFKA_PURGE_F_NON_BLOCKING);
        rd_kafka_destroy(recorder->rk); /* after this no report comes, and no bytes are borrowed */
    }
    recorder->queue = NULL;
    recorder->rk = NULL;
}

bool producer_open(struct recorder *recorder, struct error *err)
{
    rd_kafka_conf_t *conf = producer_conf(recorder, err);
    if (!conf)
        return false;
    rd_kafka_conf_set_opaque(conf, recorder);
    rd_kafka_conf_set_dr_msg_cb(conf, recorder_on_report);
    rd_kafka_conf_set_error_cb(conf, recorder_on_error);
    recorder->rk = client_create(RD_KAFKA_PRODUCER, conf, err);
    if (!recorder->rk)
        return false;
    producer_open_topics(recorder, 0);
    recorder->queue = rd_kafka_queue_get_main(recorder->rk);
    recorder->io.ready = on_ready;
    if (wake_begin(recorder->loop, &recorder->io, recorder->queue, err))
        return true;
    producer_close(recorder);
    return false;
}

/* What it has not reported on may have been stored; it is written again. */
static void write_again(struct recorder *recorder)
{
    list_move_all(&recorder->failed, &recorder->sent);
    recorder_send_again(recorder);
}

static bool has_failed(struct recorder *recorder)
{
    char reason[256] = "";
    if (!recorder->rk || recorder->transaction || recorder->producer_failed)
        return recorder->producer_failed;
    recorder->producer_failed = rd_kafka_fatal_error(recorder->rk, reason, sizeof reason) != 0;
    if (recorder->producer_failed)
        log_error("the producer has failed for good; another one takes its place",
                  STR("error", reason));
    return recorder->producer_failed;
}

bool producer_is_trusted(const struct recorder *recorder, int64_t now_ms)
{
    return recorder->rk && !recorder->producer_failed && now_ms >= recorder->trust_at_ms;
}

bool producer_keep(struct recorder *recorder, int64_t now_ms)
{
    struct error err = {0};
    if (recorder->rk && (!has_failed(recorder) || now_ms < recorder->reopen_at_ms))
        return true;
    if (recorder->rk) {
        producer_close(recorder);
        write_again(recorder);
    }
    recorder->producer_failed = false;
    recorder->reopen_at_ms = now_ms + REOPEN_MS;
    recorder->trust_at_ms = now_ms + TRUST_MS;
    if (!producer_open(recorder, &err))
        log_error("a producer can't be made", STR("error", err.text));
    return recorder->rk;
}
