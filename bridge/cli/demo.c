/* grapnel demo: the real service on an embedded Kafka, and a receiver that shows what it sends.
 *
 * The happy path, all on one loop: the stage opens. Then act by act an event is published, and its
 * webhooks are shown and checked as they come. At the end the results and the dead letter are read
 * back.
 * What can fail: whatever doesn't come in time, or isn't byte for byte what the act says, is told,
 * and the exit code is that of a failure: the demo is a check of the whole, too. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/demo_acts.h"
#include "cli/demo_check.h"
#include "cli/demo_page.h"
#include "cli/demo_show.h"
#include "cli/demo_stage.h"

struct demo {
    struct demo_page page;
    struct demo_stage stage;
    struct results_reader reader;
    const struct demo_act *act; /* NULL: none, what comes is the user's own */
    char id[64];                /* of the act's event */
    int64_t published_ms;
    unsigned webhooks; /* of this act */
    unsigned results;
    unsigned dead_letters;
    unsigned wrong; /* what didn't come as it should */
    struct buffer first_result;
};

static void complain(struct demo *demo, const char *text)
{
    demo->wrong++;
    demo_page_line(&demo->page, "", DEMO_BAD, "%s %s", demo_page_mark(&demo->page, false), text);
}

/* ── what comes in ─────────────────────────────────────────────────────────────────────────────*/

static void check_webhook(struct demo *demo, const struct receiver_request *request)
{
    struct error err = {0};
    if (!demo_check_request(demo->act, demo->id, request, &err))
        complain(demo, err.text);
}

static void take_webhook(void *context, const struct receiver_request *request)
{
    struct demo *demo = context;
    struct error err = {0};
    bool verified = false;
    bool is_signed = receiver_header(request, "webhook-signature").data != NULL;
    demo->webhooks++;
    if (is_signed)
        verified = demo_check_signature(request, DEMO_SIGNING_SECRET, clock_unix_ms() / 1000, &err);
    struct demo_arrival arrival = {
        .request = request,
        .attempt = demo->act ? demo->webhooks : 1,
        .after_ms = demo->act ? clock_now_ms() - demo->published_ms : -1,
        .verified = is_signed ? &verified : NULL,
    };
    demo_page_gap(&demo->page);
    demo_show_webhook(&demo->page, &arrival);
    fflush(demo->page.out);
    if (demo->act && demo->act->is_signed && !verified)
        complain(demo, is_signed ? err.text : "it should be signed");
    if (demo->act)
        check_webhook(demo, request);
    loop_stop(demo->stage.loop);
}

/* The act whose subscription it is; NULL: none of the demo's. */
static const struct demo_act *act_of(struct slice subscription)
{
    for (size_t i = 0; i < demo_act_count; i++)
        if (slice_is(subscription, demo_acts[i]->subscription))
            return demo_acts[i];
    return NULL;
}

static void name_event(char id[64], const struct demo_act *act)
{
    snprintf(id, 64, "%s-0-0", act->topic);
}

static void check_result(struct demo *demo, const struct result_row *row)
{
    struct error err = {0};
    char id[64];
    const struct demo_act *act = act_of(row->subscription);
    if (!act) {
        complain(demo, "no subscription of the demo has that name");
        return;
    }
    name_event(id, act);
    if (!demo_check_result(act, id, row, &err))
        complain(demo, err.text);
}

static void take_result(struct demo *demo, struct slice text)
{
    struct error err = {0};
    struct result_row row;
    demo->results++;
    if (!results_read(&demo->reader, text, &row, &err)) {
        complain(demo, err.text);
        return;
    }
    if (demo->results > demo_act_count) { /* of an event that the user published */
        demo_page_line(&demo->page, "result", DEMO_QUIET, "%.*s, attempt %.*s, id %.*s",
                       SLICE_ARGS(row.outcome), SLICE_ARGS(row.attempt), SLICE_ARGS(row.id));
        fflush(demo->page.out);
        return;
    }
    if (demo->results == 1)
        buffer_add_slice(&demo->first_result, text);
    demo_show_result(&demo->page, &row);
    check_result(demo, &row);
}

