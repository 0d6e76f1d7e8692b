/* What grapnel writes to Kafka: is it right, and what does it make of the event that it is about?
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/http/receiver.h"
#include "sim/model/book.h"
#include "sim/world/memory.h"

#define SOON_US       INT64_C(50000)
#define IN_A_ROW_MOST 20

/* ── reading ─────────────────────────────────────────────────────────────── */

static void copy_text(struct slice from, char *to, size_t size)
{
    size_t count = from.size < size - 1 ? from.size : size - 1;
    if (count > 0)
        memcpy(to, from.data, count);
    to[count] = '\0';
}

static int64_t number_in(const struct kafka_message *message, const char *header)
{
    char text[32];
    copy_text(kafka_header(message, header), text, sizeof text);
    return text[0] ? strtoll(text, NULL, 10) : -1;
}

static void text_in(const struct kafka_message *message, const char *header, char *text,
                    size_t size)
{
    copy_text(kafka_header(message, header), text, size);
}

/* Where a record says it comes of; it ends the run where that is nothing. */
static const struct kafka_log *source_of(const struct kafka_message *message, const char *prefix,
                                         int64_t *offset)
{
    char name[64];
    char topic[64];
    snprintf(name, sizeof name, "%stopic", prefix);
    text_in(message, name, topic, sizeof topic);
    snprintf(name, sizeof name, "%spartition", prefix);
    int64_t partition = number_in(message, name);
    snprintf(name, sizeof name, "%soffset", prefix);
    *offset = number_in(message, name);
    const struct kafka_log *log = cluster_log(topic, (int32_t)partition);
    if (!log || (book_event_at(log, *offset) < 0 && !stray_is(log, *offset)))
        world_fail("a record comes of %s [%" PRId64 "] @%" PRId64 ", which is nothing", topic,
                   partition, *offset);
    return log;
}

static int64_t event_of(const struct kafka_message *message, const char *prefix)
{
    int64_t offset = -1;
    const struct kafka_log *log = source_of(message, prefix, &offset);
    return book_event_at(log, offset);
}

static unsigned subscription_named(const char *name)
{
    if (name[0] != 's' || name[1] < '0' || name[1] > '9')
        world_fail("there is no subscription \"%s\"", name);
    unsigned subscription = (unsigned)atoi(name + 1);
    if (subscription >= book.scenario->subscription_count)
        world_fail("there is no subscription \"%s\"", name);
    return subscription;
}

static bool same_bytes(struct slice a, struct slice b)
{
    return (a.data == NULL) == (b.data == NULL) && slice_equal(a, b);
}

/* Key, value and headers as published, whatever headers come behind. */
static void check_bytes(unsigned subscription, int64_t number, const struct kafka_message *message)
{
    const struct kafka_message *source = &book.records[number]->message;
    bool same = same_bytes(message->key, source->key) &&
                same_bytes(message->value, source->value) &&
                message->header_count >= source->header_count;
    for (size_t i = 0; same && i < source->header_count; i++)
        same = slice_equal(message->headers[i].name, source->headers[i].name) &&
               same_bytes(message->headers[i].value, source->headers[i].value);
    if (!same)
        world_fail("what is written of %s is not what was published",
                   book_name(subscription, number));
}

/* ── dead letters ────────────────────────────────────────────────────────── */

/* It was tried as often as the schedule says, and the last time it did so fail. */
static bool is_exhausted(unsigned subscription, const struct fate *fate,
                         const struct kafka_message *letter, const struct process *by)
{
    int64_t attempts = number_in(letter, "grapnel-attempts");
    int64_t status = number_in(letter, "grapnel-status");
    if (attempts < 1 || (uint64_t)attempts > fate->sent)
        return false;
    if (status >= 0 && book_is_never_retried((int)status))
        return true;
    return (uint64_t)attempts > reload_shortest_schedule(by, subscription);
}

