#include "sim/play/instance.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/configuration.h"
#include "loop/loop.h"
#include "loop/mailbox.h"
#include "service/service.h"
#include "sim/kafka/rdk.h"
#include "sim/model/model.h"
#include "sim/world/fiber.h"
#include "sim/world/memory.h"
#include "sim/world/process.h"
#include "sim/world/world.h"

/* `service` and what is below are the process's memory. */
struct instance {
    unsigned number;
    unsigned variant;
    struct process *process; /* NULL: off */
    bool stopping;
    const struct configuration *configuration;
    struct loop *loop;
    struct mailbox *mailbox;
    struct message stop;
    struct message reload;
    unsigned reload_to; /* a variant */
    bool reload_posted;
    struct service *service;
};

/* Of each variant. The file stays open: a reload reads it again. */
static struct configuration configurations[VARIANTS_MOST];
static char paths[VARIANTS_MOST][64];
static struct instance instances[INSTANCES_MOST];

/* ── configurations ──────────────────────────────────────────────────────── */

/* limits.memory; what they have instead may be less than may be written. */
static size_t written_memory_bytes;

static void read_configuration(const struct scenario *scenario, unsigned variant)
{
    char *path = paths[variant];
    struct configuration *configuration = &configurations[variant];
    FILE *file = fdopen(memfd_create("grapnel.yaml", 0), "w");
    if (!file)
        world_fail("no file for a configuration");
    scenario_write_yaml(scenario, variant, file);
    fflush(file);
    snprintf(path, sizeof paths[variant], "/proc/self/fd/%d", fileno(file));
    if (!configuration_load(path, configuration))
        world_fail("the configuration is wrong");
    written_memory_bytes = configuration->settings->limits.memory_bytes;
    configuration->settings->limits.memory_bytes = (size_t)scenario->world.memory_kb * 1024;
}

void instances_prepare(const struct scenario *scenario)
{
    for (unsigned v = 0; v < scenario->variant_count; v++)
        read_configuration(scenario, v);
    for (unsigned i = 0; i < INSTANCES_MOST; i++)
        instances[i].number = i;
}

/* ── signals ─────────────────────────────────────────────────────────────── */

/* The old one is in use yet, in places, for a moment. */
static void note_reloaded(struct instance *instance, unsigned variant)
{
    world_trace("reloaded: variant %u", variant);
    instance->variant = variant;
    model_reloaded(instance->process, variant);
}

/* As cli/run.c does it; what only a restart changes is as it was when it started. */
static void reload(struct instance *instance)
{
    struct configuration made;
    unsigned variant = instance->reload_to;
    instance->reload_posted = false;
    struct settings first = *instance->configuration->settings;
    first.limits.memory_bytes = written_memory_bytes;
    bool fine =
        configuration_load_again(paths[variant], &first, service_catalog(instance->service), &made);
    if (fine)
        made.settings->limits = instance->configuration->settings->limits;
    if (!fine)
        world_trace("not reloaded: nothing has changed");
    else if (!service_reload(instance->service, made.settings, made.catalog))
        configuration_finish(&made);
    else
        note_reloaded(instance, variant);
}

static void on_signal(void *context, struct message *message)
{
    struct instance *instance = context;
    if (message == &instance->reload)
        reload(instance);
    else
        service_stop(instance->service);
}

/* ── a life ──────────────────────────────────────────────────────────────── */

static void on_stopped(void *context)
{
    struct instance *instance = context;
    loop_stop(instance->loop);
}

static void open_all(struct instance *instance)
{
    struct error err = {0};
    const struct service_options options = {
        .settings = instance->configuration->settings,
        .catalog = instance->configuration->catalog,
        .context = instance,
        .stopped = on_stopped,
        .loop = instance->loop = loop_create(&err),
    };
    if (instance->loop)
        instance->mailbox = mailbox_create(instance->loop, on_signal, instance, &err);
    if (instance->mailbox)
        instance->service = service_create(&options, &err);
    if (!instance->service || !service_start(instance->service, &err))
        world_fail("the service does not start: %s", err.text);
}

static void close_all(struct instance *instance)
{
    struct service *service = instance->service;
    instance->service = NULL;
    service_destroy(service);
    mailbox_destroy(instance->mailbox);
    instance->mailbox = NULL;
    loop_destroy(instance->loop);
}

/* librdkafka 2.0.2 can't destroy a consumer that has joined and was never assigned anything:
 * lane.c leaves such a one to the system, with its lane. */
static void check_leaks(const struct process *process)
{
    unsigned unassigned = 0;
    unsigned handles = rdk_open_handles(process, &unassigned);
    if (handles != unassigned)
        world_fail("%u client(s) of Kafka were not destroyed", handles - unassigned);
    if (handles == 0 && process->memory.count > 0)
        world_fail("%zu block(s) of memory are left at the end of a clean stop",
                   process->memory.count);
}

/* What comes after exit(): the process is gone, and its connections end. */
static void *live(void *context)
{
    struct instance *instance = context;
    struct process *process = instance->process;
    open_all(instance);
    loop_run(instance->loop);
    close_all(instance);
    check_leaks(process);
    world_trace("stopped");
    model_stopped(process);
    instance->process = NULL;
    process_die();
}

void instance_start(unsigned number, unsigned variant)
{
    struct instance *instance = &instances[number];
    char name[16];
    if (instance->process)
        return;
    snprintf(name, sizeof name, "grapnel-%u", number);
    *instance = (struct instance){
        .number = number,
        .variant = variant,
        .configuration = &configurations[variant],
        .process = process_create(name),
    };
    world_trace("%s starts, variant %u", instance->process->name, variant);
    model_started(instance->process, variant);
    fiber_start(instance->process, live, instance);
}

void instance_reload(unsigned number, unsigned variant)
{
    struct instance *instance = &instances[number];
    if (!instance->process || !instance->mailbox || !instance->service)
        return;
    world_trace("%s is told to reload, variant %u", instance->process->name, variant);
    instance->reload_to = variant;
    if (!instance->reload_posted)
        mailbox_post(instance->mailbox, &instance->reload);
    instance->reload_posted = true;
}

void instance_stop(unsigned number)
{
    struct instance *instance = &instances[number];
    if (!instance->process || instance->stopping || !instance->mailbox || !instance->service)
        return;
    world_trace("%s is told to stop", instance->process->name);
    instance->stopping = true;
    model_stopping(instance->process);
    mailbox_post(instance->mailbox, &instance->stop);
}

void instance_kill(unsigned number)
{
    struct instance *instance = &instances[number];
    if (!instance->process)
        return;
    world_trace("%s is killed", instance->process->name);
    model_killed(instance->process);
    process_kill(instance->process);
    instance->process = NULL;
}

void instances_bury(void)
{
    for (unsigned i = 0; i < INSTANCES_MOST; i++)
        if (instances[i].process && !instances[i].process->alive)
            instances[i].process = NULL;
}

struct process *instance_process(unsigned number)
{
    return instances[number].process;
}

bool instance_runs(unsigned number)
{
    return instances[number].process && !instances[number].stopping;
}

unsigned instance_variant(unsigned number)
{
    return instances[number].variant;
}
