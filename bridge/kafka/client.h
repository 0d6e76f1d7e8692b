/* librdkafka's handles, made of the user's properties plus what grapnel decides itself. */
#ifndef KAFKA_CLIENT_H
#define KAFKA_CLIENT_H

#include <librdkafka/rdkafka.h>

#include "base/error.h"
#include "config/problems.h"
#include "config/subscription.h"

/* One property that is set after the user's, or (weak) only where the user says nothing. */
struct client_property {
    const char *name;
    const char *value;
    bool weak;
};

/* A configuration with the user's properties, then `own` (ended by a NULL name). Its log lines go
 * to ours. The caller sets callbacks and gives it to client_create, or destroys it. */
rd_kafka_conf_t *client_conf(const struct named_texts *properties,
                             const struct client_property *own, struct error *err);

/* Has librdkafka tell in its log, whatever level is logged, what state its group is in: `noted`
 * (the rd_kafka_t's opaque begins with it) is set while nothing of a rebalance is under way.
 *
 * A commit that meets a rebalance waits on its connection behind the JoinGroup, and comes back as
 * an illegal generation, at which librdkafka 2.0.2 gives up its whole assignment. There is no other
 * way to see a rebalance coming: librdkafka rejoins by itself, and calls back when it is over. */
bool client_note_steady(rd_kafka_conf_t *conf, const struct named_texts *properties,
                        struct error *err);

/* A handle of that configuration, which it takes in any case. NULL and `err` when librdkafka
 * refuses it. Needs no reachable broker. */
rd_kafka_t *client_create(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct error *err);

/* Reports each property that librdkafka doesn't know or whose value it refuses, at its place;
 * a secret value is not repeated. */
void client_check(const struct named_texts *properties, struct problems *problems);

/* What the user has set; NULL: nothing. */
const char *client_given(const struct named_texts *properties, const char *name);

/* Commits these offsets and waits for the answer, `timeout_ms` at most. False: an element's `err`
 * says what Kafka has against that partition, if it has answered. Thread: the handle's. */
bool client_commit(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *offsets, int timeout_ms,
                   struct error *err);

#endif