static bool is_due_death(unsigned subscription, int64_t number, const struct kafka_message *letter,
                         const char *reason, const struct process *by)
{
    static const char *const failures[] = {"status", "timeout", "connect", "protocol"};
    const struct scenario_subscription *sub = &book.scenario->subscriptions[subscription];
    const struct fate *fate = book_fate(subscription, number);
    bool tried = fate->expectation == EXPECT_REQUEST;
    if (strcmp(reason, "decode") == 0)
        return fate->expectation == EXPECT_DECODE;
    if (strcmp(reason, "render") == 0)
        return fate->expectation == EXPECT_RENDER;
    if (strcmp(reason, "disabled") == 0)
        return fate->expectation >= EXPECT_REQUEST &&
               (reload_lacks(by, subscription) ||
                (book_is_shared(subscription) && state_was_told(subscription)));
    if (strcmp(reason, "parked") == 0)
        return fate->expectation >= EXPECT_REQUEST && order_may_be_parked(subscription, number);
    if (strcmp(reason, "expired") == 0)
        return tried && !sub->stops && sub->max_age_ms > 0;
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++)
        if (strcmp(reason, failures[i]) == 0)
            return tried && !sub->stops && is_exhausted(subscription, fate, letter, by);
    return false;
}

static void take_letter(const struct kafka_message *letter, const struct process *by)
{
    char name[32];
    char reason[32];
    text_in(letter, "grapnel-subscription", name, sizeof name);
    text_in(letter, "grapnel-reason", reason, sizeof reason);
    int64_t offset = -1;
    const struct kafka_log *log = source_of(letter, "grapnel-source-", &offset);
    if (stray_is(log, offset)) {
        stray_take_letter(log, offset, name, reason);
        return;
    }
    unsigned subscription = subscription_named(name);
    int64_t number = book_event_at(log, offset);
    struct fate *fate = book_fate(subscription, number);
    check_bytes(subscription, number, letter);
    if (!is_due_death(subscription, number, letter, reason, by))
        world_fail("%s became a dead letter without need: reason %s, %" PRId64 " attempts",
                   book_name(subscription, number), reason, number_in(letter, "grapnel-attempts"));
    if (fate->letter && book.scenario->world.transactional)
        world_fail("transactional: %s is a dead letter twice", book_name(subscription, number));
    fate->letter = true;
    book_touch(fate, by);
}

/* ── retries ─────────────────────────────────────────────────────────────── */

static void check_retry(unsigned subscription, int64_t number, const struct kafka_message *retry)
{
    struct fate *fate = book_fate(subscription, number);
    int64_t attempts = number_in(retry, "grapnel-retry-attempts");
    int64_t first_ms = number_in(retry, "grapnel-retry-first-attempt");
    bool may_wait = fate->expectation == EXPECT_RENDER && book_is_shared(subscription);
    if (fate->expectation != EXPECT_REQUEST && !may_wait)
        world_fail("%s is to be retried, and never could be sent", book_name(subscription, number));
    if (book.scenario->subscriptions[subscription].ordered)
        world_fail("promise 4: %s goes by a retry topic", book_name(subscription, number));
    if (attempts < 0 || (uint64_t)attempts > fate->sent)
        world_fail("a retry of %s tells of %" PRId64 " attempts, and there were %u",
                   book_name(subscription, number), attempts, fate->sent);
    if (attempts > 0 && first_ms < 0)
        world_fail("a retry of %s has forgotten its first attempt",
                   book_name(subscription, number));
    fate->retry_seen = true;
}

/* Who waits in a retry topic does so for some time. */
static void check_rest(unsigned subscription, int64_t number)
{
    struct fate *fate = book_fate(subscription, number);
    bool soon = fate->retry_seen && world_now_us() - fate->retry_us < SOON_US;
    fate->in_a_row = soon ? fate->in_a_row + 1 : 0;
    fate->retry_us = world_now_us();
    if (fate->in_a_row > IN_A_ROW_MOST)
        world_fail("%s goes round by retry topics without rest", book_name(subscription, number));
}

static void take_retry(const struct kafka_log *log, const struct kafka_record *record)
{
    char name[32];
    const struct kafka_message *retry = &record->message;
    text_in(retry, "grapnel-retry-subscription", name, sizeof name);
    unsigned subscription = subscription_named(name);
    int64_t number = event_of(retry, "grapnel-retry-");
    struct fate *fate = book_fate(subscription, number);
    check_bytes(subscription, number, retry);
    check_rest(subscription, number);
    check_retry(subscription, number, retry);
    struct carrier *carrier = memory_get(sizeof *carrier);
    *carrier = (struct carrier){fate->retries, log, record->offset};
    fate->retries = carrier;
    fate->carriers++;
}

