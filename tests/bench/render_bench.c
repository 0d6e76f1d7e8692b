/* What a record costs before it is sent, on one core: decoding alone, then with the filter and the
 * request of some typical subscriptions. Prints a table of microseconds a record: CPU time of this
 * thread, and where jq works for it the time that passes. No Kafka, no network. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "config/schema.h"
#include "jq/jq.h"
#include "match/filter.h"
#include "render/gzip.h"
#include "render/plan.h"

static struct jq *jq;

#define ROUNDS   200000
#define ROUND_US 2000000 /* or what can be done in this time */

static const char value[] =
    "{\"id\":\"5f0c1f5e-8c1d-4a55-9f6b-1e6a2f1c9d77\",\"type\":\"order.created\",\"tenant\":"
    "\"acme\","
    "\"time\":\"2026-11-23T15:04:05.123Z\",\"source\":\"shop\",\"specversion\":\"1.0\",\"data\":{"
    "\"invoice\":\"INV-2026-000123\",\"amount\":41.10,\"currency\":\"EUR\",\"customer\":{"
    "\"id\":12345678901234567890,\"name\":\"Jos\xC3\xA9 Garc\xC3\xAD"
    "a\",\"email\":"
    "\"jose@example.com\",\"address\":{\"street\":\"Calle Mayor 1\",\"city\":\"Madrid\",\"zip\":"
    "\"28013\",\"country\":\"ES\"}},\"items\":[{\"sku\":\"A-1\",\"quantity\":2,\"price\":10.05,"
    "\"title\":\"Anchor, small, galvanised\"},{\"sku\":\"B-22\",\"quantity\":1,\"price\":21.00,"
    "\"title\":\"Rope 10 m "
    "\\\"blue\\\"\"},{\"sku\":\"C-3\",\"quantity\":3,\"price\":0.00,\"title\":"
    "\"Sticker\"}],\"note\":\"Please ring the bell twice, then wait for somebody to come to the "
    "door; the dog is friendly but it does bark at everything that moves. Leave it with the people "
    "next door if nobody comes, and call me.\",\"paid\":true,\"coupon\":null,\"tags\":[\"new\","
    "\"web\",\"priority\"],\"channel\":\"storefront\",\"ip\":\"203.0.113.7\",\"agent\":"
    "\"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\"}}";

#define NO_BODY "request: { method: GET, url: 'https://dash.example.com/hook' }"

static const struct {
    const char *name;
    const char *yaml; /* NULL: decoding alone */
} cases[] = {
    {"decode", NULL},
    {"decode, static url, body event", "request: { url: 'https://dash.example.com/hook' }"},
    {"decode, url of 2 paths, body event",
     "request: { url: 'https://dash.example.com/{{ .tenant }}/{{ .data.invoice }}' }"},
    {"decode, GET with 3 in the query, 1 header",
     "request: { method: GET, url: 'https://shop.example.com/sale', query: { Amount: "
     "'{{ .data.amount }}', Invoice: '{{ .data.invoice }}', Key: '{{ $key }}' }, headers: "
     "{ X-Tenant: '{{ .tenant // \"none\" }}' } }"},
    {"decode, body json of 5 paths",
     "request: { url: 'https://dash.example.com/hook', body: { json: { id: '{{ .id }}', amount: "
     "'{{ .data.amount }}', customer: { id: '{{ .data.customer.id }}', city: "
     "'{{ .data.customer.address.city }}' }, first: '{{ .data.items[0].title }}' } } }"},
    {"decode, body form of 5 paths",
     "request: { url: 'https://dash.example.com/hook', body: { form: { id: '{{ .id }}', amount: "
     "'{{ .data.amount }}', customer: '{{ .data.customer.id }}', city: "
     "'{{ .data.customer.address.city }}', first: '{{ .data.items[0].title }}' } } }"},
    {"decode, body xml of 5 paths",
     "request: { url: 'https://dash.example.com/hook', body: { xml: { order: { '@id': '{{ .id }}', "
     "amount: '{{ .data.amount }}', customer: { id: '{{ .data.customer.id }}', city: "
     "'{{ .data.customer.address.city }}' }, first: '{{ .data.items[0].title }}' } } } }"},
    {"decode, body xml of the whole event",
     "request: { url: 'https://dash.example.com/hook', body: { xml: { event: '{{ . }}' } } }"},
    {"decode, body cloudevents binary",
     "request: { url: 'https://dash.example.com/hook', body: { cloudevents: binary } }"},
    {"decode, body cloudevents structured",
     "request: { url: 'https://dash.example.com/hook', body: { cloudevents: structured } }"},
    {"decode, body event, gzip", "request: { url: 'https://dash.example.com/hook', gzip: 512B }"},
    {"decode, filter: a number", "filter: .data.amount > 100\n" NO_BODY},
    {"decode, filter: a type and a number",
     "filter: (.type | startswith(\"order.\")) and .data.amount >= 41.1\n" NO_BODY},
    {"decode, filter: a regular expression",
     "filter: .data.customer.email | test(\"@example\\\\.(com|org)$\")\n" NO_BODY},
    {"decode, filter: jq", "filter: .data.items | map(.quantity) | add > 5\n" NO_BODY},
    {"decode, body jq",
     "request: { url: 'https://dash.example.com/hook', body: { jq: '{id, total: (.data.items | "
     "map(.price * .quantity) | add)}' } }"},
};

