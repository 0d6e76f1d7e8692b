/* The happy path: a step is asked (registration.c says what), its answer moves the step on, until
 * there is an id.
 * What can fail: the registry is absent, or anybody but it answers: then the same step is asked
 * again after a pause, longer each time; or it refuses the schema, which is told. */
#include "decode/registrar.h"

#include <stdlib.h>

#include "base/log.h"
#include "decode/registration.h"
#include "decode/registry_access.h"

#define ANSWER_BYTES     (1u << 20)
#define FIRST_PAUSE_MS   250
#define LONGEST_PAUSE_MS 5000

struct registrar {
    struct registrar_options options;
    struct http *http;
    struct registry_access access;
    enum registration_step step;
    struct http_call *call;
    struct buffer subject;
    struct buffer body;
    struct buffer url;
    struct buffer answer;
    struct loop_timer pause;
    int64_t pause_ms; /* the next one's length */
    struct log_gate gate;
};

static void count_request(struct registrar *registrar, enum metric_value result)
{
    if (registrar->options.metrics)
        metrics_add(registrar->options.metrics, METRIC_REGISTRY_REQUESTS, METRICS_INSTANCE, result,
                    1);
}

static void miss(struct registrar *registrar, const char *why)
{
    struct loop *loop = registrar->options.loop;
    int64_t now_ms = loop_now_ms(loop);
    uint64_t held_back = 0;
    count_request(registrar, METRIC_RESULT_FAILED);
    if (log_gate_open(&registrar->gate, now_ms, &held_back))
        log_warn("a schema can't be registered yet; nothing is taken until it is",
                 BYTES("url", registrar->access.shown),
                 BYTES("subject", buffer_slice(&registrar->subject)), STR("error", why),
                 INT("repeated", held_back));
    loop_arm(loop, &registrar->pause, now_ms + registrar->pause_ms);
    registrar->pause_ms *= 2;
    if (registrar->pause_ms > LONGEST_PAUSE_MS)
        registrar->pause_ms = LONGEST_PAUSE_MS;
}

static void ask(struct registrar *registrar);

static void take(struct registrar *registrar, int status)
{
    const struct registrar_options *options = &registrar->options;
    struct error err = {0};
    uint32_t id = 0;
    bool taken =
        registration_take(&registrar->step, status, buffer_slice(&registrar->answer), &id, &err);
    if (!taken && err.kind != ERROR_INPUT) {
        miss(registrar, err.text);
        return;
    }
    count_request(registrar, METRIC_RESULT_OK);
    if (!taken) {
        error_wrap(&err, "the schema of subject %.*s",
                   SLICE_ARGS(buffer_slice(&registrar->subject)));
        options->refused(options->context, &err);
    } else if (registrar->step == REGISTRATION_DONE) {
        log_info("a schema is registered", BYTES("subject", buffer_slice(&registrar->subject)),
                 INT("schema", id));
        options->registered(options->context, id);
    } else {
        ask(registrar);
    }
}

static void answered(void *context, const struct http_exchange *exchange)
{
    struct registrar *registrar = context;
    registrar->call = NULL;
    if (exchange->kind != ERROR_NONE)
        miss(registrar, exchange->error);
    else
        take(registrar, exchange->status);
}

static void ask(struct registrar *registrar)
{
    struct error err = {0};
    buffer_clear(&registrar->answer);
    buffer_clear(&registrar->url);
    buffer_add_slice(&registrar->url, registrar->access.base);
    registration_write_path(registrar->step, buffer_slice(&registrar->subject), &registrar->url);
    struct http_request request = registry_access_request(&registrar->access, &registrar->answer);
    request.method = "POST";
    request.url = buffer_text(&registrar->url);
    request.body = buffer_slice(&registrar->body);
    if (request.url)
        registrar->call = http_send(registrar->http, &request, answered, registrar, &err);
    if (!registrar->call)
        miss(registrar, request.url ? err.text : "no memory for its URL");
}

static void pause_over(struct loop_timer *timer)
{
    ask(CONTAINER_OF(timer, struct registrar, pause));
}

static bool prepare(struct registrar *registrar, struct error *err)
{
    static const char type[] = "Content-Type: application/vnd.schemaregistry.v1+json";
    const struct registrar_options *options = &registrar->options;
    registrar->http = http_create(options->loop, 1, err);
    if (!registrar->http)
        return false;
    bool fine = registry_access_init(&registrar->access, options->settings);
    buffer_add(&registrar->access.headers, type, sizeof type);
    buffer_add_slice(&registrar->subject, options->subject);
    registration_write_body(options->schema, &registrar->body);
    fine = fine && !registrar->access.headers.failed && !registrar->subject.failed &&
           !registrar->body.failed;
    return fine || error_set(err, ERROR_MEMORY, "no memory to register a schema");
}

struct registrar *registrar_create(const struct registrar_options *options, struct error *err)
{
    struct registrar *registrar = calloc(1, sizeof *registrar);
    if (!registrar) {
        error_set(err, ERROR_MEMORY, "no memory to register a schema");
        return NULL;
    }
    registrar->options = *options;
    registrar->pause.fire = pause_over;
    registrar->pause_ms = FIRST_PAUSE_MS;
    registrar->answer.limit = ANSWER_BYTES;
    if (!prepare(registrar, err)) {
        registrar_destroy(registrar);
        return NULL;
    }
    loop_arm(options->loop, &registrar->pause, 0);
    return registrar;
}

void registrar_destroy(struct registrar *registrar)
{
    if (!registrar)
        return;
    loop_disarm(registrar->options.loop, &registrar->pause);
    http_destroy(registrar->http);
    registry_access_finish(&registrar->access);
    buffer_finish(&registrar->subject);
    buffer_finish(&registrar->body);
    buffer_finish(&registrar->url);
    buffer_finish(&registrar->answer);
    free(registrar);
}
