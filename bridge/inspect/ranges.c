/* The happy path: one list of all topics; for each subscription what its group has committed, then
 * where its range begins and ends; last the same of the retry topics.
 * In this order: what is committed as a retry when that is asked had its next fate stored before,
 * and the topics with the fates are read after it. */
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commit/metadata.h"
#include "inspect/reconcile_private.h"
#include "kafka/client.h"
#include "kafka/offsets.h"
#include "settle/own_topics.h"
#include "settle/retry.h"

#define FIRST_ASK_MS 5000 /* whoever waits for a Kafka that isn't there should not wait long */

typedef rd_kafka_topic_partition_list_t partition_list;

struct asking {
    struct reconcile *reconcile;
    rd_kafka_t *rk;
    const struct rd_kafka_metadata *metadata;
    char trouble[256]; /* the last thing librdkafka complained about */
};

static void note_trouble(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    (void)rk;
    struct asking *asking = opaque;
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || !asking->trouble[0])
        snprintf(asking->trouble, sizeof asking->trouble, "%s", reason);
}

static bool open_client(struct asking *asking, struct error *err)
{
    static const struct client_property own[] = {
        {.name = "enable.auto.commit", .value = "false"},
        {.name = "allow.auto.create.topics", .value = "false"},
        {.name = "client.id", .value = "grapnel-inspect", .weak = true},
        {.name = NULL},
    };
    rd_kafka_conf_t *conf = client_conf(&asking->reconcile->options->settings->kafka, own, err);
    if (!conf)
        return false;
    rd_kafka_conf_set_opaque(conf, asking);
    rd_kafka_conf_set_error_cb(conf, note_trouble);
    asking->rk = client_create(RD_KAFKA_CONSUMER, conf, err);
    if (!asking->rk)
        return false;
    rd_kafka_resp_err_t code =
        rd_kafka_metadata(asking->rk, 1, NULL, &asking->metadata, FIRST_ASK_MS);
    if (!code)
        return true;
    rd_kafka_poll(asking->rk, 0);
    return error_set(err, ERROR_KAFKA, "Kafka can't be asked: %s",
                     asking->trouble[0] ? asking->trouble : rd_kafka_err2str(code));
}

/* ── which partitions ────────────────────────────────────────────────────── */

static void add_topic(partition_list *list, const struct rd_kafka_metadata_topic *topic)
{
    for (int p = 0; p < topic->partition_cnt; p++)
        rd_kafka_topic_partition_list_add(list, topic->topic, topic->partitions[p].id);
}

/* What a regular expression of the subscription's does not match. False: no memory. */
static bool compile_own(const struct asking *asking, const struct route *route, regex_t *regex,
                        bool *any)
{
    const struct reconcile_options *options = asking->reconcile->options;
    const struct catalog *catalog = options->catalog;
    struct buffer out = {0};
    own_topics_add(&out, options->settings, catalog, &catalog->lanes[route->lane]);
    const char *pattern = buffer_text(&out);
    *any = out.size > 0;
    bool fine = pattern && (!*any || regcomp(regex, pattern, REG_EXTENDED | REG_NOSUB) == 0);
    buffer_finish(&out);
    return fine;
}

/* NULL: no memory. */
static partition_list *partitions_of(const struct asking *asking, const struct route *route)
{
    regex_t own;
    bool any = false;
    if (!compile_own(asking, route, &own, &any))
        return NULL;
    partition_list *list = rd_kafka_topic_partition_list_new(16);
    for (int t = 0; t < asking->metadata->topic_cnt; t++) {
        const char *name = asking->metadata->topics[t].topic;
        if (matcher_wants_topic(route->matcher, name) &&
            !(any && regexec(&own, name, 0, NULL, 0) == 0))
            add_topic(list, &asking->metadata->topics[t]);
    }
    if (any)
        regfree(&own);
    return list;
}

static partition_list *partitions_of_retries(const struct asking *asking)
{
    const char *prefix = asking->reconcile->options->settings->topics.retries.data;
    char *pattern = retry_topics_pattern(prefix);
    regex_t regex;
    partition_list *list = rd_kafka_topic_partition_list_new(16);
    if (!pattern || regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0) {
        free(pattern);
        return list;
    }
    for (int t = 0; t < asking->metadata->topic_cnt; t++)
        if (regexec(&regex, asking->metadata->topics[t].topic, 0, NULL, 0) == 0)
            add_topic(list, &asking->metadata->topics[t]);
    regfree(&regex);
    free(pattern);
    return list;
}

