/* The happy path: the trial makes the request, a loop of its own runs until it is answered, both
 * are printed. What can fail: the subscription doesn't want the event or the request can't be made
 * (exit 1), or the receiver doesn't take it (exit 3). */
#include <stdio.h>

#include "base/clock.h"
#include "cli/configuration.h"
#include "cli/exchange.h"
#include "deliver/outcome.h"
#include "loop/loop.h"

struct sending {
    struct loop *loop;
    const struct route *route;
    bool show_secrets;
    struct buffer head; /* of the answer */
    struct error err;   /* of kind ERROR_NONE: delivered */
};

static void answered(void *context, const struct http_exchange *exchange)
{
    struct sending *sending = context;
    struct error text = {0};
    struct outcome outcome = {0};
    exchange_print_answer(stdout, sending->route, exchange, buffer_slice(&sending->head),
                          sending->show_secrets);
    outcome_classify(exchange, &sending->route->sub->delivery.success, clock_unix_ms(), &text,
                     &outcome);
    if (outcome.kind != ERROR_NONE)
        error_set(&sending->err, outcome.kind, "not delivered: %s", outcome.error);
    if (!sending->show_secrets)
        mask_error(sending->route->mask, &sending->err);
    loop_stop(sending->loop);
}

static bool exchange(struct sending *sending, struct http_request request, struct error *err)
{
    request.head = &sending->head;
    sending->loop = loop_create(err);
    struct http *http = sending->loop ? http_create(sending->loop, 1, err) : NULL;
    bool sent = http && http_send(http, &request, answered, sending, err);
    if (sent)
        loop_run(sending->loop);
    http_destroy(http);
    loop_destroy(sending->loop);
    buffer_finish(&sending->head);
    return sent;
}

static enum command_exit send_taken(const struct route *route, const struct trial *trial,
                                    bool show_secrets)
{
    struct error err = {0};
    struct sending sending = {.route = route, .show_secrets = show_secrets};
    exchange_print_request(stdout, route, trial, show_secrets);
    putchar('\n');
    fflush(stdout);
    if (!exchange(&sending, trial->http, &err)) {
        mask_error(route->mask, &err);
        return command_fail(&err);
    }
    return sending.err.kind == ERROR_NONE ? COMMAND_DONE : command_fail(&sending.err);
}

static enum command_exit send_sample(const struct route *route, const struct sample *sample,
                                     struct decoder *decoder, bool show_secrets)
{
    struct error err = {0};
    struct trial trial = {0};
    enum command_exit exit = COMMAND_WRONG_INPUT;
    switch (trial_run(&trial, route, sample, decoder)) {
    case TRIAL_TAKEN:
        exit = send_taken(route, &trial, show_secrets);
        break;
    case TRIAL_LEFT:
        error_set(&err, ERROR_INPUT, "not sent: %s", buffer_text(&trial.why_not));
        exit = command_fail(&err);
        break;
    case TRIAL_FAILED:
    case TRIAL_ABSENT:
        error_wrap(&trial.err, "not sent");
        exit = command_fail(&trial.err);
        break;
    }
    trial_finish(&trial);
    return exit;
}

enum command_exit send_command(const struct command_line *line)
{
    struct configuration configuration;
    struct error err = {0};
    struct sample sample = {0};
    if (!configuration_load(command_config(line), &configuration))
        return COMMAND_WRONG_INPUT;
    const char *name = command_value(line, OPTION_SUBSCRIPTION);
    const struct route *route = trial_find_route(configuration.catalog, name, &err);
    struct decoder *decoder =
        route ? decoder_create_waiting(&configuration.settings->registry, &err) : NULL;
    enum command_exit exit = COMMAND_DONE;
    if (!decoder || !sample_read(line, &sample, &err))
        exit = command_fail(&err);
    else
        exit = send_sample(route, &sample, decoder, command_given(line, OPTION_SHOW_SECRETS));
    decoder_destroy(decoder);
    sample_finish(&sample);
    configuration_finish(&configuration);
    return exit;
}
