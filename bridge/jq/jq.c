#include "jq/jq.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/jtext.h"
#include "jq/patience.h"
#include "jq/process.h"

#define BYTES_KEPT (256u << 10)

struct jq {
    struct jq_process process;
    struct jq_patience patience;
    struct buffer input;
    struct jq_answer answer;
    struct jtext json; /* of a result, to see that it is JSON */
};

struct jq *jq_create(void)
{
    return calloc(1, sizeof(struct jq));
}

static void finish_buffers(struct jq *jq)
{
    buffer_finish(&jq->input);
    buffer_finish(&jq->answer.text);
    jtext_finish(&jq->json);
}

void jq_destroy(struct jq *jq)
{
    if (!jq)
        return;
    jq_process_end(&jq->process);
    finish_buffers(jq);
    free(jq);
}

struct buffer *jq_input(struct jq *jq)
{
    if (jq->input.capacity > BYTES_KEPT || jq->answer.text.capacity > BYTES_KEPT)
        finish_buffers(jq);
    buffer_clear(&jq->input);
    return &jq->input;
}

/* FNV-1a */
static uint64_t hash(struct slice text)
{
    uint64_t hash = 0xCBF29CE484222325;
    for (size_t i = 0; i < text.size; i++)
        hash = (hash ^ (unsigned char)text.data[i]) * 0x100000001B3;
    return hash;
}

static bool ask(struct jq *jq, const struct jq_order *order, struct error *err)
{
    if (jq->process.pid && jq_process_is_gone(&jq->process))
        jq_process_end(&jq->process);
    if (!jq->process.pid && !jq_process_start(&jq->process, err))
        return false;
    return jq_process_ask(&jq->process, order, &jq->answer, err);
}

/* ── check ───────────────────────────────────────────────────────────────── */

static struct slice line_of(struct slice text, unsigned long number)
{
    while (number > 1 && text.size > 0) {
        const char *end = memchr(text.data, '\n', text.size);
        if (!end)
            return SLICE("");
        text = slice_from(text, (size_t)(end - text.data) + 1);
        number--;
    }
    const char *end = text.size ? memchr(text.data, '\n', text.size) : NULL;
    return end ? (struct slice){text.data, (size_t)(end - text.data)} : text;
}

/* jq writes "jq: error: WHAT at <top-level>, line N:", then that line, and behind it as many blanks
 * as there are characters before the mistake. */
static struct slice place_of(struct slice said, struct slice program, size_t *offset)
{
    static const char at[] = " at <top-level>, line ";
    const char *where = memmem(said.data, said.size, at, sizeof at - 1);
    *offset = 0;
    if (!where)
        return said;
    struct slice what = {said.data, (size_t)(where - said.data)};
    char *end = NULL;
    struct slice line = line_of(program, strtoul(where + sizeof at - 1, &end, 10));
    size_t shown = (size_t)(said.data + said.size - end);
    if (!line.data || shown < line.size + 2)
        return what;
    size_t before = shown - line.size - 2; /* ":\n" */
    *offset = (size_t)(line.data - program.data) + (before < line.size ? before : line.size);
    return what;
}

static struct slice without(struct slice text, struct slice prefix)
{
    return slice_starts(text, prefix) ? slice_from(text, prefix.size) : text;
}

/* In jq's words, but for what it takes for granted: a shell, and knowledge of bison. */
static bool explain(struct slice said, struct slice program, size_t *offset, struct error *err)
{
    struct slice what = without(place_of(said, program, offset), SLICE("jq: error: "));
    const char *hint = memmem(what.data, what.size, " (Unix shell", 12);
    if (hint)
        what.size = (size_t)(hint - what.data);
    if (slice_starts(what, SLICE("syntax error, unexpected $end")))
        return error_set(err, ERROR_INPUT, "jq: syntax error: it ends too early");
    if (slice_starts(what, SLICE("syntax error, unexpected INVALID_CHARACTER")))
        return error_set(err, ERROR_INPUT, "jq: syntax error: this character can't stand here");
    const char *tokens = memmem(what.data, what.size, ", expecting ", 12);
    if (tokens)
        what.size = (size_t)(tokens - what.data);
    return error_set(err, ERROR_INPUT, "jq: %.*s", SLICE_ARGS(what));
}

bool jq_check(struct jq *jq, struct slice program, struct slice variables, size_t *offset,
              struct error *err)
{
    const struct jq_order order = {JQ_ORDER_CHECK, program, variables,
                                   program.size + JQ_ERROR_BYTES};
    struct error why = {0};
    *offset = 0;
    if (!ask(jq, &order, &why))
        return error_set(err, why.kind == ERROR_RENDER ? ERROR_INPUT : why.kind, "%s", why.text);
    if (jq->answer.outcome == JQ_REPLY_RESULT)
        return true;
    if (!buffer_text(&jq->answer.text)) /* explain relies on its NUL */
        return error_set(err, ERROR_MEMORY, "jq: no memory for what it says");
    return explain(buffer_slice(&jq->answer.text), program, offset, err);
}

/* ── run ─────────────────────────────────────────────────────────────────── */

/* It must be JSON: the memory it was made in is not trusted. */
static bool take_result(struct jq *jq, struct buffer *out, struct error *err)
{
    struct slice text = buffer_slice(&jq->answer.text);
    if (!jtext_read(&jq->json, text, NULL)) {
        jq_process_end(&jq->process);
        return error_set(err, ERROR_RENDER, "jq: it makes jq answer nonsense");
    }
    buffer_add_slice(out, text);
    return !out->failed || error_set(err, ERROR_MEMORY, "jq: no memory for its result");
}

static bool take_answer(struct jq *jq, size_t most, struct buffer *out, struct error *err)
{
    switch (jq->answer.outcome) {
    case JQ_REPLY_RESULT:
        return take_result(jq, out, err);
    case JQ_REPLY_EMPTY:
        return true;
    case JQ_REPLY_ERROR:
        return error_set(err, ERROR_RENDER, "jq: %.*s", SLICE_ARGS(buffer_slice(&jq->answer.text)));
    case JQ_REPLY_TOO_LARGE:
        break;
    }
    return error_set(err, ERROR_TOO_LARGE, "jq: its result has more than %zu bytes", most);
}

/* That there is no answer is the program's fault, where it is ERROR_RENDER. */
static bool ask_patiently(struct jq *jq, const struct jq_order *order, struct error *err)
{
    struct error why = {0};
    uint64_t program = hash(order->program);
    int64_t start_ms = clock_now_ms();
    if (!jq_patience_allows(&jq->patience, program, start_ms))
        return error_set(err, ERROR_RENDER,
                         "jq: not run; it has run over its limits too often of late");
    if (ask(jq, order, &why))
        return true;
    int64_t now_ms = clock_now_ms();
    if (why.kind == ERROR_RENDER)
        jq_patience_fail(&jq->patience, program, now_ms - start_ms, now_ms);
    return error_set(err, why.kind, "%s", why.text);
}

bool jq_run(struct jq *jq, const struct jq_call *call, struct buffer *out, bool *empty,
            struct error *err)
{
    const struct jq_order order = {
        .kind = call->wanted == JQ_WANTED_TRUTH ? JQ_ORDER_TEST : JQ_ORDER_RUN,
        .program = call->program,
        .input = buffer_slice(&jq->input),
        .limit = call->most,
    };
    if (jq->input.failed)
        return error_set(err, ERROR_MEMORY, "jq: no memory for the event");
    if (!ask_patiently(jq, &order, err))
        return false;
    *empty = jq->answer.outcome == JQ_REPLY_EMPTY;
    return take_answer(jq, call->most, out, err);
}