static void take_dead_letter(struct demo *demo, const rd_kafka_message_t *record)
{
    struct error err = {0};
    char id[64];
    const struct demo_act *act = act_of(demo_record_header(record, "grapnel-subscription"));
    demo->dead_letters++;
    demo_show_dead_letter(&demo->page, record);
    if (!act) {
        complain(demo, "no subscription of the demo has that name");
        return;
    }
    name_event(id, act);
    if (!demo_check_dead_letter(act, id, record, &err))
        complain(demo, err.text);
}

static void take_record(void *context, const rd_kafka_message_t *record)
{
    struct demo *demo = context;
    const char *topic = rd_kafka_topic_name(record->rkt);
    if (strcmp(topic, demo_stage_dead_letters(&demo->stage)) == 0)
        take_dead_letter(demo, record);
    else
        take_result(demo, (struct slice){record->payload, record->len});
    loop_stop(demo->stage.loop);
}

/* ── the acts ──────────────────────────────────────────────────────────────────────────────────*/

static void show_places(struct demo *demo)
{
    const struct demo_page *page = &demo->page;
    const struct demo_stage *stage = &demo->stage;
    demo_page_section(page, 0, "grapnel demo: events on Kafka become webhooks");
    demo_page_line(page, "kafka", DEMO_PLAIN, "%s, embedded in this process",
                   demo_kafka_address(stage->kafka));
    demo_page_line(page, "receiver", DEMO_PLAIN, "http://127.0.0.1:%u, shows each webhook it gets",
                   receiver_port(stage->receiver));
    demo_page_line(page, "configuration", DEMO_PLAIN, "%s", stage->files.config);
    fflush(page->out);
}

static void show_subscription(const struct demo *demo, const struct demo_act *act)
{
    struct buffer yaml = {0};
    demo_files_subscription(&demo->stage.files, act, &yaml);
    if (buffer_text(&yaml))
        demo_show_subscription(&demo->page, buffer_text(&yaml));
    buffer_finish(&yaml);
}

static bool play_act(struct demo *demo, size_t number, struct error *err)
{
    const struct demo_act *act = demo_acts[number - 1];
    int64_t offset;
    demo_page_section(&demo->page, number, act->title);
    if (!demo_kafka_publish(demo->stage.kafka, act->topic, act->key, act->value, &offset, err))
        return false;
    demo->published_ms = clock_now_ms();
    demo->act = act;
    demo->webhooks = 0;
    name_event(demo->id, act);
    demo_show_event(&demo->page, act, offset);
    demo_page_gap(&demo->page);
    show_subscription(demo, act);
    return demo_stage_wait(&demo->stage, &demo->webhooks, act->attempts, "webhook", err);
}

static bool show_results(struct demo *demo, struct error *err)
{
    const char *topic = demo_stage_results(&demo->stage);
    demo_page_line(&demo->page, "results", DEMO_PLAIN, "topic %s", topic);
    demo_show_result_titles(&demo->page);
    if (!demo_kafka_follow(demo->stage.kafka, topic, 0, err) ||
        !demo_stage_wait(&demo->stage, &demo->results, demo_act_count, "result", err))
        return false;
    demo_page_gap(&demo->page);
    demo_page_line(&demo->page, "", DEMO_QUIET, "the first of them in full:");
    demo_page_text(&demo->page, DEMO_PLAIN, buffer_slice(&demo->first_result));
    return true;
}

static bool show_dead_letters(struct demo *demo, struct error *err)
{
    const char *topic = demo_stage_dead_letters(&demo->stage);
    demo_page_gap(&demo->page);
    return demo_kafka_follow(demo->stage.kafka, topic, 0, err) &&
           demo_stage_wait(&demo->stage, &demo->dead_letters, 1, "dead letter", err);
}

