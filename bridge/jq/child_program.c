#include "jq/child_program.h"

#include <stdlib.h>
#include <unistd.h>

#include "jq/protocol.h"

static void out_of_memory(void *context)
{
    (void)context;
    _exit(JQ_EXIT_MEMORY);
}

/* Of several messages the first: the rest follows from it, or counts them. */
static void note_error(void *context, jv message)
{
    struct buffer *why = context;
    message = jq_format_error(message);
    if (why->size == 0 && jv_get_kind(message) == JV_KIND_STRING)
        buffer_add_text(why, jv_string_value(message));
    jv_free(message);
}

static void ignore(void *context, jv message)
{
    (void)context;
    jv_free(message);
}

/* jq_init leaves the callbacks as the memory was. */
static jq_state *compile(struct slice text, jv variables, struct buffer *why)
{
    jq_state *jq = jq_init();
    if (!jq)
        out_of_memory(NULL);
    jq_set_nomem_handler(jq, out_of_memory, NULL);
    jq_set_error_cb(jq, note_error, why);
    jq_set_input_cb(jq, NULL, NULL);
    jq_set_debug_cb(jq, ignore, NULL);
    if (jq_compile_args(jq, text.data, variables)) {
        jq_set_error_cb(jq, ignore, NULL);
        return jq;
    }
    jq_teardown(&jq);
    return NULL;
}

static void forget(struct child_program *program)
{
    free(program->text);
    jq_teardown(&program->jq);
    *program = (struct child_program){0};
}

static struct child_program *least_used(struct child_programs *programs)
{
    struct child_program *least = &programs->kept[0];
    for (size_t i = 1; i < CHILD_PROGRAMS; i++)
        if (programs->kept[i].used < least->used)
            least = &programs->kept[i];
    return least;
}

static void keep(struct child_programs *programs, struct slice text, jq_state *jq)
{
    struct child_program *program = least_used(programs);
    char *copy = malloc(text.size + 1);
    if (!copy)
        out_of_memory(NULL);
    memcpy(copy, text.data, text.size);
    forget(program);
    *program = (struct child_program){copy, text.size, jq, ++programs->uses};
}

jq_state *child_program_find(struct child_programs *programs, struct slice text)
{
    for (size_t i = 0; i < CHILD_PROGRAMS; i++) {
        struct child_program *program = &programs->kept[i];
        if (!program->jq || !slice_equal((struct slice){program->text, program->size}, text))
            continue;
        program->used = ++programs->uses;
        return program->jq;
    }
    return NULL;
}

jq_state *child_program_compile(struct child_programs *programs, struct slice text,
                                struct buffer *why)
{
    jq_state *jq = compile(text, jv_object(), why);
    if (jq)
        keep(programs, text, jq);
    return jq;
}

bool child_program_check(struct slice text, jv variables, struct buffer *why)
{
    jq_state *jq = compile(text, variables, why);
    bool fine = jq;
    jq_teardown(&jq);
    return fine;
}
