/* Any event, whatever its headers say, as XML and as a CloudEvent: a document that libxml2 takes,
 * JSON, headers of one line each; or a render error. */
#include <stdlib.h>

#include <libxml/parser.h>

#include "base/compiler.h"
#include "config/schema.h"
#include "render/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { XML, STRUCTURED, OTHER };
static const struct {
    const char *keys;
    int kind;
} cases[] = {
    {"body: { xml: { r: '{{ . }}' } }", XML},
    {"body: { xml: { r: { '@a': '{{ . }}', b: '{{ . }}', '#text': '{{ $headers }}', c: "
     "'{{ $headers }}', d: 'x{{ $key }}' } } }",
     XML},
    {"body: { cloudevents: structured }", STRUCTURED},
    {"body: { cloudevents: { mode: structured, source: '{{ $key }}', type: '{{ . }}', subject: "
     "'{{ $headers.h // null }}' } }",
     STRUCTURED},
    {"body: { cloudevents: binary }, forward_headers: ['*']", OTHER},
    {"gzip: 1B, forward_headers: ['*']", OTHER},
};

static struct plan *compile(const char *keys)
{
    static struct arena arena; /* as long as the plans, which is for ever */
    struct problems problems = {0};
    struct schema_reader reader;
    struct subscription sub;
    char *yaml = arena_print(
        &arena, "name: s\ntopics: [t]\ntombstones: deliver\nrequest: { url: 'https://h/', %s }",
        keys);
    const struct yaml_node *node = yaml_read_bytes(&arena, NULL, slice_of(yaml), &problems);
    schema_reader_init(&reader, &subscription_schema, &arena, &problems);
    subscription_read(&reader, NULL, node, &sub);
    struct plan *plan = plan_create(&sub, NULL, NULL, &problems);
    if (!plan)
        abort();
    return plan;
}

static void check_xml(struct slice document)
{
    xmlParserCtxtPtr context = xmlNewParserCtxt();
    xmlDocPtr read = xmlCtxtReadMemory(context, document.data, (int)document.size, NULL, NULL,
                                       XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                           XML_PARSE_HUGE);
    if (!read || !context->wellFormed || !context->nsWellFormed)
        abort();
    xmlFreeDoc(read);
    xmlFreeParserCtxt(context);
}

static void check_json(struct slice text)
{
    struct jtext json = {0};
    if (!jtext_read(&json, text, NULL))
        abort();
    jtext_finish(&json);
}

static void check_headers(const struct request *request)
{
    const char *line = request_first_header(request);
    for (; line; line = request_next_header(request, line)) {
        if (!strstr(line, ": "))
            abort();
        for (const char *c = line; *c; c++)
            if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7F)
                abort();
    }
}

static void check(const struct plan *plan, int kind, const struct event *ev)
{
    static struct request request;
    if (!plan_render(plan, ev, NULL, &request, NULL))
        return;
    check_headers(&request);
    if (kind == XML)
        check_xml(request.body);
    if (kind == STRUCTURED)
        check_json(request.body);
}

/* The first byte says how the rest is read, the second where it is cut. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct plan *plans[COUNT_OF(cases)];
    if (size < 2)
        return 0;
    struct slice rest = {(const char *)data + 2, size - 2};
    size_t cut = data[1] < rest.size ? data[1] : rest.size;
    struct slice first = {rest.data, cut};
    struct slice value = slice_from(rest, cut);
    const struct record_header headers[] = {
        {SLICE("content-type"), data[0] & 1 ? SLICE("application/cloudevents+json") : first},
        {data[0] & 2 ? SLICE("ce_specversion") : SLICE("h"), SLICE("1.0")},
        {SLICE("ce_id"), SLICE("1")},
        {SLICE("ce_source"), SLICE("/s")},
        {data[0] & 2 ? SLICE("ce_type") : SLICE("h"), first},
        {data[0] & 4 ? SLICE("ce_x") : first, value},
        {first, first},
    };
    const struct record record = {.topic = "t",
                                  .key = first,
                                  .value = data[0] & 8 && value.size == 0 ? SLICE_NONE : value,
                                  .headers = headers,
                                  .header_count = COUNT_OF(headers)};
    struct event ev = {0};
    enum format format = data[0] & 16 ? FORMAT_TEXT : data[0] & 32 ? FORMAT_BINARY : FORMAT_JSON;
    if (event_decode(&record, format, &ev, NULL))
        for (size_t i = 0; i < COUNT_OF(cases); i++) {
            if (!plans[i])
                plans[i] = compile(cases[i].keys);
            check(plans[i], cases[i].kind, &ev);
        }
    event_finish(&ev);
    return 0;
}