static bool play(struct demo *demo, struct error *err)
{
    show_places(demo);
    if (!demo_stage_wait_ready(&demo->stage, err))
        return false;
    for (size_t i = 1; i <= demo_act_count; i++)
        if (!play_act(demo, i, err))
            return false;
    demo->act = NULL;
    demo_page_section(&demo->page, 0, "What became of them, as grapnel wrote it to Kafka");
    return show_results(demo, err) && show_dead_letters(demo, err);
}

/* ── the end ───────────────────────────────────────────────────────────────────────────────────*/

static void show_verdict(const struct demo *demo, int64_t took_ms)
{
    const struct demo_page *page = &demo->page;
    const char *mark = demo_page_mark(page, demo->wrong == 0);
    demo_page_gap(page);
    if (demo->wrong == 0)
        demo_page_line(page, "done", DEMO_GOOD,
                       "%s %zu events, %zu delivered, %u dead letter, as it should be, %.1f s",
                       mark, demo_act_count, demo_act_count - demo->dead_letters,
                       demo->dead_letters, (double)took_ms / 1000);
    else
        demo_page_line(page, "done", DEMO_BAD, "%s not all came as it should", mark);
}

/* How the user calls this program: as it lies below the current directory, or by its whole path. */
static void name_program(char name[512])
{
    char here[512];
    ssize_t size = readlink("/proc/self/exe", name, 511);
    name[size > 0 ? size : 0] = '\0';
    if (!getcwd(here, sizeof(here)))
        return;
    size_t length = strlen(here);
    if (strncmp(name, here, length) == 0 && name[length] == '/')
        memmove(name, name + length + 1, strlen(name + length));
    else if (strcmp(name, "/usr/bin/grapnel") == 0 || strcmp(name, "/usr/local/bin/grapnel") == 0)
        memcpy(name, "grapnel", sizeof("grapnel"));
}

/* Until Ctrl-C: what the user publishes is shown as the acts' events were. */
static void keep_up(struct demo *demo)
{
    struct error err = {0};
    const char *topic = demo_stage_results(&demo->stage);
    if (!demo_kafka_follow(demo->stage.kafka, topic, demo->results, &err))
        complain(demo, err.text);
    while (!demo->stage.interrupted)
        loop_run(demo->stage.loop);
    demo_page_gap(&demo->page);
}

static void go_on(struct demo *demo, bool keep)
{
    char program[512];
    name_program(program);
    if (!keep) {
        demo_show_next(&demo->page, program);
        return;
    }
    const struct demo_kept kept = {
        .program = program,
        .kafka = demo_kafka_address(demo->stage.kafka),
        .directory = demo->stage.files.directory,
        .admin_port = listener_port(demo->stage.listener),
    };
    demo_show_kept(&demo->page, &kept);
    keep_up(demo);
}

enum command_exit demo_command(const struct command_line *line)
{
    struct error err = {0};
    struct demo demo = {0};
    struct demo_hooks hooks = {&demo, take_webhook, take_record};
    bool keep = command_given(line, OPTION_KEEP);
    int64_t began_ms = clock_now_ms();
    demo_page_open(&demo.page, stdout);
    bool done = demo_stage_open(&demo.stage, &hooks, &err) && play(&demo, &err);
    if (!done)
        complain(&demo, err.text);
    bool interrupted = demo.stage.interrupted;
    if (!interrupted)
        show_verdict(&demo, clock_now_ms() - began_ms);
    if (done)
        go_on(&demo, keep);
    if (!demo_stage_close(&demo.stage, done && keep, &err))
        complain(&demo, err.text);
    results_reader_finish(&demo.reader);
    buffer_finish(&demo.first_result);
    demo_page_gap(&demo.page);
    if (interrupted)
        return COMMAND_INTERRUPTED;
    return demo.wrong ? COMMAND_OUTSIDE_FAILED : COMMAND_DONE;
}