/* A subscription and what is compiled of it. */
struct compiled {
    struct arena arena;
    struct subscription sub;
    struct filter *filter;
    struct plan *plan;
};

static void compile(const char *yaml, struct compiled *compiled)
{
    struct problems problems = {0};
    struct schema_reader reader;
    struct arena *arena = &compiled->arena;
    struct subscription *sub = &compiled->sub;
    char *text = arena_print(arena, "name: s\ntopics: [t]\n%s", yaml);
    const struct yaml_node *node = yaml_read_bytes(arena, NULL, slice_of(text), &problems);
    schema_reader_init(&reader, &subscription_schema, arena, &problems);
    subscription_read(&reader, NULL, node, sub);
    if (sub->filter.data)
        compiled->filter = filter_create(&sub->filter, jq, &problems);
    compiled->plan = plan_create(sub, NULL, jq, &problems);
    problems_print(&problems, stderr);
    if (problems.count > 0)
        exit(1);
    problems_finish(&problems);
}

/* CPU time, so that what else runs on the machine counts little. */
static double cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* One record, as the service takes it. */
static bool take(const struct compiled *compiled, const struct record *record, struct event *ev,
                 struct request *request, struct error *err)
{
    static struct filter_run run;
    bool wants = true;
    run.jq = jq;
    if (!event_decode(record, FORMAT_AUTO, ev, err))
        return false;
    if (!compiled->plan)
        return true;
    if (!filter_wants(compiled->filter, ev, &run, &wants, err))
        return false;
    return !wants || plan_render(compiled->plan, ev, jq, request, err);
}

struct cost {
    double cpu_us;
    double wall_us;
};

static struct cost run(const struct compiled *compiled, const struct record *record)
{
    struct event ev = {0};
    struct request request = {.gzip = gzip_create()};
    struct error err;
    double cpu = cpu_us();
    int64_t start_us = clock_now_us();
    int rounds = 0;
    for (; rounds < ROUNDS && (rounds % 100 || clock_now_us() - start_us < ROUND_US); rounds++) {
        if (take(compiled, record, &ev, &request, &err))
            continue;
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    struct cost cost = {(cpu_us() - cpu) / rounds, (double)(clock_now_us() - start_us) / rounds};
    gzip_destroy(request.gzip);
    event_finish(&ev);
    request_finish(&request);
    return cost;
}

int main(void)
{
    struct record record = {.topic = "orders",
                            .partition = 3,
                            .offset = 123456,
                            .key = SLICE("customer-7"),
                            .value = {value, sizeof value - 1}};
    jq = jq_create();
    printf("%zu bytes of JSON%38s%11s\n", record.value.size, "CPU", "passes");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct compiled compiled = {0};
        if (cases[i].yaml)
            compile(cases[i].yaml, &compiled);
        run(&compiled, &record); /* warm up */
        struct cost cost = run(&compiled, &record);
        printf("%-45s %6.3f us %6.3f us\n", cases[i].name, cost.cpu_us, cost.wall_us);
        filter_destroy(compiled.filter);
        plan_destroy(compiled.plan);
        arena_finish(&compiled.arena);
    }
    jq_destroy(jq);
    return 0;
}
