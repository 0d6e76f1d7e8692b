/* A schema put together of a registry's answers: the one that is wanted, and those it refers to, by
 * and by. Pure: it says what to ask for next, and takes what was answered.
 *
 * Owner: whoever made it. */
#ifndef DECODE_ASSEMBLY_H
#define DECODE_ASSEMBLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/slice.h"
#include "decode/framing.h"

#define ASSEMBLY_PARTS      64         /* schemas that one may refer to, itself among them */
#define ASSEMBLY_TEXT_BYTES (4u << 20) /* of all of them */

struct assembly;
struct avro_plan;

/* NULL: no memory. */
struct assembly *assembly_create(const struct framing *schema);
void assembly_destroy(struct assembly *assembly);

/* Adds the path of what to ask the registry for next: "/schemas/ids/7". False: it is complete. */
bool assembly_next(const struct assembly *assembly, struct buffer *path);

/* What a 200 to that path says. False is ERROR_DECODE: Protobuf, or too many references;
 * ERROR_PROTOCOL: this is no registry's answer; or ERROR_MEMORY. */
bool assembly_take(struct assembly *assembly, struct slice body, struct error *err) MUST_CHECK;

/* When it is complete. The plan of an Avro schema, which the caller owns; NULL for a JSON Schema,
 * which nothing has to be read of. False is ERROR_DECODE: its references go in a circle, or it is
 * no Avro; or ERROR_MEMORY. */
bool assembly_build(const struct assembly *assembly, struct avro_plan **plan,
                    struct error *err) MUST_CHECK;

/* Bytes of all texts so far. */
size_t assembly_bytes(const struct assembly *assembly);

/* Is an answer with that status and body the registry's word that it knows no such schema (404, and
 * an error code of its own)? A 404 without one comes from somebody else. */
bool assembly_is_unknown(int status, struct slice body);

#endif
