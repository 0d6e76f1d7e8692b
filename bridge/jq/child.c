#include "jq/child.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/utf8.h"
#include "jq/child_program.h"
#include "jq/child_value.h"
#include "jq/protocol.h"

#define BYTES_KEPT (1u << 20)

const char jq_child_name[] = "grapnel-jq";

struct child {
    struct child_programs programs;
    struct jq_request request;
    struct buffer program; /* a NUL behind it */
    struct buffer input;
    struct buffer scratch;
    struct jtext json;
    struct buffer out;
};

/* ── confinement ─────────────────────────────────────────────────────────── */

/* Of CPU time from now on, when SIGPROF ends the process; 0: without limit. */
static void limit_time(long ms)
{
    struct itimerval timer = {.it_value = {ms / 1000, ms % 1000 * 1000}};
    setitimer(ITIMER_PROF, &timer, NULL);
}

/* What stops the service is not for the child, which ends with its socket. */
static void settle_signals(void)
{
    static const int ignored[] = {SIGTERM, SIGINT, SIGHUP};
    sigset_t none;
    for (size_t i = 0; i < COUNT_OF(ignored); i++)
        signal(ignored[i], SIG_IGN);
    signal(SIGPROF, SIG_DFL);
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
}

/* Address space in use: what the limit comes on top of. */
static rlim_t used_bytes(void)
{
    unsigned long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "re");
    if (!statm)
        return 0;
    if (fscanf(statm, "%lu", &pages) != 1)
        pages = 0;
    fclose(statm);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* A limit that is there already, and lower, stays. */
static bool limit_memory(void)
{
    rlim_t used = used_bytes();
    rlim_t most = used + JQ_MEMORY_BYTES;
    struct rlimit memory;
    struct rlimit nothing = {0, 0};
    if (used == 0 || getrlimit(RLIMIT_AS, &memory) != 0)
        return false;
    if (most < memory.rlim_max)
        memory.rlim_max = most;
    memory.rlim_cur = memory.rlim_max;
    return setrlimit(RLIMIT_AS, &memory) == 0 && setrlimit(RLIMIT_CORE, &nothing) == 0;
}

/* From here on it can compute, allocate, read and write what is open, and end. All else fails, so
 * that the C library goes on without a file of time zones. */
static bool forbid_system_calls(void)
{
    static const int allowed[] = {
        SCMP_SYS(read),           SCMP_SYS(write),        SCMP_SYS(brk),
        SCMP_SYS(mmap),           SCMP_SYS(munmap),       SCMP_SYS(mremap),
        SCMP_SYS(madvise),        SCMP_SYS(getrandom),    SCMP_SYS(setitimer),
        SCMP_SYS(clock_gettime),  SCMP_SYS(futex),        SCMP_SYS(rt_sigreturn),
        SCMP_SYS(rt_sigprocmask), SCMP_SYS(gettid),       SCMP_SYS(getpid),
        SCMP_SYS(exit_group),     SCMP_SYS(gettimeofday),
    };
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    bool fine = filter;
    for (size_t i = 0; fine && i < COUNT_OF(allowed); i++)
        fine = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0) == 0;
    fine = fine && seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                                    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid())) == 0; /* abort */
    fine = fine && seccomp_load(filter) == 0; /* sets no_new_privs too */
    seccomp_release(filter);
    return fine;
}

/* ── orders ──────────────────────────────────────────────────────────────── */

/* False: the other side has gone. */
static bool read_all(void *data, size_t size)
{
    char *at = data;
    while (size > 0) {
        ssize_t count = read(JQ_CHILD_FD, at, size);
        if (count <= 0)
            return false;
        at += count;
        size -= (size_t)count;
    }
    return true;
}

static bool write_all(const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        ssize_t count = write(JQ_CHILD_FD, at, size);
        if (count <= 0)
            return false;
        at += count;
        size -= (size_t)count;
    }
    return true;
}

/* With a NUL behind it. */
static bool read_part(struct buffer *part, size_t size)
{
    buffer_clear(part);
    char *room = buffer_reserve(part, size + 1);
    if (!room)
        _exit(JQ_EXIT_MEMORY);
    if (!read_all(room, size))
        return false;
    room[size] = '\0';
    part->size = size;
    return true;
}

