#include <stdio.h>

#include "cli/configuration.h"
#include "cli/exchange.h"
#include "cli/terminal.h"
#include "cli/trial_json.h"

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

/* How it is asked for. */
struct view {
    bool json;
    bool show_secrets;
};

static void print_text(const struct route *route, const struct trial *trial,
                       enum trial_verdict verdict, bool show_secrets)
{
    print_name(route->sub->name);
    switch (verdict) {
    case TRIAL_TAKEN:
        puts("taken\n");
        exchange_print_request(stdout, route, trial, show_secrets);
        putchar('\n');
        break;
    case TRIAL_LEFT:
        print_clean("not taken: ", buffer_slice(&trial->why_not));
        break;
    case TRIAL_FAILED:
        printf("a dead letter, reason %s", error_name(trial->err.kind));
        print_clean(": ", slice_of(trial->err.text));
        break;
    case TRIAL_ABSENT:
        print_clean("waits: ", slice_of(trial->err.text));
        break;
    }
}

static void print_json(const struct route *route, const struct trial *trial,
                       enum trial_verdict verdict, bool show_secrets)
{
    struct buffer line = {0};
    trial_add_json(&line, route, trial, verdict, show_secrets);
    printf("%.*s\n", SLICE_ARGS(buffer_slice(&line)));
    buffer_finish(&line);
}

static enum command_exit render(const struct route *route, const struct sample *sample,
                                struct decoder *decoder, const struct view *view)
{
    static const enum command_exit exits[] = {
        [TRIAL_TAKEN] = COMMAND_DONE,
        [TRIAL_LEFT] = COMMAND_DONE,
        [TRIAL_FAILED] = COMMAND_WRONG_INPUT,
        [TRIAL_ABSENT] = COMMAND_OUTSIDE_FAILED,
    };
    struct trial trial = {0};
    enum trial_verdict verdict = trial_run(&trial, route, sample, decoder);
    (view->json ? print_json : print_text)(route, &trial, verdict, view->show_secrets);
    trial_finish(&trial);
    return exits[verdict];
}

/* What failed outside counts for more than what the event is. */
static enum command_exit render_all(const struct catalog *catalog, const struct sample *sample,
                                    struct decoder *decoder, const struct view *view)
{
    enum command_exit worst = COMMAND_DONE;
    for (size_t i = 0; i < catalog->count; i++) {
        enum command_exit exit = render(&catalog->routes[i], sample, decoder, view);
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
    const struct view view = {command_wants_json(line), command_given(line, OPTION_SHOW_SECRETS)};
    const char *name = command_value(line, OPTION_SUBSCRIPTION);
    const struct route *route = name ? trial_find_route(catalog, name, &err) : NULL;
    struct decoder *decoder = decoder_create_waiting(&configuration->settings->registry, &err);
    enum command_exit exit = COMMAND_DONE;
    if (!decoder || (name && !route) || !sample_read(line, &sample, &err))
        exit = command_fail(&err);
    else if (!route)
        exit = render_all(catalog, &sample, decoder, &view);
    else
        exit = render(route, &sample, decoder, &view);
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
