/* `grapnel run`: the service, until a signal ends it. */
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
};

static void on_stopped(void *context)
{
    struct run *run = context;
    loop_stop(run->loop);
}

static void on_signal(void *context, int signal)
{
    struct run *run = context;
    if (signal == SIGHUP) {
        log_warn("reload is not supported yet: restart to apply changes");
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
    struct run run = {0};
    struct error err = {0};
    enum command_exit code = COMMAND_DONE;
    if (open_all(&run, &configuration, &err)) {
        log_info("started", STR("version", GRAPNEL_VERSION),
                 STR("admin", configuration.settings->admin.listen.data),
                 INT("subscriptions", configuration.catalog->count));
        loop_run(run.loop);
    } else {
        code = command_fail(&err);
    }
    close_all(&run);
    configuration_finish(&configuration);
    return code;
}
