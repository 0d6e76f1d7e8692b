/* Tables of keys, and what walks a YAML tree by them.
 *
 * One row of settings.def or subscription.def is one key: its path, type, default, limits, whether
 * a reload may change it, and the text that users read. The rows drive the reading, the defaults
 * and the hints; whoever makes pages or a JSON Schema of them walks the same rows.
 *
 * Thread: any one; a table and its types are constants. */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/problems.h"
#include "config/yaml.h"

struct schema_reading;
struct schema_row;

/* Puts the checked value of `node` in `field`; says what is wrong with it. */
typedef void schema_read_value(struct schema_reading *reading, const struct schema_row *row,
                               const struct yaml_node *node, void *field);

struct schema_type {
    const char *name;   /* for pages: "duration" */
    const char *needed; /* for problems: "a duration such as 250ms, 5s or 2h" */
    const char
        *json; /* for the JSON Schema, without its braces and with ' for "; "": the row says it */
    bool takes_null; /* null is read like any value; else it stands for the default */
    bool secret;     /* what is written here is never shown, not even when it is wrong */
    schema_read_value *read;
};

/* Pieces of `json`. YAML lets a number or a boolean be written for a text; and where a text has a
 * form, a ${env:} or ${file:} may stand for it. */
#define SCHEMA_JSON_TEXT             "'type': ['string', 'number', 'boolean'], 'minLength': 1"
#define SCHEMA_JSON_EXPANDED         "{'$ref': '#/definitions/expanded'}"
#define SCHEMA_JSON_FORM(json)       "'anyOf': [{" json "}, " SCHEMA_JSON_EXPANDED "]"
#define SCHEMA_JSON_PATTERN(pattern) SCHEMA_JSON_FORM("'type': 'string', 'pattern': '" pattern "'")
#define SCHEMA_JSON_LIST(json)       "'type': 'array', 'items': {" json "}"

struct schema_row {
    const char *path; /* "delivery.retry.schedule" */
    const struct schema_type *type;
    size_t offset;        /* of the field; SCHEMA_NO_FIELD */
    size_t size;          /* of the field */
    const char *fallback; /* the default, as YAML; "null": none; NULL: must be given */
    const char *min;      /* of a number's type, in its form */
    const char *max;
    const char *values; /* "auto|json|!avro": in the order of the enum, ! is not supported yet */
    bool reload;        /* may change by SIGHUP */
    bool later;         /* not supported yet: only its default may be given */
    const char *text;
};

#define SCHEMA_NO_FIELD ((size_t)-1)
#define SCHEMA_ROWS_MAX 96

struct schema {
    const struct schema_row *rows;
    size_t count; /* at most SCHEMA_ROWS_MAX */
};

/* A schema with its defaults parsed, to read many mappings with. All it makes is in `arena`. */
struct schema_reader {
    const struct schema *schema;
    struct arena *arena;
    struct problems *problems;
    const struct yaml_node *fallbacks[SCHEMA_ROWS_MAX];
};

/* One mapping, read. The caller sets the first two, or leaves them zeroed. */
struct schema_reading {
    bool partial;                /* no key must be given, and defaults are not filled in */
    const struct yaml_node *own; /* the mapping before others were merged under it, for the place of
                                  * what is missing; NULL: none were */
    const struct schema_reader *reader;
    const struct yaml_node *root;
    const struct yaml_node *given[SCHEMA_ROWS_MAX]; /* by row; NULL: not given, or null */
};

void schema_reader_init(struct schema_reader *reader, const struct schema *schema,
                        struct arena *arena, struct problems *problems);

/* Reads the mapping `node` into the zeroed struct at `base` by the reader's table. Unknown keys,
 * wrong values and what is missing become problems, and leave their field as it is. A null, which
 * an empty file is, reads as an empty mapping. */
void schema_read(const struct schema_reader *reader, const struct yaml_node *node, void *base,
                 struct schema_reading *reading);

/* What is written under that path, in this mapping or (merged) its defaults; NULL: nothing. */
const struct yaml_node *schema_given(const struct schema_reading *reading, const char *path);

/* The last name of the row's path, which is what users wrote. */
const char *schema_key(const struct schema_row *row);

/* "KEY: NEEDED is needed, not VALUE", where `needed` NULL is the type's. `a text` stands for the
 * VALUE where the type is secret. */
void schema_wrong(const struct schema_reading *reading, const struct schema_row *row,
                  const struct yaml_node *node, const char *needed);

/* "KEY: …" at the node's place. Neither adds anything to a broken node. */
void schema_problem(const struct schema_reading *reading, const struct schema_row *row,
                    const struct yaml_node *node, const char *format, ...) PRINTF_LIKE(4, 5);

/* How a value may be shown in a problem: in quotes and cut, `a list`, or what it was written as
 * where ${env:} or ${file:} filled it in. */
const char *schema_shown(const struct schema_reading *reading, const struct yaml_node *node);

/* Types that several tables use. Each says in schema_types.c what field it fills. */
extern const struct schema_type schema_group;       /* a mapping with rows of its own */
extern const struct schema_type schema_text;        /* struct text */
extern const struct schema_type schema_secret;      /* struct text; never shown, no line breaks */
extern const struct schema_type schema_secrets;     /* struct texts; the same */
extern const struct schema_type schema_bool;        /* bool */
extern const struct schema_type schema_count;       /* unsigned */
extern const struct schema_type schema_duration;    /* int64_t, ms */
extern const struct schema_type schema_rate;        /* struct number_rate */
extern const struct schema_type schema_size;        /* size_t, bytes */
extern const struct schema_type schema_percent;     /* unsigned */
extern const struct schema_type schema_choice;      /* an enum, or a bool of two */
extern const struct schema_type schema_word;        /* struct text, one of the values */
extern const struct schema_type schema_texts;       /* struct texts */
extern const struct schema_type schema_named_texts; /* struct named_texts */
extern const struct schema_type schema_any;         /* nothing: the caller looks at the node */

/* For types made of others. Each false (or NULL) has been added to the problems. */
bool schema_take_text(const struct schema_reading *reading, const struct schema_row *row,
                      const struct yaml_node *node, struct text *text) MUST_CHECK;
bool schema_take_duration(const struct schema_reading *reading, const struct schema_row *row,
                          const struct yaml_node *node, int64_t *ms) MUST_CHECK;
bool schema_take_list(const struct schema_reading *reading, const struct schema_row *row,
                      const struct yaml_node *node) MUST_CHECK;
bool schema_take_mapping(const struct schema_reading *reading, const struct schema_row *row,
                         const struct yaml_node *node) MUST_CHECK;

#endif
