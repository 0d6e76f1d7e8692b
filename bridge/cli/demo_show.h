/* What the demo shows of an act: its event, its webhooks, its result and its dead letter.
 * Thread: any one. */
#ifndef CLI_DEMO_SHOW_H
#define CLI_DEMO_SHOW_H

#include <librdkafka/rdkafka.h>

#include "cli/demo_acts.h"
#include "cli/demo_page.h"
#include "cli/receiver.h"
#include "inspect/results.h"

void demo_show_event(const struct demo_page *page, const struct demo_act *act, int64_t offset);

/* What the user writes for it, without the line that heads the file. */
void demo_show_subscription(const struct demo_page *page, const char *yaml);

/* One webhook as it came. `attempt` from 1; behind the first only what is new is shown.
 * `signature`: NULL: it has none; else what came of checking it. */
struct demo_arrival {
    const struct receiver_request *request;
    unsigned attempt;
    long long after_ms; /* since it was published; -1: not known */
    const bool *verified;
};

void demo_show_webhook(const struct demo_page *page, const struct demo_arrival *arrival);

void demo_show_result_titles(const struct demo_page *page);
void demo_show_result(const struct demo_page *page, const struct result_row *row);

void demo_show_dead_letter(const struct demo_page *page, const rd_kafka_message_t *record);

/* What to type next: after the demo, and while it stays up. */
struct demo_kept {
    const char *program;
    const char *kafka;
    const char *directory;
    unsigned admin_port;
};

void demo_show_next(const struct demo_page *page, const char *program);
void demo_show_kept(const struct demo_page *page, const struct demo_kept *kept);

#endif
