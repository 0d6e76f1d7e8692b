#include "cli/trial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/nearest.h"
#include "cli/terminal.h"
#include "jq/jq.h"

#define VALUE_BYTES_MAX ((size_t)64 * 1024 * 1024) /* the largest delivery.max_body */
#define READ_BYTES      65536

static bool read_value(struct buffer *value, struct error *err)
{
    if (terminal_is(stdin))
        fputs("Type the event, and end it with Ctrl-D.\n", stderr);
    value->limit = VALUE_BYTES_MAX;
    for (;;) {
        char *room = buffer_reserve(value, READ_BYTES);
        if (!room)
            return error_set(err, ERROR_INPUT, "the event is larger than 64 MiB");
        ssize_t size = read(STDIN_FILENO, room, READ_BYTES);
        if (size < 0)
            return error_set(err, ERROR_INPUT, "the event can't be read: %s",
                             strerrorname_np(errno));
        if (size == 0)
            break;
        value->size += (size_t)size;
    }
    /* A line feed at the end is the file's, as for kcat; but behind a schema's id it may be Avro.
     */
    if (value->size && value->data[value->size - 1] == '\n' && value->data[0] != '\0')
        value->size--;
    return true;
}

/* "name: value", or without the space. */
static bool add_header(struct sample *sample, const char *text, struct error *err)
{
    const char *colon = strchr(text, ':');
    if (!colon || colon == text)
        return error_set(err, ERROR_USAGE, "--header %s: it must be NAME:VALUE", text);
    const char *value = colon + 1 + strspn(colon + 1, " ");
    sample->headers[sample->header_count++] = (struct record_header){
        .name = {text, (size_t)(colon - text)},
        .value = slice_of(value),
    };
    return true;
}

bool sample_read(const struct command_line *line, struct sample *sample, struct error *err)
{
    *sample = (struct sample){
        .topic = command_value(line, OPTION_TOPIC),
        .key = slice_of(command_value(line, OPTION_KEY)),
        .headers = calloc(line->option_count + 1, sizeof(struct record_header)),
    };
    if (!sample->headers)
        return error_set(err, ERROR_MEMORY, "no memory for the event");
    for (size_t i = 0; i < line->option_count; i++)
        if (line->options[i].option == OPTION_HEADER &&
            !add_header(sample, line->options[i].value, err))
            return false;
    return read_value(&sample->value, err);
}

void sample_finish(struct sample *sample)
{
    buffer_finish(&sample->value);
    free(sample->headers);
    *sample = (struct sample){0};
}

static const char *first_topic(const struct subscription *sub)
{
    for (size_t i = 0; i < sub->topics.count; i++)
        if (sub->topics.items[i].data[0] != '^')
            return sub->topics.items[i].data;
    return NULL;
}

static struct record *make_record(const struct sample *sample, const char *topic)
{
    const struct record_source from = {
        .topic = slice_of(topic),
        .timestamp_ms = clock_unix_ms(),
        .key = sample->key,
        .value = sample->value.size ? buffer_slice(&sample->value) : SLICE_NONE,
        .headers = sample->headers,
        .header_count = sample->header_count,
    };
    return record_create(&from);
}

/* It would become a dead letter, unless the cause is nobody's but ours. */
static enum trial_verdict failed(const struct route *route, struct error *err)
{
    mask_error(route->mask, err);
    return err->kind == ERROR_SYSTEM || err->kind == ERROR_MEMORY ? TRIAL_ABSENT : TRIAL_FAILED;
}

static enum trial_verdict run_stages(struct trial *trial, const struct route *route,
                                     struct decoder *decoder)
{
    struct error *err = &trial->err;
    if (!decoder_decode_now(decoder, trial->record, route->sub->format, &trial->ev, err))
        return err->kind == ERROR_DECODE ? TRIAL_FAILED : TRIAL_ABSENT;
    if (!matcher_wants(route->matcher, &trial->ev, &trial->why_not))
        return TRIAL_LEFT;
    bool wanted = false;
    trial->filter = (struct filter_run){.jq = jq_create(), .why_not = &trial->why_not};
    if (!filter_wants(route->filter, &trial->ev, &trial->filter, &wanted, err))
        return failed(route, err);
    if (!wanted)
        return TRIAL_LEFT;
    if (!plan_render(route->plan, &trial->ev, trial->filter.jq, &trial->request, err) ||
        !authorise(route, &trial->request, clock_unix_ms(), &trial->authorised, &trial->http, err))
        return failed(route, err);
    return TRIAL_TAKEN;
}

enum trial_verdict trial_run(struct trial *trial, const struct route *route,
                             const struct sample *sample, struct decoder *decoder)
{
    const char *topic = sample->topic ? sample->topic : first_topic(route->sub);
    if (!topic) {
        buffer_add_text(&trial->why_not, "its topics are expressions, and --topic names none");
        return TRIAL_LEFT;
    }
    if (!matcher_wants_topic(route->matcher, topic)) {
        struct place at = route->sub->topics.items[0].at;
        buffer_print(&trial->why_not, "%s:%u:%u: topics: \"%s\" is none of them", at.file, at.line,
                     at.column, topic);
        return TRIAL_LEFT;
    }
    trial->record = make_record(sample, topic);
    if (!trial->record) {
        error_set(&trial->err, ERROR_MEMORY, "no memory for the event");
        return TRIAL_FAILED;
    }
    return run_stages(trial, route, decoder);
}

void trial_finish(struct trial *trial)
{
    event_finish(&trial->ev);
    request_finish(&trial->request);
    authorised_finish(&trial->authorised);
    buffer_finish(&trial->why_not);
    buffer_finish(&trial->filter.scratch);
    jq_destroy(trial->filter.jq);
    if (trial->record)
        record_destroy(trial->record);
    *trial = (struct trial){0};
}

const struct route *trial_find_route(const struct catalog *catalog, const char *name,
                                     struct error *err)
{
    const struct route *route = catalog_find(catalog, name);
    if (route)
        return route;
    const char **names = calloc(catalog->count + 1, sizeof *names);
    for (size_t i = 0; names && i < catalog->count; i++)
        names[i] = catalog->routes[i].sub->name;
    const char *nearest = names ? nearest_name(slice_of(name), names, catalog->count) : NULL;
    error_set(err, ERROR_INPUT, "there is no subscription \"%s\"%s%s%s", name,
              nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
    free(names);
    return NULL;
}
