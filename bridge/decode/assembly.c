#include "decode/assembly.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>

#include "base/uri.h"
#include "decode/avro_plan.h"

/* Confluent's codes for a subject, a version and a schema that there is none of. */
#define SUBJECT_NOT_FOUND 40401
#define SCHEMA_NOT_FOUND  40403

struct part {
    char *subject; /* NULL: the one that is wanted */
    long long version;
    json_t *text;       /* a string; NULL: not answered yet */
    uint64_t refers_to; /* a bit for each part */
};

struct assembly {
    struct framing schema;
    bool is_json_schema;
    size_t bytes;
    size_t count;
    struct part parts[ASSEMBLY_PARTS];
};

struct assembly *assembly_create(const struct framing *schema)
{
    struct assembly *assembly = calloc(1, sizeof *assembly);
    if (!assembly)
        return NULL;
    assembly->schema = *schema;
    assembly->count = 1;
    return assembly;
}

void assembly_destroy(struct assembly *assembly)
{
    if (!assembly)
        return;
    for (size_t i = 0; i < assembly->count; i++) {
        free(assembly->parts[i].subject);
        json_decref(assembly->parts[i].text);
    }
    free(assembly);
}

size_t assembly_bytes(const struct assembly *assembly)
{
    return assembly->bytes;
}

/* The first that isn't answered; `count` when all are. */
static size_t find_open(const struct assembly *assembly)
{
    size_t i = 0;
    while (i < assembly->count && assembly->parts[i].text)
        i++;
    return i;
}

bool assembly_next(const struct assembly *assembly, struct buffer *path)
{
    size_t open = find_open(assembly);
    if (open == assembly->count)
        return false;
    const struct part *part = &assembly->parts[open];
    if (part->subject) {
        buffer_add_text(path, "/subjects/");
        uri_add_encoded(path, slice_of(part->subject));
        buffer_print(path, "/versions/%lld", part->version);
        return true;
    }
    char name[FRAMING_NAME_SIZE];
    framing_name(&assembly->schema, name);
    buffer_print(path, "/schemas/%s/%s", assembly->schema.kind == FRAMING_GUID ? "guids" : "ids",
                 name);
    return true;
}

/* ── answers ─────────────────────────────────────────────────────────────── */

static size_t find_part(const struct assembly *assembly, const char *subject, long long version)
{
    size_t i = 1;
    while (i < assembly->count && (assembly->parts[i].version != version ||
                                   strcmp(assembly->parts[i].subject, subject) != 0))
        i++;
    return i;
}

static bool add_reference(struct assembly *assembly, struct part *from, json_t *reference,
                          struct error *err)
{
    const char *subject = json_string_value(json_object_get(reference, "subject"));
    json_t *version = json_object_get(reference, "version");
    if (!subject || !json_is_integer(version))
        return error_set(err, ERROR_DECODE, "it refers to a schema without subject and version");
    size_t to = find_part(assembly, subject, json_integer_value(version));
    if (to == ASSEMBLY_PARTS)
        return error_set(err, ERROR_DECODE, "it refers to more than %d schemas", ASSEMBLY_PARTS);
    from->refers_to |= UINT64_C(1) << to;
    if (to < assembly->count)
        return true;
    struct part *part = &assembly->parts[to];
    *part = (struct part){.subject = strdup(subject), .version = json_integer_value(version)};
    if (!part->subject)
        return error_set(err, ERROR_MEMORY, "no memory for a schema");
    assembly->count++;
    return true;
}

static bool check_type(struct assembly *assembly, json_t *answer, struct error *err)
{
    json_t *type = json_object_get(answer, "schemaType");
    const char *name = json_is_string(type) ? json_string_value(type) : "AVRO";
    bool json = strcmp(name, "JSON") == 0;
    if (!json && strcmp(name, "AVRO") != 0)
        return error_set(err, ERROR_DECODE, "it is of type %.20s; Avro and JSON Schema can be read",
                         name);
    if (find_open(assembly) == 0)
        assembly->is_json_schema = json;
    else if (json)
        return error_set(err, ERROR_DECODE, "it is Avro and refers to a JSON Schema");
    return true;
}

static bool take_answer(struct assembly *assembly, json_t *answer, struct error *err)
{
    struct part *part = &assembly->parts[find_open(assembly)];
    json_t *text = json_object_get(answer, "schema");
    json_t *references = json_object_get(answer, "references");
    json_t *reference = NULL;
    size_t i = 0;
    if (!json_is_string(text))
        return error_set(err, ERROR_PROTOCOL, "the answer holds no schema");
    if (!check_type(assembly, answer, err))
        return false;
    assembly->bytes += json_string_length(text);
    if (assembly->bytes > ASSEMBLY_TEXT_BYTES)
        return error_set(err, ERROR_DECODE, "it is larger than %u bytes", ASSEMBLY_TEXT_BYTES);
    if (!assembly->is_json_schema)
        json_array_foreach(references, i, reference) if (!add_reference(assembly, part, reference,
                                                                        err)) return false;
    part->text = json_incref(text);
    return true;
}

bool assembly_take(struct assembly *assembly, struct slice body, struct error *err)
{
    json_t *answer = json_loadb(body.data, body.size, 0, NULL);
    bool taken = answer ? take_answer(assembly, answer, err)
                        : error_set(err, ERROR_PROTOCOL, "the answer is not JSON");
    json_decref(answer);
    return taken;
}

bool assembly_is_unknown(int status, struct slice body)
{
    if (status != 404)
        return false;
    json_t *answer = json_loadb(body.data, body.size, 0, NULL);
    json_int_t code = json_integer_value(json_object_get(answer, "error_code"));
    json_decref(answer);
    return code >= SUBJECT_NOT_FOUND && code <= SCHEMA_NOT_FOUND;
}

/* ── building ────────────────────────────────────────────────────────────── */

/* Takes what depends on nothing that isn't taken already, until nothing is left: each of the rounds
 * takes one at least, or there is a circle. */
static bool put_in_order(const struct assembly *assembly, struct slice *texts)
{
    uint64_t taken = 0;
    for (size_t count = 0; count < assembly->count;) {
        size_t before = count;
        for (size_t i = assembly->count; i-- > 0;) {
            const struct part *part = &assembly->parts[i];
            if (taken >> i & 1 || part->refers_to & ~taken)
                continue;
            taken |= UINT64_C(1) << i;
            texts[count++] =
                (struct slice){json_string_value(part->text), json_string_length(part->text)};
        }
        if (count == before)
            return false;
    }
    return true;
}

bool assembly_build(const struct assembly *assembly, struct avro_plan **plan, struct error *err)
{
    struct slice texts[ASSEMBLY_PARTS];
    *plan = NULL;
    if (assembly->is_json_schema)
        return true;
    if (!put_in_order(assembly, texts))
        return error_set(err, ERROR_DECODE, "its references go in a circle");
    *plan = avro_plan_create(texts, assembly->count, err);
    return *plan;
}
