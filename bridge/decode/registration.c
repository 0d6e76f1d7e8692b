#include "decode/registration.h"

#include <jansson.h>

#include "base/jtext.h"
#include "base/uri.h"
#include "decode/assembly.h"

/* Confluent's code for a schema that is none. */
#define INVALID_SCHEMA 42201

void registration_write_path(enum registration_step step, struct slice subject, struct buffer *path)
{
    buffer_add_text(path, step == REGISTRATION_CHECK ? "/compatibility/subjects/" : "/subjects/");
    uri_add_encoded(path, subject);
    if (step == REGISTRATION_CHECK)
        buffer_add_text(path, "/versions/latest?verbose=true");
    else if (step == REGISTRATION_ADD)
        buffer_add_text(path, "/versions");
}

void registration_write_body(struct slice schema, struct buffer *body)
{
    buffer_add_text(body, "{\"schema\":");
    jtext_add_string(body, schema);
    buffer_add_char(body, '}');
}

/* ── answers ─────────────────────────────────────────────────────────────── */

/* Confluent's registry has a list of messages, Apicurio one reason. */
static const char *why_incompatible(const json_t *answer)
{
    const json_t *first = json_array_get(json_object_get(answer, "messages"), 0);
    const char *reason = json_string_value(json_object_get(answer, "reason"));
    if (json_is_string(first))
        return json_string_value(first);
    return reason ? reason : "it does not say why";
}

static bool refuse(const char *why, struct error *err)
{
    return error_set(err, ERROR_INPUT, "the registry refuses it as incompatible: %s", why);
}

static bool no_answer(struct error *err)
{
    return error_set(err, ERROR_PROTOCOL, "the answer is no registry's");
}

static bool take_check(enum registration_step *step, const json_t *answer, struct error *err)
{
    const json_t *compatible = json_object_get(answer, "is_compatible");
    if (!json_is_boolean(compatible))
        return no_answer(err);
    if (!json_is_true(compatible))
        return refuse(why_incompatible(answer), err);
    *step = REGISTRATION_ADD;
    return true;
}

static bool take_id(enum registration_step *step, const json_t *answer, uint32_t *id,
                    struct error *err)
{
    const json_t *number = json_object_get(answer, "id");
    json_int_t value = json_integer_value(number);
    if (!json_is_integer(number) || value < 0 || value > UINT32_MAX)
        return no_answer(err);
    *id = (uint32_t)value;
    *step = REGISTRATION_DONE;
    return true;
}

/* What is not 200: some of it is for good. */
static bool take_refusal(int status, const json_t *answer, struct error *err)
{
    const char *message = json_string_value(json_object_get(answer, "message"));
    json_int_t code = json_integer_value(json_object_get(answer, "error_code"));
    if (status == 409 && message)
        return refuse(message, err);
    if (status == 422 && code == INVALID_SCHEMA)
        return error_set(err, ERROR_INPUT, "the registry refuses it as invalid: %s",
                         message ? message : "it does not say why");
    return error_set(err, ERROR_STATUS, "the answer is %d%s%.200s", status, message ? ": " : "",
                     message ? message : "");
}

bool registration_take(enum registration_step *step, int status, struct slice body, uint32_t *id,
                       struct error *err)
{
    bool taken = true;
    if (*step != REGISTRATION_ADD && assembly_is_unknown(status, body)) {
        *step = *step == REGISTRATION_FIND ? REGISTRATION_CHECK : REGISTRATION_ADD;
        return true;
    }
    json_t *answer = json_loadb(body.data, body.size, 0, NULL);
    if (status != 200)
        taken = take_refusal(status, answer, err);
    else if (*step == REGISTRATION_CHECK)
        taken = take_check(step, answer, err);
    else
        taken = take_id(step, answer, id, err);
    json_decref(answer);
    return taken;
}
