#include <inttypes.h>

#include "sim/play/scenario.h"

int64_t scenario_wait_ms(const struct scenario *scenario, unsigned subscription, unsigned variant,
                         unsigned i)
{
    const struct scenario_subscription *sub = &scenario->subscriptions[subscription];
    const struct scenario_variant *version = &scenario->variants[variant];
    const int64_t waits[WAITS_MOST] = {sub->wait0, sub->wait1, sub->wait2, sub->wait3};
    if (i >= WAITS_MOST || i >= version->waits || waits[i] < 0)
        return -1;
    return version->longer ? waits[i] + waits[i] / 2 : waits[i];
}

unsigned scenario_waits(const struct scenario *scenario, unsigned subscription, unsigned variant)
{
    unsigned waits = 0;
    while (scenario_wait_ms(scenario, subscription, variant, waits) >= 0)
        waits++;
    return waits;
}

bool scenario_lacks(const struct scenario *scenario, unsigned variant, unsigned subscription)
{
    return scenario->variants[variant].absent >> subscription & 1;
}

unsigned scenario_leader(const struct scenario *scenario, unsigned subscription)
{
    int64_t group = scenario->subscriptions[subscription].group;
    for (unsigned s = 0; group && s < subscription; s++)
        if (scenario->subscriptions[s].group == group)
            return s;
    return subscription;
}

static void write_topics(const struct scenario *scenario, const struct scenario_subscription *sub,
                         FILE *out)
{
    const char *comma = "";
    fprintf(out, "    topics: [");
    for (unsigned t = 0; t < scenario->topic_count; t++) {
        if (!(sub->topics >> t & 1))
            continue;
        fprintf(out, sub->by_pattern ? "%s\"^t%u$\"" : "%st%u", comma, t);
        comma = ", ";
    }
    fprintf(out, "]\n");
}

static void write_types(const struct scenario_subscription *sub, FILE *out)
{
    if (!sub->types)
        return;
    fprintf(out, "    events: [%s%s%s]\n", sub->types & 1 ? "\"a.*\"" : "",
            sub->types == 3 ? ", " : "", sub->types & 2 ? "b.two" : "");
}

static void write_schedule(const struct scenario *scenario, unsigned subscription, unsigned variant,
                           FILE *out)
{
    const char *comma = "";
    fprintf(out, "      retry:\n        jitter: %" PRId64 "%%\n        schedule: [",
            scenario->subscriptions[subscription].jitter);
    for (unsigned i = 0; scenario_wait_ms(scenario, subscription, variant, i) >= 0; i++) {
        fprintf(out, "%s%" PRId64 "ms", comma,
                scenario_wait_ms(scenario, subscription, variant, i));
        comma = ", ";
    }
    const struct scenario_subscription *sub = &scenario->subscriptions[subscription];
    fprintf(out, "]\n");
    if (sub->parks || sub->stops)
        fprintf(out, "        exhausted: %s\n", sub->parks ? "park" : "stop");
}

static void write_delivery(const struct scenario *scenario, unsigned subscription, unsigned variant,
                           FILE *out)
{
    const struct scenario_subscription *sub = &scenario->subscriptions[subscription];
    int64_t most = scenario->variants[variant].in_flight;
    fprintf(out, "    delivery:\n      timeout: %" PRId64 "ms\n      in_flight: %" PRId64 "\n",
            sub->timeout_ms, most > 0 && most < sub->in_flight ? most : sub->in_flight);
    if (sub->rate)
        fprintf(out, "      rate: %" PRId64 "/s\n", sub->rate);
    if (sub->failures)
        fprintf(out, "      breaker: { failures: %" PRId64 ", pause: %" PRId64 "ms }\n",
                sub->failures, sub->pause_ms);
    if (sub->ordered)
        fprintf(out, "      order: key\n");
    if (sub->max_age_ms)
        fprintf(out, "      max_age: %" PRId64 "ms\n", sub->max_age_ms);
    write_schedule(scenario, subscription, variant, out);
}

static void write_subscription(const struct scenario *scenario, unsigned subscription,
                               unsigned variant, FILE *out)
{
    const struct scenario_subscription *sub = &scenario->subscriptions[subscription];
    fprintf(out, "  - name: s%u\n", subscription);
    if (sub->group)
        fprintf(out, "    group: g%" PRId64 "\n", sub->group);
    write_topics(scenario, sub, out);
    write_types(sub, out);
    fprintf(out, "    start: %s\n", sub->earliest ? "earliest" : "latest");
    if (sub->own_id)
        fprintf(out, "    id: \"event-{{ .n }}\"\n");
    fprintf(out, "    request:\n      url: \"http://s%u.sim/hook\"\n", subscription);
    if (sub->needs_field)
        fprintf(out, "      headers: { X-Field: \"{{ .field }}\" }\n");
    write_delivery(scenario, subscription, variant, out);
}

void scenario_write_yaml(const struct scenario *scenario, unsigned variant, FILE *out)
{
    static const char *const results[] = {
        [RESULTS_FINAL] = "final",
        [RESULTS_ATTEMPTS] = "attempts",
        [RESULTS_FAILURES] = "failures",
        [RESULTS_NONE] = "final",
    };
    const struct scenario_world *world = &scenario->world;
    fprintf(out,
            "kafka:\n  bootstrap.servers: sim:9092\n  session.timeout.ms: %" PRId64
            "\n  heartbeat.interval.ms: %" PRId64 "\n  batch.num.messages: %" PRId64 "\n",
            world->session_ms, world->heartbeat_ms, world->batch_messages);
    fprintf(out, "topics: { partitions: %" PRId64 "%s }\n", world->own_partitions,
            world->results == RESULTS_NONE ? ", results: null" : "");
    fprintf(out, "results: { record: %s }\n", results[world->results]);
    fprintf(out, "limits: { in_flight: %" PRId64 ", workers: %" PRId64 " }\n", world->in_flight,
            world->workers);
    fprintf(out, "shutdown_grace: %" PRId64 "ms\n%s%s", world->grace_ms,
            world->named ? "namespace: sim\n" : "",
            world->transactional ? "transactional: true\n" : "");
    fprintf(out, "subscriptions:\n");
    for (unsigned s = 0; s < scenario->subscription_count; s++)
        if (!scenario_lacks(scenario, variant, s))
            write_subscription(scenario, s, variant, out);
}