bool book_carried(unsigned group, const struct kafka_log *log, int64_t offset,
                  unsigned *subscription, int64_t *number)
{
    char name[32];
    if (group != GROUP_RETRIES) {
        unsigned count = (unsigned)book.scenario->subscription_count;
        while (*subscription < count && book_group_of(*subscription) != group)
            ++*subscription;
        *number = book_event_at(log, offset);
        return *number >= 0 && *subscription < count;
    }
    if (offset >= (int64_t)log->count || stray_is(log, offset))
        return false;
    const struct kafka_message *retry = &log->records[offset]->message;
    text_in(retry, "grapnel-retry-subscription", name, sizeof name);
    unsigned from = *subscription;
    *subscription = subscription_named(name);
    *number = event_of(retry, "grapnel-retry-");
    return *subscription >= from;
}

/* ── results ─────────────────────────────────────────────────────────────── */

/* The value behind "name": in a result, which has no nested objects. */
static bool json_field(struct slice json, const char *name, char *text, size_t size)
{
    char wanted[48];
    int length = snprintf(wanted, sizeof wanted, "\"%s\":", name);
    const char *at = memmem(json.data, json.size, wanted, (size_t)length);
    if (!at)
        return false;
    at += length;
    bool quoted = *at == '"';
    size_t i = 0;
    for (at += quoted; i < size - 1 && *at != (quoted ? '"' : ',') && *at != '}'; at++)
        text[i++] = *at;
    text[i] = '\0';
    return true;
}

static const struct kafka_log *source_of_result(struct slice json, int64_t *offset)
{
    char topic[64] = "";
    char partition[24] = "";
    char text[24] = "";
    json_field(json, "topic", topic, sizeof topic);
    json_field(json, "partition", partition, sizeof partition);
    json_field(json, "offset", text, sizeof text);
    *offset = atoll(text);
    const struct kafka_log *log = cluster_log(topic, atoi(partition));
    if (!log || (book_event_at(log, *offset) < 0 && !stray_is(log, *offset)))
        world_fail("a result is about %s [%s] @%s, which is nothing", topic, partition, text);
    return log;
}

static void take_result(const struct kafka_message *result, const struct process *by)
{
    char name[32] = "";
    char outcome[32] = "";
    json_field(result->value, "subscription", name, sizeof name);
    json_field(result->value, "outcome", outcome, sizeof outcome);
    int64_t offset = -1;
    const struct kafka_log *log = source_of_result(result->value, &offset);
    if (stray_is(log, offset))
        return;
    unsigned subscription = subscription_named(name);
    int64_t number = book_event_at(log, offset);
    struct fate *fate = book_fate(subscription, number);
    bool delivered = strcmp(outcome, "delivered") == 0;
    if (delivered && fate->answered == 0)
        world_fail("a result says that %s is delivered, and nobody said so",
                   book_name(subscription, number));
    if (!same_bytes(result->key, book.records[number]->message.key))
        world_fail("the result of %s has another key", book_name(subscription, number));
    bool dead = strcmp(outcome, "dead-lettered") == 0;
    fate->delivered = fate->delivered || delivered;
    fate->letter_result = fate->letter_result || dead;
    fate->finals += delivered || dead;
    if (fate->finals > 1 && book.scenario->world.transactional)
        world_fail("transactional: %s has %u final results", book_name(subscription, number),
                   fate->finals);
    book_touch(fate, by);
}

/* ── all that is stored ──────────────────────────────────────────────────── */

void model_stored(const struct kafka_log *log, const struct kafka_record *record,
                  const struct process *by)
{
    const char *topic = log->topic->name;
    if (log->id >= LOGS_MOST)
        world_fail("too many partitions");
    book.logs[log->id] = log;
    world_trace("%s [%d] @%" PRId64 " is stored, by %s", topic, (int)log->number, record->offset,
                by ? by->name : "a publisher");
    model_accepted(by, topic);
    if (record->number >= 0) {
        book.records[record->number] = record;
        order_published(record->number);
    } else if (strcmp(topic, "grapnel.results") == 0)
        take_result(&record->message, by);
    else if (strcmp(topic, "grapnel.dead-letters") == 0)
        take_letter(&record->message, by);
    else if (book_is_retry(topic) && !by)
        stray_take(log, record->offset);
    else if (book_is_retry(topic))
        take_retry(log, record);
    else if (strcmp(topic, "grapnel.state") == 0)
        state_take(log, &record->message);
    else
        world_fail("something is written to %s", topic);
}