static bool has_topic(const struct asking *asking, const char *name)
{
    for (int t = 0; t < asking->metadata->topic_cnt; t++)
        if (strcmp(asking->metadata->topics[t].topic, name) == 0)
            return true;
    return false;
}

/* ── what is committed ───────────────────────────────────────────────────── */

static rd_kafka_event_t *request_committed(const struct asking *asking, const char *group,
                                           const partition_list *list)
{
    char text[256];
    rd_kafka_ListConsumerGroupOffsets_t *request =
        rd_kafka_ListConsumerGroupOffsets_new(group, list);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(asking->rk, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
    rd_kafka_AdminOptions_set_request_timeout(options, RECONCILE_ASK_MS, text, sizeof text);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(asking->rk);
    rd_kafka_ListConsumerGroupOffsets(asking->rk, &request, 1, options, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, RECONCILE_ASK_MS + 1000);
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ListConsumerGroupOffsets_destroy(request);
    return event;
}

static const rd_kafka_group_result_t *group_of(rd_kafka_event_t *event)
{
    size_t count = 0;
    const rd_kafka_ListConsumerGroupOffsets_result_t *result =
        event ? rd_kafka_event_ListConsumerGroupOffsets_result(event) : NULL;
    const rd_kafka_group_result_t **groups =
        result ? rd_kafka_ListConsumerGroupOffsets_result_groups(result, &count) : NULL;
    return count == 1 ? groups[0] : NULL;
}

/* A list like `list` with offsets and their metadata; NULL and `err`. The caller destroys it. */
static partition_list *ask_committed(const struct asking *asking, const char *group,
                                     const partition_list *list, struct error *err)
{
    if (list->cnt == 0)
        return rd_kafka_topic_partition_list_new(1);
    rd_kafka_event_t *event = request_committed(asking, group, list);
    const rd_kafka_group_result_t *found = group_of(event);
    const rd_kafka_error_t *error = found ? rd_kafka_group_result_error(found) : NULL;
    partition_list *committed = NULL;
    if (found && !error)
        committed = rd_kafka_topic_partition_list_copy(rd_kafka_group_result_partitions(found));
    else
        error_set(err, ERROR_KAFKA, "what group %s has committed can't be read: %s", group,
                  error   ? rd_kafka_error_string(error)
                  : event ? rd_kafka_event_error_string(event)
                          : rd_kafka_err2str(RD_KAFKA_RESP_ERR__TIMED_OUT));
    if (event)
        rd_kafka_event_destroy(event);
    return committed;
}

/* Garbage in the metadata counts as nothing, as it does for a running instance. */
static void restore(struct account_partition *partition, const partition_list *committed)
{
    const rd_kafka_topic_partition_t *found = rd_kafka_topic_partition_list_find(
        (partition_list *)(uintptr_t)committed, partition->topic, partition->partition);
    if (!found || found->err || found->offset < 0)
        return;
    struct slice text = {found->metadata, found->metadata_size};
    bool ours = metadata_read(text, found->offset, &partition->finished, NULL);
    (void)ours;
}

/* ── from where to where ─────────────────────────────────────────────────── */

struct ends {
    partition_list *begins;
    partition_list *ends;
};

static void ends_finish(struct ends *ends)
{
    rd_kafka_topic_partition_list_destroy(ends->begins);
    rd_kafka_topic_partition_list_destroy(ends->ends);
}

/* Without --since: where the group began, in partitions that it began with; of those added from
 * `first` on. */
static bool ask_starts(const struct asking *asking, const struct route *route, size_t first,
                       struct error *err)
{
    const struct subscription_start *start = &route->sub->start;
    const struct account *account = &asking->reconcile->account;
    if (start->at != START_TIME || asking->reconcile->options->has_since)
        return true;
    partition_list *list = rd_kafka_topic_partition_list_new(16);
    for (size_t i = first; i < account->count; i++)
        rd_kafka_topic_partition_list_add(list, account->items[i].topic,
                                          account->items[i].partition);
    bool fine = offsets_at(asking->rk, list, start->unix_ms, RECONCILE_ASK_MS, err);
    for (size_t i = first; fine && i < account->count; i++)
        account->items[i].start = list->elems[i - first].offset;
    rd_kafka_topic_partition_list_destroy(list);
    return fine;
}

static bool ask_ends(const struct asking *asking, struct ends *ends, int64_t since, int64_t until,
                     struct error *err)
{
    return offsets_at(asking->rk, ends->begins, since, RECONCILE_ASK_MS, err) &&
           offsets_at(asking->rk, ends->ends, until, RECONCILE_ASK_MS, err);
}

/* Ends are asked for after what is committed, so that no range ends before it. */
static bool add_partitions(struct account *account, unsigned subscription, const struct ends *ends,
                           const partition_list *committed)
{
    for (int i = 0; i < ends->begins->cnt; i++) {
        const rd_kafka_topic_partition_t *begin = &ends->begins->elems[i];
        struct account_partition *added =
            account_add(account, subscription, begin->topic, begin->partition, begin->offset,
                        ends->ends->elems[i].offset);
        if (!added)
            return false;
        restore(added, committed);
    }
    return true;
}

static bool find_range(const struct asking *asking, const struct route *route, struct error *err)
{
    const struct reconcile_options *options = asking->reconcile->options;
    const struct subscription *sub = route->sub;
    const char *group = options->catalog->lanes[route->lane].group;
    int64_t since = options->has_since ? options->since_unix_ms : RD_KAFKA_OFFSET_BEGINNING;
    int64_t until = options->has_until ? options->until_unix_ms : RD_KAFKA_OFFSET_END;
    partition_list *list = partitions_of(asking, route);
    if (!list)
        return error_set(err, ERROR_MEMORY, "no memory for the topics of %s", sub->name);
    partition_list *committed = ask_committed(asking, group, list, err);
    struct ends ends = {list, rd_kafka_topic_partition_list_copy(list)};
    bool fine = committed && ask_ends(asking, &ends, since, until, err);
    struct account *account = &asking->reconcile->account;
    size_t first = account->count;
    if (fine && !add_partitions(account, route->index, &ends, committed))
        fine = error_set(err, ERROR_MEMORY, "no memory for the partitions of %s", sub->name);
    fine = fine && ask_starts(asking, route, first, err);
    if (committed)
        rd_kafka_topic_partition_list_destroy(committed);
    ends_finish(&ends);
    return fine;
}

/* What is committed there is not read again. */
static void begin_at_committed(partition_list *begins, const partition_list *committed)
{
    for (int i = 0; i < begins->cnt; i++) {
        rd_kafka_topic_partition_t *begin = &begins->elems[i];
        const rd_kafka_topic_partition_t *found = rd_kafka_topic_partition_list_find(
            (partition_list *)(uintptr_t)committed, begin->topic, begin->partition);
        if (found && !found->err && found->offset > begin->offset)
            begin->offset = found->offset;
    }
}

static bool find_retries(const struct asking *asking, struct error *err)
{
    struct reconcile *reconcile = asking->reconcile;
    const char *group = reconcile->options->settings->topics.retries.data;
    partition_list *list = partitions_of_retries(asking);
    partition_list *committed = ask_committed(asking, group, list, err);
    struct ends ends = {list, rd_kafka_topic_partition_list_copy(list)};
    bool fine =
        committed && ask_ends(asking, &ends, RD_KAFKA_OFFSET_BEGINNING, RD_KAFKA_OFFSET_END, err);
    if (fine)
        begin_at_committed(ends.begins, committed);
    if (fine && !add_partitions(&reconcile->retries, 0, &ends, committed))
        fine = error_set(err, ERROR_MEMORY, "no memory for the retry topics");
    if (committed)
        rd_kafka_topic_partition_list_destroy(committed);
    ends_finish(&ends);
    return fine;
}

static bool find_all(struct asking *asking, struct error *err)
{
    struct reconcile *reconcile = asking->reconcile;
    const struct settings_topics *topics = &reconcile->options->settings->topics;
    if (!open_client(asking, err))
        return false;
    for (size_t i = 0; i < reconcile->route_count; i++)
        if (!find_range(asking, reconcile->routes[i], err))
            return false;
    reconcile->report->no_results =
        topics->results.data && !has_topic(asking, topics->results.data);
    reconcile->report->no_letters = !has_topic(asking, topics->dead_letters.data);
    return find_retries(asking, err);
}

bool reconcile_find_ranges(struct reconcile *reconcile, struct error *err)
{
    struct asking asking = {.reconcile = reconcile};
    bool fine = find_all(&asking, err);
    if (asking.metadata)
        rd_kafka_metadata_destroy(asking.metadata);
    if (asking.rk)
        rd_kafka_destroy(asking.rk);
    account_sort(&reconcile->account);
    account_sort(&reconcile->retries);
    return fine;
}
