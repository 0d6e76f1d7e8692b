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

static enum trial_verdict render(const struct route *route, const struct sample *sample,
                                 const struct view *view)
{
    struct trial trial = {0};
    enum trial_verdict verdict = trial_run(&trial, route, sample);
    (view->json ? print_json : print_text)(route, &trial, verdict, view->show_secrets);
    trial_finish(&trial);
    return verdict;
}

static enum command_exit render_all(const struct catalog *catalog, const struct sample *sample,
                                    const struct view *view)
{
    bool fine = true;
    for (size_t i = 0; i < catalog->count; i++)
        fine = render(&catalog->routes[i], sample, view) != TRIAL_FAILED && fine;
    return fine ? COMMAND_DONE : COMMAND_WRONG_INPUT;
}

static enum command_exit render_asked(const struct catalog *catalog,
                                      const struct command_line *line)
{
    struct error err = {0};
    struct sample sample = {0};
    const struct view view = {command_wants_json(line), command_given(line, OPTION_SHOW_SECRETS)};
    const char *name = command_value(line, OPTION_SUBSCRIPTION);
    const struct route *route = name ? trial_find_route(catalog, name, &err) : NULL;
    enum command_exit exit = COMMAND_DONE;
    if ((name && !route) || !sample_read(line, &sample, &err))
        exit = command_fail(&err);
    else if (!route)
        exit = render_all(catalog, &sample, &view);
    else if (render(route, &sample, &view) == TRIAL_FAILED)
        exit = COMMAND_WRONG_INPUT;
    sample_finish(&sample);
    return exit;
}

enum command_exit render_command(const struct command_line *line)
{
    struct configuration configuration;
    if (!configuration_load(command_config(line), &configuration))
        return COMMAND_WRONG_INPUT;
    enum command_exit exit = render_asked(configuration.catalog, line);
    configuration_finish(&configuration);
    return exit;
}
