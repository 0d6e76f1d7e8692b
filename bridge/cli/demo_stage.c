#include "cli/demo_stage.h"

#include <signal.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/demo_acts.h"
#include "cli/terminal.h"
#include "settle/retry.h"

#define WAIT_MS   20000 /* for anything that should take well under a second */
#define READY_MS  20    /* between two looks whether the groups have joined */
#define STATUS_OK 204   /* the receiver's own */

static void take_signal(void *context, int number)
{
    struct demo_stage *stage = context;
    if (number == SIGHUP)
        return;
    stage->interrupted = true;
    loop_stop(stage->loop);
}

static void take_stopped(void *context)
{
    struct demo_stage *stage = context;
    stage->stopped = 1;
    loop_stop(stage->loop);
}

static void run_late(struct loop_timer *timer)
{
    struct demo_stage *stage = CONTAINER_OF(timer, struct demo_stage, deadline);
    stage->late = true;
    loop_stop(stage->loop);
}

static void look_again(struct loop_timer *timer)
{
    loop_stop(CONTAINER_OF(timer, struct demo_stage, tick)->loop);
}

const char *demo_stage_results(const struct demo_stage *stage)
{
    return stage->configuration.settings->topics.results.data;
}

const char *demo_stage_dead_letters(const struct demo_stage *stage)
{
    return stage->configuration.settings->topics.dead_letters.data;
}

bool demo_stage_wait(struct demo_stage *stage, const unsigned *count, size_t wanted,
                     const char *what, struct error *err)
{
    stage->late = false;
    loop_arm(stage->loop, &stage->deadline, clock_now_ms() + WAIT_MS);
    while (*count < wanted && !stage->late && !stage->interrupted)
        loop_run(stage->loop);
    loop_disarm(stage->loop, &stage->deadline);
    if (*count >= wanted)
        return true;
    if (stage->interrupted)
        return error_set(err, ERROR_SYSTEM, "interrupted");
    return error_set(err, ERROR_SYSTEM, "no %s within %d s", what, WAIT_MS / 1000);
}

bool demo_stage_wait_ready(struct demo_stage *stage, struct error *err)
{
    struct buffer why = {0};
    bool ready = false;
    stage->late = false;
    loop_arm(stage->loop, &stage->deadline, clock_now_ms() + WAIT_MS);
    terminal_progress(stderr, "  joining the consumer groups");
    while (!ready && !stage->late && !stage->interrupted) {
        loop_arm(stage->loop, &stage->tick, clock_now_ms() + READY_MS);
        loop_run(stage->loop);
        buffer_clear(&why);
        ready = service_ready(stage->service, &why);
    }
    loop_disarm(stage->loop, &stage->tick);
    loop_disarm(stage->loop, &stage->deadline);
    terminal_progress(stderr, NULL);
    if (!ready)
        error_set(err, ERROR_SYSTEM, "%s", stage->interrupted ? "interrupted" : buffer_text(&why));
    buffer_finish(&why);
    return ready;
}

static bool create_retry_topics(struct demo_stage *stage, struct error *err)
{
    struct retry_topics *retries = retry_topics_create(stage->configuration.settings, NULL);
    bool fine = retries || error_set(err, ERROR_MEMORY, "no memory for retry topics");
    for (size_t i = 0; fine && i < retries->count; i++)
        fine = demo_kafka_create_topic(stage->kafka, retries->items[i].name, err);
    retry_topics_destroy(retries);
    return fine;
}

static bool create_topics(struct demo_stage *stage, struct error *err)
{
    for (size_t i = 0; i < demo_act_count; i++)
        if (!demo_kafka_create_topic(stage->kafka, demo_acts[i]->topic, err))
            return false;
    const struct settings_topics *topics = &stage->configuration.settings->topics;
    return create_retry_topics(stage, err) &&
           demo_kafka_create_topic(stage->kafka, topics->state.data, err) &&
           demo_kafka_create_topic(stage->kafka, demo_stage_results(stage), err) &&
           demo_kafka_create_topic(stage->kafka, demo_stage_dead_letters(stage), err);
}

static bool configure(struct demo_stage *stage, struct error *err)
{
    struct demo_files *files = &stage->files;
    snprintf(files->kafka, sizeof(files->kafka), "%s", demo_kafka_address(stage->kafka));
    snprintf(files->receiver, sizeof(files->receiver), "http://127.0.0.1:%u",
             receiver_port(stage->receiver));
    if (!demo_files_write(files, err))
        return false;
    for (size_t i = 0; i < demo_act_count; i++)
        if (demo_acts[i]->status != STATUS_OK &&
            !receiver_answer(stage->receiver, demo_acts[i]->target, demo_acts[i]->status, err))
            return false;
    if (!configuration_load(files->config, &stage->configuration))
        return error_set(err, ERROR_INPUT, "the demo's own configuration is wrong");
    const struct settings *settings = stage->configuration.settings;
    log_configure(settings->log_level, settings->log_format);
    return true;
}

static bool start_service(struct demo_stage *stage, struct error *err)
{
    const struct service_options options = {
        .settings = stage->configuration.settings,
        .catalog = stage->configuration.catalog,
        .loop = stage->loop,
        .context = stage,
        .stopped = take_stopped,
    };
    stage->service = service_create(&options, err);
    stage->started = stage->service && service_start(stage->service, err);
    return stage->started;
}

static bool is_ready(void *context, struct buffer *why)
{
    return service_ready(context, why);
}

static bool open_listener(struct demo_stage *stage, struct error *err)
{
    const struct listener_options options = {
        .settings = &stage->configuration.settings->admin,
        .metrics = service_metrics(stage->service),
        .ready = is_ready,
        .context = stage->service,
    };
    stage->listener = listener_open(&options, err);
    return stage->listener != NULL;
}

bool demo_stage_open(struct demo_stage *stage, const struct demo_hooks *hooks, struct error *err)
{
    stage->deadline.fire = run_late;
    stage->tick.fire = look_again;
    stage->loop = loop_create(err);
    if (!stage->loop)
        return false;
    stage->signals = signals_open(stage->loop, take_signal, stage, err);
    if (!stage->signals)
        return false;
    stage->kafka = demo_kafka_open(stage->loop, hooks->record, hooks->context, err);
    if (!stage->kafka)
        return false;
    stage->receiver = receiver_open(stage->loop, hooks->webhook, hooks->context, err);
    return stage->receiver && configure(stage, err) && create_topics(stage, err) &&
           start_service(stage, err) && open_listener(stage, err);
}

/* It drains: what was finished is committed. A second signal ends the program at once. */
static bool stop_service(struct demo_stage *stage, struct error *err)
{
    bool done = true;
    if (stage->started) {
        stage->interrupted = false;
        signals_let_go(stage->signals);
        service_stop(stage->service);
        done = demo_stage_wait(stage, &stage->stopped, 1, "end of the service", err);
    }
    service_destroy(stage->service);
    return done;
}

bool demo_stage_close(struct demo_stage *stage, bool keep_files, struct error *err)
{
    listener_close(stage->listener);
    bool done = stop_service(stage, err);
    configuration_finish(&stage->configuration);
    receiver_close(stage->receiver);
    demo_kafka_close(stage->kafka);
    signals_close(stage->signals);
    loop_destroy(stage->loop);
    if (!keep_files)
        demo_files_remove(&stage->files);
    return done;
}
