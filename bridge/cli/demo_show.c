#include "cli/demo_show.h"

#include <stdio.h>
#include <string.h>

void demo_show_event(const struct demo_page *page, const struct demo_act *act, int64_t offset)
{
    demo_page_line(page, "event", DEMO_PLAIN, "topic %s, partition 0, offset %lld, key %s",
                   act->topic, (long long)offset, act->key);
    demo_page_text(page, DEMO_STRONG, slice_of(act->value));
}

void demo_show_subscription(const struct demo_page *page, const char *yaml)
{
    const char *lines = yaml + strcspn(yaml, "\n") + 1;
    demo_page_lines(page, "subscription", lines, strspn(lines, " "));
}

static void show_headers(const struct demo_page *page, const struct demo_arrival *arrival)
{
    static const char *const names[] = {"authorization", "content-type", "webhook-id",
                                        "webhook-timestamp", "webhook-signature"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct slice value = receiver_header(arrival->request, names[i]);
        if (!value.data)
            continue;
        const char *note = NULL;
        enum demo_tone tone = DEMO_PLAIN;
        if (arrival->verified && strcmp(names[i], "webhook-signature") == 0) {
            note = *arrival->verified ? "verified" : "WRONG";
            tone = *arrival->verified ? DEMO_GOOD : DEMO_BAD;
        }
        demo_page_field(page, slice_of(names[i]), value, note, tone);
    }
}

void demo_show_webhook(const struct demo_page *page, const struct demo_arrival *arrival)
{
    const struct receiver_request *request = arrival->request;
    char answer[64];
    if (arrival->after_ms >= 0)
        snprintf(answer, sizeof(answer), "%d  %lld ms", request->status, arrival->after_ms);
    else
        snprintf(answer, sizeof(answer), "%d", request->status);
    bool good = request->status < 300;
    demo_page_request(page, request->method, request->target, answer, good ? DEMO_GOOD : DEMO_BAD);
    if (arrival->attempt > 1) {
        demo_page_field(page, SLICE("webhook-id"), receiver_header(request, "webhook-id"),
                        "the same at every attempt", DEMO_QUIET);
        return;
    }
    show_headers(page, arrival);
    demo_page_text(page, DEMO_PLAIN, request->body);
}

#define RESULT_FORMAT "%-14s%-21s%-15s%7s%7s"

void demo_show_result_titles(const struct demo_page *page)
{
    demo_page_line(page, "", DEMO_QUIET, RESULT_FORMAT, "id", "subscription", "outcome", "attempt",
                   "status");
}

/* A field of a row as a text of its own, cut to what a column takes. */
struct cell {
    char text[32];
};

static struct cell cell_of(struct slice field)
{
    struct cell cell;
    snprintf(cell.text, sizeof(cell.text), "%.*s", SLICE_ARGS(field));
    return cell;
}

void demo_show_result(const struct demo_page *page, const struct result_row *row)
{
    enum demo_tone tone = slice_is(row->outcome, "delivered") ? DEMO_PLAIN : DEMO_BAD;
    struct cell id = cell_of(row->id);
    struct cell subscription = cell_of(row->subscription);
    struct cell outcome = cell_of(row->outcome);
    struct cell attempt = cell_of(row->attempt);
    struct cell status = cell_of(row->status);
    demo_page_line(page, "", tone, RESULT_FORMAT, id.text, subscription.text, outcome.text,
                   attempt.text, status.text);
}

void demo_show_dead_letter(const struct demo_page *page, const rd_kafka_message_t *record)
{
    rd_kafka_headers_t *headers;
    demo_page_line(page, "dead letter", DEMO_PLAIN, "topic %s, partition %d, offset %lld, key %.*s",
                   rd_kafka_topic_name(record->rkt), record->partition, (long long)record->offset,
                   (int)record->key_len, (const char *)record->key);
    demo_page_text(page, DEMO_STRONG, (struct slice){record->payload, record->len});
    if (rd_kafka_message_headers(record, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    const char *name;
    const void *value;
    size_t size;
    for (size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         i++)
        demo_page_field(page, slice_of(name), (struct slice){value, size}, NULL, DEMO_PLAIN);
}

void demo_show_next(const struct demo_page *page, const char *program)
{
    demo_page_section(page, 0, "Next");
    demo_page_line(page, "try", DEMO_STRONG, "%s demo --keep", program);
    demo_page_line(page, "", DEMO_QUIET, "leaves all of this up, for events of your own");
    demo_page_line(page, "", DEMO_STRONG, "%s help", program);
    demo_page_line(page, "", DEMO_QUIET, "every command");
    demo_page_line(page, "read", DEMO_STRONG, "README.md");
    demo_page_line(page, "", DEMO_QUIET, "your Kafka, your subscriptions, what is promised");
}

void demo_show_kept(const struct demo_page *page, const struct demo_kept *kept)
{
    const struct demo_act *act = demo_acts[0];
    demo_page_section(page, 0, "It stays up until Ctrl-C");
    demo_page_line(page, "publish", DEMO_STRONG, "echo '%s' |", act->value);
    demo_page_line(page, "", DEMO_STRONG, "  kcat -P -b %s -t %s -k %s", kept->kafka, act->topic,
                   act->key);
    demo_page_line(page, "", DEMO_QUIET, "and the webhook is shown here");
    demo_page_line(page, "look", DEMO_STRONG, "%s results -c %s/grapnel.yaml", kept->program,
                   kept->directory);
    demo_page_line(page, "", DEMO_STRONG, "curl http://127.0.0.1:%u/metrics", kept->admin_port);
    demo_page_line(page, "edit", DEMO_STRONG, "%s/subscriptions/", kept->directory);
    demo_page_line(page, "", DEMO_QUIET, "then see what would be sent; nothing is:");
    demo_page_line(page, "", DEMO_STRONG, "echo '%s' |", act->value);
    demo_page_line(page, "", DEMO_STRONG, "  %s render -c %s/grapnel.yaml \\", kept->program,
                   kept->directory);
    demo_page_line(page, "", DEMO_STRONG, "    -s %s", act->subscription);
    demo_page_gap(page);
}
