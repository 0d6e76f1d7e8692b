#include "jq/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "jq/child.h"

#define PART_MAX (1u << 30) /* bytes; the child has less memory than that */

/* One order and its answer. */
struct talk {
    struct jq_process *process;
    enum jq_order_kind kind;
    int64_t until_ms;
    struct error *err;
};

/* ── start ───────────────────────────────────────────────────────────────── */

/* The socket, and nothing else that is open here. */
static int add_files(posix_spawn_file_actions_t *files, int socket)
{
    int failed = posix_spawn_file_actions_adddup2(files, socket, JQ_CHILD_FD);
    for (int fd = 0; fd < JQ_CHILD_FD && !failed; fd++)
        failed = posix_spawn_file_actions_addopen(files, fd, "/dev/null", O_RDWR, 0);
    return failed ? failed : posix_spawn_file_actions_addclosefrom_np(files, JQ_CHILD_FD + 1);
}

/* All signals are blocked until the child has chosen. */
static int add_signals(posix_spawnattr_t *attributes)
{
    sigset_t all;
    sigfillset(&all);
    int failed = posix_spawnattr_setsigmask(attributes, &all);
    return failed ? failed : posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK);
}

/* Of the environment, which may hold secrets, the child gets what it takes to load its libraries.
 */
static int spawn(pid_t *pid, int socket)
{
    char name[16];
    char utc[] = "TZ=UTC0";
    char path[PATH_MAX];
    const char *libraries =
        getenv("LD_LIBRARY_PATH"); /* NOLINT(concurrency-mt-unsafe): read only */
    snprintf(name, sizeof name, "%s", jq_child_name);
    int size = snprintf(path, sizeof path, "LD_LIBRARY_PATH=%s", libraries ? libraries : "");
    bool given = libraries && size < (int)sizeof path;
    char *environment[] = {utc, given ? path : NULL, NULL};
    char *arguments[] = {name, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    int failed = add_files(&files, socket);
    if (!failed)
        failed = add_signals(&attributes);
    if (!failed)
        failed = posix_spawn(pid, "/proc/self/exe", &files, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return failed;
}

bool jq_process_start(struct jq_process *process, struct error *err)
{
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0)
        return error_set(err, ERROR_SYSTEM, "jq: no socket: %s", strerrorname_np(errno));
    int failed = spawn(&process->pid, sockets[1]);
    close(sockets[1]);
    process->socket = sockets[0];
    if (!failed)
        return true;
    close(sockets[0]);
    process->pid = 0;
    return error_set(err, ERROR_SYSTEM, "jq: no process for it: %s", strerrorname_np(failed));
}

/* ── end ─────────────────────────────────────────────────────────────────── */

/* What waitpid says of it. */
static int reap(struct jq_process *process)
{
    int status = 0;
    kill(process->pid, SIGKILL); /* which changes nothing in how it has ended already */
    while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    close(process->socket);
    process->pid = 0;
    return status;
}

void jq_process_end(struct jq_process *process)
{
    if (process->pid)
        reap(process);
}

bool jq_process_is_gone(const struct jq_process *process)
{
    struct pollfd end = {.fd = process->socket, .events = POLLIN};
    return poll(&end, 1, 0) > 0; /* it has nothing to say unasked */
}

static bool explain_exit(int code, struct error *err)
{
    switch (code) {
    case JQ_EXIT_MEMORY:
        return error_set(err, ERROR_RENDER, "jq: it takes more than %u MiB of memory",
                         JQ_MEMORY_BYTES >> 20);
    case JQ_EXIT_UNCONFINED:
        return error_set(err, ERROR_SYSTEM,
                         "jq: its process can't be confined: this system lacks seccomp or /proc");
    case 127:
        return error_set(err, ERROR_SYSTEM, "jq: its process can't load its libraries");
    default:
        return error_set(err, ERROR_RENDER, "jq: it makes jq end (%d)", code);
    }
}

/* It has closed its end. SIGKILL comes from outside: the system is short of memory. */
static bool explain_end(const struct talk *talk)
{
    struct error *err = talk->err;
    int status = reap(talk->process);
    if (WIFEXITED(status))
        return explain_exit(WEXITSTATUS(status), err);
    switch (WTERMSIG(status)) {
    case SIGPROF:
        return error_set(err, ERROR_RENDER, "jq: it takes more than %d ms",
                         talk->kind == JQ_ORDER_CHECK ? JQ_COMPILE_MS : JQ_RUN_MS);
    case SIGKILL:
        return error_set(err, ERROR_SYSTEM, "jq: its process was killed");
    default:
        return error_set(err, ERROR_RENDER, "jq: it makes jq crash (SIG%s)",
                         sigabbrev_np(WTERMSIG(status)));
    }
}

/* ── ask ─────────────────────────────────────────────────────────────────── */

/* False: it took too long, and the process is ended. */
static bool wait_for(struct talk *talk, short events)
{
    struct pollfd socket = {.fd = talk->process->socket, .events = events};
    for (;;) {
        int64_t left_ms = talk->until_ms - clock_now_ms();
        int ready = left_ms > 0 ? poll(&socket, 1, (int)left_ms) : 0;
        if (ready > 0)
            return true;
        if (ready < 0 && errno == EINTR)
            continue;
        reap(talk->process);
        return error_set(talk->err, ERROR_SYSTEM, "jq: no answer from its process in %d s",
                         JQ_WALL_MS / 1000);
    }
}

static void advance(struct iovec **part, size_t *count, size_t sent)
{
    while (*count > 0 && sent >= (*part)->iov_len) {
        sent -= (*part)->iov_len;
        ++*part;
        --*count;
    }
    if (*count == 0)
        return;
    (*part)->iov_base = (char *)(*part)->iov_base + sent;
    (*part)->iov_len -= sent;
}

static bool send_all(struct talk *talk, struct iovec *part, size_t count)
{
    while (count > 0) {
        struct msghdr message = {.msg_iov = part, .msg_iovlen = count};
        ssize_t sent = sendmsg(talk->process->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return explain_end(talk);
        if (sent < 0 && !wait_for(talk, POLLOUT))
            return false;
        advance(&part, &count, sent < 0 ? 0 : (size_t)sent);
    }
    return true;
}

static bool receive_all(struct talk *talk, void *data, size_t size)
{
    char *at = data;
    while (size > 0) {
        if (!wait_for(talk, POLLIN))
            return false;
        ssize_t count = recv(talk->process->socket, at, size, MSG_DONTWAIT);
        if (count < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (count <= 0)
            return explain_end(talk);
        at += count;
        size -= (size_t)count;
    }
    return true;
}

static bool receive_text(struct talk *talk, size_t size, struct buffer *text)
{
    buffer_clear(text);
    if (size == 0)
        return true;
    char *room = buffer_reserve(text, size);
    if (!room) {
        reap(talk->process);
        return error_set(talk->err, ERROR_MEMORY, "jq: no memory for its result");
    }
    if (!receive_all(talk, room, size))
        return false;
    text->size = size;
    return true;
}

/* The slices are only read. */
static struct iovec part_of(struct slice slice)
{
    union {
        const char *read;
        char *write;
    } data = {slice.data};
    return (struct iovec){data.write, slice.size};
}

bool jq_process_ask(struct jq_process *process, const struct jq_order *order,
                    struct jq_answer *answer, struct error *err)
{
    struct talk talk = {process, order->kind, clock_now_ms() + JQ_WALL_MS, err};
    const struct jq_request request = {order->kind, (uint32_t)order->program.size,
                                       (uint32_t)order->input.size, (uint32_t)order->limit};
    struct slice header = {(const char *)&request, sizeof request};
    struct iovec parts[] = {part_of(header), part_of(order->program), part_of(order->input)};
    struct jq_reply reply = {0};
    if (order->program.size > PART_MAX || order->input.size > PART_MAX || order->limit > PART_MAX)
        return error_set(err, ERROR_RENDER, "jq: the event is larger than it can read");
    if (!send_all(&talk, parts, 3) || !receive_all(&talk, &reply, sizeof reply))
        return false;
    answer->outcome = (enum jq_outcome)reply.outcome;
    size_t most = order->limit > JQ_ERROR_BYTES ? order->limit : JQ_ERROR_BYTES;
    if (reply.outcome <= JQ_REPLY_TOO_LARGE && reply.bytes <= most)
        return receive_text(&talk, reply.bytes, &answer->text);
    reap(process);
    return error_set(err, ERROR_RENDER, "jq: it makes jq answer nonsense");
}
