#include <stdio.h>

#include "cli/configuration.h"
#include "cli/exchange.h"
#include "cli/terminal.h"

/* "NAME: " in bold where there is colour. */
static void print_name(const char *name)
{
    bool bold = terminal_has_colour(stdout);
    printf("%s%s:%s ", bold ? "\033[1m" : "", name, bold ? "\033[0m" : "");
}

/* What is said of an event may quote it. */
static void print_clean(const char *before, struct slice text)
{
    struct buffer clean = {0};
    terminal_clean(&clean, text, false);
    printf("%s%.*s\n", before, SLICE_ARGS(buffer_slice(&clean)));
    buffer_finish(&clean);
}

static enum command_exit render(const struct route *route, const struct sample *sample,
                                struct decoder *decoder, bool show_secrets)
{
    struct trial trial = {0};
    enum command_exit exit = COMMAND_DONE;
    enum trial_verdict verdict = trial_run(&trial, route, sample, decoder);
    print_name(route->sub->name);
    switch (verdict) {
    case TRIAL_TAKEN:
        puts("taken\n");
        exchange_print_request(stdout, route, &trial, show_secrets);
        putchar('\n');
        break;
    case TRIAL_LEFT:
        print_clean("not taken: ", buffer_slice(&trial.why_not));
        break;
    case TRIAL_FAILED:
        printf("a dead letter, reason %s", error_name(trial.err.kind));
        print_clean(": ", slice_of(trial.err.text));
        exit = COMMAND_WRONG_INPUT;
        break;
    case TRIAL_ABSENT:
        print_clean("waits: ", slice_of(trial.err.text));
        exit = COMMAND_OUTSIDE_FAILED;
        break;
    }
    trial_finish(&trial);
    return exit;
}

/* What failed outside counts for more than what the event is. */
static enum command_exit render_all(const struct catalog *catalog, const struct sample *sample,
                                    struct decoder *decoder, bool show_secrets)
{
    enum command_exit worst = COMMAND_DONE;
    for (size_t i = 0; i < catalog->count; i++) {
        enum command_exit exit = render(&catalog->routes[i], sample, decoder, show_secrets);
        worst = exit > worst ? exit : worst;
    }
    return worst;
}

static enum command_exit render_asked(const struct configuration *configuration,
                                      const struct command_line *line)
{
    const struct catalog *catalog = configuration->catalog;
    struct error err = {0};
    struct sample sample = {0};
    bool show_secrets = command_given(line, OPTION_SHOW_SECRETS);
    const char *name = command_value(line, OPTION_SUBSCRIPTION);
    const struct route *route = name ? trial_find_route(catalog, name, &err) : NULL;
    struct decoder *decoder = decoder_create_waiting(&configuration->settings->registry, &err);
    enum command_exit exit = COMMAND_DONE;
    if (!decoder || (name && !route) || !sample_read(line, &sample, &err))
        exit = command_fail(&err);
    else if (!route)
        exit = render_all(catalog, &sample, decoder, show_secrets);
    else
        exit = render(route, &sample, decoder, show_secrets);
    decoder_destroy(decoder);
    sample_finish(&sample);
    return exit;
}

enum command_exit render_command(const struct command_line *line)
{
    struct configuration configuration;
    if (!configuration_load(command_config(line), &configuration))
        return COMMAND_WRONG_INPUT;
    enum command_exit exit = render_asked(&configuration, line);
    configuration_finish(&configuration);
    return exit;
}
