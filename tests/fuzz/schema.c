/* Any answers of a registry, one a line: a schema, or refused with a reason; and then any bytes may
 * be read by it. */
#include <stdlib.h>

#include "decode/assembly.h"
#include "decode/avro.h"
#include "decode/avro_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* avro-c 1.11 leaks a type whose name is taken already, which is why the client keeps for good that
 * a schema can't be read (registry.c). */
const char *__lsan_default_suppressions(void)
{
    return "leak:libavro\n";
}

static struct slice take_line(struct slice *rest)
{
    const char *end = rest->size ? memchr(rest->data, '\n', rest->size) : NULL;
    struct slice line = {rest->data, end ? (size_t)(end - rest->data) : rest->size};
    *rest = slice_from(*rest, end ? line.size + 1 : line.size);
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = {(const char *)data, size};
    struct assembly *assembly = assembly_create(&(struct framing){.kind = FRAMING_ID, .id = 7});
    struct avro_reading *reading = avro_reading_create();
    struct avro_plan *plan = NULL;
    struct buffer path = {0}, out = {0};
    struct error err = {0};
    bool fine = true;
    while (fine && assembly_next(assembly, &path) && rest.size)
        fine = assembly_take(assembly, take_line(&rest), &err);
    buffer_clear(&path);
    if (fine && !assembly_next(assembly, &path))
        fine = assembly_build(assembly, &plan, &err);
    if (!fine && err.kind != ERROR_DECODE && err.kind != ERROR_PROTOCOL)
        abort();
    if (plan && !avro_reading_to_json(reading, plan, rest, &out, &err) && !err.text[0])
        abort();
    avro_plan_destroy(plan);
    avro_reading_destroy(reading);
    assembly_destroy(assembly);
    buffer_finish(&path);
    buffer_finish(&out);
    return 0;
}
