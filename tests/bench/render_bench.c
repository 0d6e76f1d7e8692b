/* What a record costs before it is sent, on one core: decoding alone, then with the request of some
 * typical subscriptions. Prints a table of CPU microseconds a record. No Kafka, no network. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/compiler.h"
#include "config/schema.h"
#include "render/gzip.h"
#include "render/plan.h"

#define ROUNDS 200000

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
};

static struct plan *compile(const char *yaml, struct arena *arena)
{
    struct problems problems = {0};
    struct schema_reader reader;
    struct subscription sub;
    char *text = arena_print(arena, "name: s\ntopics: [t]\n%s", yaml);
    const struct yaml_node *node = yaml_read_bytes(arena, NULL, slice_of(text), &problems);
    schema_reader_init(&reader, &subscription_schema, arena, &problems);
    subscription_read(&reader, NULL, node, &sub);
    struct plan *plan = plan_create(&sub, NULL, &problems);
    problems_print(&problems, stderr);
    problems_finish(&problems);
    if (!plan)
        exit(1);
    return plan;
}

/* CPU time, so that what else runs on the machine counts little. */
static double cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double run(const struct plan *plan, const struct record *record)
{
    struct event ev = {0};
    struct request request = {.gzip = gzip_create()};
    struct error err;
    double start_us = cpu_us();
    for (int i = 0; i < ROUNDS; i++) {
        if (!event_decode(record, FORMAT_AUTO, &ev, &err) ||
            (plan && !plan_render(plan, &ev, &request, &err))) {
            fprintf(stderr, "%s\n", err.text);
            exit(1);
        }
    }
    double us = (cpu_us() - start_us) / ROUNDS;
    gzip_destroy(request.gzip);
    event_finish(&ev);
    request_finish(&request);
    return us;
}

int main(void)
{
    struct record record = {.topic = "orders",
                            .partition = 3,
                            .offset = 123456,
                            .key = SLICE("customer-7"),
                            .value = {value, sizeof value - 1}};
    printf("%zu bytes of JSON, %d rounds\n", record.value.size, ROUNDS);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct plan *plan = cases[i].yaml ? compile(cases[i].yaml, &arena) : NULL;
        run(plan, &record); /* warm up */
        printf("%-45s %6.3f us\n", cases[i].name, run(plan, &record));
        plan_destroy(plan);
        arena_finish(&arena);
    }
    return 0;
}
