/* `grapnel run`: the service, until a signal ends it. SIGHUP has it read its configuration again:
 * what is wrong changes nothing. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "admin/listener.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/configuration.h"
#include "loop/loop.h"
#include "loop/signals.h"
#include "service/service.h"

struct run {
    struct loop *loop;
    struct signals *signals;
    struct service *service;
    struct listener *listener;
    const char *path; /* of the configuration */
    const struct settings *first;
};

static void on_stopped(void *context)
{
    struct run *run = context;
    loop_stop(run->loop);
}

static void reload(struct run *run)
{
    struct configuration made;
    if (!configuration_load_again(run->path, run->first, service_catalog(run->service), &made)) {
        log_error("not reloaded: nothing has changed");
        return;
    }
    const struct settings *settings = made.settings;
    if (!service_reload(run->service, made.settings, made.catalog)) {
        configuration_finish(&made);
        log_error("not reloaded: it is stopping, or there is no memory");
        return;
    }
    log_configure(settings->log_level, settings->log_format);
    if (run->listener)
        listener_set_tokens(run->listener, &settings->admin);
    log_info("reloaded", INT("subscriptions", settings->subscription_count));
}

static void on_signal(void *context, int signal)
{
    struct run *run = context;
    if (signal == SIGHUP) {
        reload(run);
        return;
    }
    signals_let_go(run->signals);
    service_stop(run->service);
}

static bool ready(void *context, struct buffer *why)
{
    return service_ready(context, why);
}

static bool open_all(struct run *run, const struct configuration *configuration, struct error *err)
{
    run->loop = loop_create(err);
    if (!run->loop)
        return false;
    run->signals = signals_open(run->loop, on_signal, run, err);
    const struct service_options options = {
        .settings = configuration->settings,
        .catalog = configuration->catalog,
        .loop = run->loop,
        .context = run,
        .stopped = on_stopped,
    };
    run->service = run->signals ? service_create(&options, err) : NULL;
    if (!run->service)
        return false;
    if (!configuration->settings->admin.listen.data) /* null: nowhere */
        return service_start(run->service, err);
    const struct listener_options listener = {
        .settings = &configuration->settings->admin,
        .metrics = service_metrics(run->service),
        .ready = ready,
        .context = run->service,
    };
    run->listener = listener_open(&listener, err);
    return run->listener && service_start(run->service, err);
}

static void close_all(struct run *run)
{
    listener_close(run->listener);
    service_destroy(run->service);
    signals_close(run->signals);
    loop_destroy(run->loop);
}

enum command_exit run_command(const struct command_line *line)
{
    struct configuration configuration = {0};
    if (!configuration_load(command_config(line), &configuration))
        return COMMAND_WRONG_INPUT;
    log_configure(configuration.settings->log_level, configuration.settings->log_format);
    struct run run = {.path = command_config(line), .first = configuration.settings};
    struct error err = {0};
    enum command_exit code = COMMAND_DONE;
    if (open_all(&run, &configuration, &err)) {
        log_info("started", STR("version", GRAPNEL_VERSION),
                 STR("admin", configuration.settings->admin.listen.data),
                 INT("subscriptions", configuration.catalog->count));
        loop_run(run.loop);
        if (!service_ended_well(run.service, &err))
            code = command_fail(&err);
    } else {
        code = command_fail(&err);
    }
    close_all(&run);
    configuration_finish(&configuration);
    return code;
}
