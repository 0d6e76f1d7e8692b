/* Each descriptor is an eventfd or an epoll; there is nothing else that grapnel opens itself. Their
 * numbers begin above those of the operating system, to which all others go. */
#include "sim/world/libc.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "sim/world/fiber.h"
#include "sim/world/process.h"
#include "sim/world/world.h"

#define FIRST_FD   1000000
#define FD_MOST    4096
#define WATCH_MOST 64

int __real_close(int fd);
ssize_t __real_read(int fd, void *bytes, size_t size);
ssize_t __real_write(int fd, const void *bytes, size_t size);
int __real_clock_gettime(clockid_t id, struct timespec *ts);
ssize_t __real_getrandom(void *bytes, size_t size, unsigned flags);
pid_t __real_getpid(void);
_Noreturn void __real_abort(void);

int __wrap_close(int fd);
ssize_t __wrap_read(int fd, void *bytes, size_t size);
ssize_t __wrap___read_chk(int fd, void *bytes, size_t size, size_t room);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts);
ssize_t __wrap_getrandom(void *bytes, size_t size, unsigned flags);
int __wrap_gethostname(char *name, size_t size);
int __wrap___gethostname_chk(char *name, size_t size, size_t room);
pid_t __wrap_getpid(void);
_Noreturn void __wrap_abort(void);
int __wrap_eventfd(unsigned count, int flags);
int __wrap_epoll_create1(int flags);
int __wrap_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event);
int __wrap_epoll_wait(int epoll, struct epoll_event *events, int most, int timeout_ms);
int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *attributes, void *(*body)(void *),
                          void *argument);
int __wrap_pthread_join(pthread_t id, void **result);
int __wrap_pthread_setname_np(pthread_t id, const char *name);

struct descriptor {
    struct list link; /* in its process's; used says whether it is */
    bool used;
    bool is_epoll;
    uint64_t count;           /* an eventfd's */
    struct descriptor *epoll; /* that watches it; NULL: none */
    struct epoll_event event;
    struct descriptor *watched[WATCH_MOST]; /* an epoll's */
    int watched_count;
    struct fiber *waiting;
};

static struct descriptor table[FD_MOST];
static int next_free;

/* ── descriptors ─────────────────────────────────────────────────────────── */

static struct descriptor *find(int fd)
{
    if (fd < FIRST_FD || fd >= FIRST_FD + FD_MOST)
        return NULL;
    struct descriptor *descriptor = &table[fd - FIRST_FD];
    return descriptor->used ? descriptor : NULL;
}

static int number_of(const struct descriptor *descriptor)
{
    return FIRST_FD + (int)(descriptor - table);
}

static struct descriptor *open_descriptor(void)
{
    for (int tried = 0; tried < FD_MOST; tried++) {
        struct descriptor *descriptor = &table[next_free++ % FD_MOST];
        if (descriptor->used)
            continue;
        *descriptor = (struct descriptor){.used = true};
        struct process *process = process_current();
        if (process)
            list_push(&process->descriptors, &descriptor->link);
        else
            list_init(&descriptor->link);
        return descriptor;
    }
    world_fail("no descriptor is free");
}

static void unwatch(struct descriptor *epoll, struct descriptor *descriptor)
{
    for (int i = 0; i < epoll->watched_count; i++) {
        if (epoll->watched[i] != descriptor)
            continue;
        epoll->watched_count--;
        for (; i < epoll->watched_count; i++)
            epoll->watched[i] = epoll->watched[i + 1];
    }
    descriptor->epoll = NULL;
}

static void close_descriptor(struct descriptor *descriptor)
{
    if (descriptor->epoll)
        unwatch(descriptor->epoll, descriptor);
    while (descriptor->watched_count > 0)
        unwatch(descriptor, descriptor->watched[0]);
    list_remove(&descriptor->link);
    descriptor->used = false;
}

void libc_close_all(struct list *descriptors)
{
    while (!list_empty(descriptors))
        close_descriptor(CONTAINER_OF(descriptors->next, struct descriptor, link));
}

int __wrap_close(int fd)
{
    struct descriptor *descriptor = find(fd);
    if (!descriptor)
        return __real_close(fd);
    close_descriptor(descriptor);
    return 0;
}

int __wrap_eventfd(unsigned count, int flags)
{
    (void)flags;
    struct descriptor *descriptor = open_descriptor();
    descriptor->count = count;
    return number_of(descriptor);
}

ssize_t __wrap_read(int fd, void *bytes, size_t size)
{
    struct descriptor *descriptor = find(fd);
    if (!descriptor)
        return __real_read(fd, bytes, size);
    if (descriptor->count == 0) {
        errno = EAGAIN;
        return -1;
    }
    memcpy(bytes, &descriptor->count, sizeof descriptor->count);
    descriptor->count = 0;
    return sizeof descriptor->count;
}

ssize_t __wrap___read_chk(int fd, void *bytes, size_t size, size_t room)
{
    (void)room;
    return __wrap_read(fd, bytes, size);
}

