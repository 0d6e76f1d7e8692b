/* `grapnel subscriptions`: which there are, and a person's switch for each, kept in Kafka.
 *
 * What can fail: a name that is in no configuration (exit 1, and nothing is changed), Kafka (3). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/jtext.h"
#include "base/log.h"
#include "base/nearest.h"
#include "cli/commands.h"
#include "cli/configuration.h"
#include "cli/table.h"
#include "inspect/switches.h"

static const char *state_colour(struct slice state)
{
    return slice_is(state, "enabled") ? "32" : "31";
}

static const struct table_column columns[] = {
    {.title = "SUBSCRIPTION", .least = 12},
    {.title = "GROUP", .least = 12},
    {.title = "STATE", .colour = state_colour},
    {.title = "REASON"},
    {.title = "SINCE"},
    {.title = "PARKED KEYS", .right = true},
};

static const char *state_name(const struct switch_state *state)
{
    return state->disabled ? "disabled" : "enabled";
}

static void group_name(const struct switch_state *state, char *text, size_t size)
{
    snprintf(text, size, GROUP_PREFIX "%s", subscription_group(state->sub));
}

static void print_row(struct table *table, const struct switch_state *state)
{
    char group[128];
    char since[CLOCK_ISO_SIZE] = "";
    char parked[24];
    group_name(state, group, sizeof group);
    if (state->disabled)
        clock_iso(state->unix_ms, since);
    snprintf(parked, sizeof parked, "%zu", state->parked_keys);
    const struct slice cells[] = {
        slice_of(state->sub->name), slice_of(group), slice_of(state_name(state)),
        slice_of(state->reason),    slice_of(since), slice_of(parked),
    };
    (void)table_add(table, cells);
}

static void print_json(const struct switch_state *state)
{
    char group[128];
    char since[CLOCK_ISO_SIZE] = "";
    struct buffer line = {0};
    group_name(state, group, sizeof group);
    buffer_print(&line, "{\"subscription\":\"%s\",\"group\":\"%s\",\"state\":\"%s\",\"reason\":",
                 state->sub->name, group, state_name(state));
    if (state->disabled) {
        clock_iso(state->unix_ms, since);
        jtext_add_string(&line, slice_of(state->reason));
        buffer_print(&line, ",\"since\":\"%s\"", since);
    } else {
        buffer_add_text(&line, "null,\"since\":null");
    }
    buffer_print(&line, ",\"parked_keys\":%zu}\n", state->parked_keys);
    fwrite(buffer_slice(&line).data, 1, line.size, stdout);
    buffer_finish(&line);
}

static bool list(const struct command_line *line, const struct settings *settings,
                 struct error *err)
{
    struct switch_state *states = switches_read(settings, err);
    if (!states)
        return false;
    bool json = command_wants_json(line);
    struct table *table = json ? NULL : table_create(stdout, columns, COUNT_OF(columns));
    for (size_t i = 0; i < settings->subscription_count; i++) {
        if (json)
            print_json(&states[i]);
        else if (table)
            print_row(table, &states[i]);
    }
    table_destroy(table);
    free(states);
    return true;
}

static bool find(const struct settings *settings, const char *name, size_t *place,
                 struct error *err)
{
    struct nearest nearest;
    nearest_init(&nearest, slice_of(name));
    for (*place = 0; *place < settings->subscription_count; (*place)++) {
        if (strcmp(settings->subscriptions[*place].name, name) == 0)
            return true;
        nearest_offer(&nearest, settings->subscriptions[*place].name);
    }
    if (nearest.name)
        return error_set(err, ERROR_INPUT, "there is no subscription '%s'; did you mean %s?", name,
                         nearest.name);
    return error_set(err, ERROR_INPUT, "there is no subscription '%s' in the configuration", name);
}

static bool set(const struct command_line *line, const struct settings *settings, bool disabled,
                struct error *err)
{
    size_t count = line->argument_count - 1;
    size_t *places = calloc(line->argument_count, sizeof *places);
    bool fine = places || error_set(err, ERROR_MEMORY, "no memory for the names");
    if (fine && count == 0)
        fine = error_set(err, ERROR_USAGE, "'subscriptions %s' needs the name of a subscription",
                         line->arguments[0]);
    for (size_t i = 0; fine && i < count; i++)
        fine = find(settings, line->arguments[1 + i], &places[i], err);
    fine = fine && switches_set(settings, places, count, disabled, err);
    for (size_t i = 0; fine && i < count; i++)
        printf("%s is %s\n", line->arguments[1 + i], disabled ? "disabled" : "enabled");
    free(places);
    return fine;
}

static bool run(const struct command_line *line, const struct settings *settings, struct error *err)
{
    const char *verb = line->argument_count > 0 ? line->arguments[0] : "list";
    if (strcmp(verb, "list") == 0)
        return list(line, settings, err);
    if (strcmp(verb, "enable") == 0 || strcmp(verb, "disable") == 0)
        return set(line, settings, verb[0] == 'd', err);
    if (strcmp(verb, "show") == 0)
        return error_set(err, ERROR_USAGE, "'subscriptions show' is not supported yet");
    return error_set(err, ERROR_USAGE, "'subscriptions' does list, enable and disable, not '%s'",
                     verb);
}

enum command_exit subscriptions_command(const struct command_line *line)
{
    struct error err = {0};
    struct configuration configuration = {0};
    enum command_exit exit = COMMAND_WRONG_INPUT;
    log_configure(LOG_ERROR, LOG_TEXT); /* what matters of librdkafka's is in our error */
    if (configuration_read(command_config(line), &configuration))
        exit = run(line, configuration.settings, &err) ? COMMAND_DONE : command_fail(&err);
    configuration_finish(&configuration);
    return exit;
}
