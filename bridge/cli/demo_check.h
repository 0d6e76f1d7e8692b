/* Did what the demo promised come true? The signature is checked the way a receiver would, with
 * OpenSSL alone, so that a mistake of our own signing shows. No I/O. Thread: any one. */
#ifndef CLI_DEMO_CHECK_H
#define CLI_DEMO_CHECK_H

#include <librdkafka/rdkafka.h>

#include "cli/demo_acts.h"
#include "cli/receiver.h"
#include "inspect/results.h"

/* Is the request, byte for byte, what the act's subscription makes of event `id`? */
bool demo_check_request(const struct demo_act *act, const char *id,
                        const struct receiver_request *request, struct error *err) MUST_CHECK;

/* Standard Webhooks 1.0.0: one of webhook-signature's is ours, and its time is within five minutes.
 */
bool demo_check_signature(const struct receiver_request *request, const char *secret,
                          int64_t unix_s, struct error *err) MUST_CHECK;

bool demo_check_result(const struct demo_act *act, const char *id, const struct result_row *row,
                       struct error *err) MUST_CHECK;

/* Key and value as published, and the headers that say why. */
bool demo_check_dead_letter(const struct demo_act *act, const char *id,
                            const rd_kafka_message_t *record, struct error *err) MUST_CHECK;

/* The record's header of that name; data NULL: there is none. Borrows the record. */
struct slice demo_record_header(const rd_kafka_message_t *record, const char *name);

#endif