/* Cut where a character ends. */
static enum jq_outcome add_error(struct buffer *out, jv message)
{
    jv text = jv_get_kind(message) == JV_KIND_STRING ? message : jv_dump_string(message, 0);
    size_t size = (size_t)jv_string_length_bytes(jv_copy(text));
    struct slice cut = {jv_string_value(text), size < JQ_ERROR_BYTES ? size : JQ_ERROR_BYTES};
    cut.size = utf8_valid_bytes(cut);
    buffer_clear(out);
    buffer_add_slice(out, cut);
    jv_free(text);
    return JQ_REPLY_ERROR;
}

static bool is_truth(jv value)
{
    jv_kind kind = jv_get_kind(value);
    return kind == JV_KIND_TRUE || kind == JV_KIND_FALSE || kind == JV_KIND_NULL;
}

static enum jq_outcome add_result(struct child *child, jv result)
{
    struct buffer *out = &child->out;
    if (child->request.kind == JQ_ORDER_TEST && !is_truth(result)) {
        jv_free(result);
        result = jv_true();
    }
    out->limit = child->request.limit;
    bool fine = child_value_add(out, result);
    bool too_large = out->failed;
    out->limit = 0;
    if (!too_large)
        return fine ? JQ_REPLY_RESULT
                    : add_error(out, jv_string("the result is nested too deeply"));
    buffer_clear(out);
    return JQ_REPLY_TOO_LARGE;
}

/* The first result; jq_next is not asked for more. */
static enum jq_outcome run(struct child *child, jq_state *jq)
{
    enum jq_outcome outcome = JQ_REPLY_EMPTY;
    if (!jtext_read(&child->json, buffer_slice(&child->input), NULL))
        return add_error(&child->out, jv_string("the event can't be read"));
    jq_start(jq, child_value(&child->json, &child->scratch), 0);
    jv result = jq_next(jq);
    if (jv_is_valid(result))
        outcome = add_result(child, result);
    else if (jv_invalid_has_msg(jv_copy(result)))
        outcome = add_error(&child->out, jv_invalid_get_msg(result));
    else
        jv_free(result);
    jq_start(jq, jv_null(), 0); /* lets go of the event */
    return outcome;
}

static enum jq_outcome run_program(struct child *child)
{
    struct slice text = buffer_slice(&child->program);
    jq_state *jq = child_program_find(&child->programs, text);
    if (!jq) {
        limit_time(JQ_COMPILE_MS);
        jq = child_program_compile(&child->programs, text, &child->out);
    }
    limit_time(JQ_RUN_MS);
    return jq ? run(child, jq) : JQ_REPLY_ERROR;
}

static enum jq_outcome check_program(struct child *child)
{
    struct slice text = buffer_slice(&child->program);
    if (!jtext_read(&child->json, buffer_slice(&child->input), NULL))
        return JQ_REPLY_ERROR;
    limit_time(JQ_COMPILE_MS);
    jv variables = child_value(&child->json, &child->scratch);
    return child_program_check(text, variables, &child->out) ? JQ_REPLY_RESULT : JQ_REPLY_ERROR;
}

/* What an uncommonly large event has left is not kept from the next one. */
static void trim(struct child *child)
{
    struct buffer *const buffers[] = {&child->input, &child->scratch, &child->out};
    for (size_t i = 0; i < COUNT_OF(buffers); i++)
        if (buffers[i]->capacity > BYTES_KEPT)
            buffer_finish(buffers[i]);
    if (child->json.capacity > BYTES_KEPT / sizeof *child->json.tokens)
        jtext_finish(&child->json);
}

static bool serve(struct child *child)
{
    const struct jq_request *request = &child->request;
    if (!read_all(&child->request, sizeof child->request) ||
        !read_part(&child->program, request->program_bytes) ||
        !read_part(&child->input, request->input_bytes))
        return false;
    buffer_clear(&child->out);
    bool check = request->kind == JQ_ORDER_CHECK;
    enum jq_outcome outcome = check ? check_program(child) : run_program(child);
    limit_time(0);
    size_t most = request->limit > JQ_ERROR_BYTES ? request->limit : JQ_ERROR_BYTES;
    if (child->out.size > most)
        child->out.size = most; /* a message that quotes a long program */
    struct jq_reply reply = {outcome, (uint32_t)child->out.size};
    bool written = write_all(&reply, sizeof reply) && write_all(child->out.data, child->out.size);
    trim(child);
    return written;
}

__attribute__((constructor)) static void become_child(int argc, char **argv)
{
    static struct child child;
    if (argc < 1 || strcmp(argv[0], jq_child_name) != 0)
        return;
    settle_signals();
    if (!limit_memory() || !forbid_system_calls())
        _exit(JQ_EXIT_UNCONFINED);
    while (serve(&child))
        continue;
    _exit(JQ_EXIT_DONE);
}