static void raise_event(struct descriptor *descriptor, const void *bytes)
{
    uint64_t more = 0;
    memcpy(&more, bytes, sizeof more);
    descriptor->count += more;
    if (descriptor->epoll && descriptor->epoll->waiting)
        fiber_wake(descriptor->epoll->waiting);
    fiber_preempt();
}

static void trace_log_line(const char *line, size_t size)
{
    if (world_tracing())
        world_trace("  %.*s", (int)size - 1, line);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
    struct descriptor *descriptor = find(fd);
    if (descriptor)
        raise_event(descriptor, bytes);
    else if (fd == STDERR_FILENO && process_current())
        trace_log_line(bytes, size);
    else
        return __real_write(fd, bytes, size);
    return (ssize_t)size;
}

/* ── epoll ───────────────────────────────────────────────────────────────── */

int __wrap_epoll_create1(int flags)
{
    (void)flags;
    struct descriptor *descriptor = open_descriptor();
    descriptor->is_epoll = true;
    return number_of(descriptor);
}

static int fail_with(int error)
{
    errno = error;
    return -1;
}

int __wrap_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
    struct descriptor *watcher = find(epoll);
    struct descriptor *descriptor = find(fd);
    if (!watcher || !descriptor)
        return fail_with(EBADF);
    bool watched = descriptor->epoll == watcher;
    if (operation == EPOLL_CTL_ADD ? watched : !watched)
        return fail_with(watched ? EEXIST : ENOENT);
    if (operation == EPOLL_CTL_DEL) {
        unwatch(watcher, descriptor);
        return 0;
    }
    if (operation == EPOLL_CTL_ADD && watcher->watched_count == WATCH_MOST)
        return fail_with(ENOSPC);
    if (operation == EPOLL_CTL_ADD)
        watcher->watched[watcher->watched_count++] = descriptor;
    descriptor->epoll = watcher;
    descriptor->event = *event;
    return 0;
}

static int collect(const struct descriptor *epoll, struct epoll_event *events, int most)
{
    int count = 0;
    for (int i = 0; i < epoll->watched_count && count < most; i++) {
        const struct descriptor *descriptor = epoll->watched[i];
        if (descriptor->count == 0 || !(descriptor->event.events & EPOLLIN))
            continue;
        events[count] = descriptor->event;
        events[count++].events = EPOLLIN;
    }
    return count;
}

int __wrap_epoll_wait(int epoll, struct epoll_event *events, int most, int timeout_ms)
{
    struct descriptor *descriptor = find(epoll);
    if (!descriptor)
        return fail_with(EBADF);
    int64_t until_us = timeout_ms < 0 ? WORLD_NEVER : world_now_us() + timeout_ms * INT64_C(1000);
    fiber_preempt();
    for (;;) {
        int count = collect(descriptor, events, most);
        if (count > 0 || world_now_us() >= until_us)
            return count;
        descriptor->waiting = fiber_current();
        fiber_wait(until_us);
        descriptor->waiting = NULL;
    }
}

/* ── threads ─────────────────────────────────────────────────────────────── */

int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *attributes, void *(*body)(void *),
                          void *argument)
{
    (void)attributes;
    *id = (pthread_t)fiber_start(process_current(), body, argument);
    return 0;
}

int __wrap_pthread_join(pthread_t id, void **result)
{
    (void)result;
    fiber_join((struct fiber *)id);
    return 0;
}

int __wrap_pthread_setname_np(pthread_t id, const char *name)
{
    (void)id;
    (void)name;
    return 0;
}

/* ── clocks, chance, names ───────────────────────────────────────────────── */

int __wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
    int64_t us = world_now_us();
    if (id == CLOCK_REALTIME)
        us += WORLD_EPOCH_US + (process_current() ? process_current()->wall_offset_us : 0);
    else
        us += 1000000; /* no time is 0 */
    ts->tv_sec = us / 1000000;
    ts->tv_nsec = us % 1000000 * 1000;
    return 0;
}

ssize_t __wrap_getrandom(void *bytes, size_t size, unsigned flags)
{
    (void)flags;
    static uint64_t calls;
    struct dice dice = dice_for(world_seed(), "getrandom", ++calls);
    for (size_t i = 0; i < size; i++)
        ((unsigned char *)bytes)[i] = (unsigned char)dice_roll(&dice);
    return (ssize_t)size;
}

int __wrap_gethostname(char *name, size_t size)
{
    snprintf(name, size, "%s", process_current() ? process_current()->name : "sim");
    return 0;
}

int __wrap___gethostname_chk(char *name, size_t size, size_t room)
{
    (void)room;
    return __wrap_gethostname(name, size);
}

pid_t __wrap_getpid(void)
{
    return process_current() ? (pid_t)process_current()->number : __real_getpid();
}

/* What can't go on without memory aborts: for the others that is a crash like any other. */
void __wrap_abort(void)
{
    if (!process_current() || !fiber_current() || process_current()->memory.failed == 0)
        __real_abort();
    world_trace("abort: out of memory");
    process_die();
}
