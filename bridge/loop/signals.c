#include "loop/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct signals {
    struct loop *loop;
    struct loop_io io;
    signals_handler *handler;
    void *context;
};

static void ready(struct loop_io *io, uint32_t events)
{
    (void)events;
    struct signals *signals = CONTAINER_OF(io, struct signals, io);
    struct signalfd_siginfo info;
    while (read(io->fd, &info, sizeof info) == (ssize_t)sizeof info)
        signals->handler(signals->context, (int)info.ssi_signo);
}

static sigset_t caught(void)
{
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGHUP);
    return mask;
}

struct signals *signals_open(struct loop *loop, signals_handler *handler, void *context,
                             struct error *err)
{
    sigset_t mask = caught();
    pthread_sigmask(SIG_BLOCK, &mask, NULL);
    signal(SIGPIPE, SIG_IGN);

    struct signals *signals = calloc(1, sizeof *signals);
    if (!signals) {
        error_set(err, ERROR_MEMORY, "no memory for signals");
        return NULL;
    }
    signals->loop = loop;
    signals->handler = handler;
    signals->context = context;
    signals->io.ready = ready;
    signals->io.fd = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
    if (signals->io.fd < 0 || !loop_watch(loop, &signals->io, EPOLLIN, err)) {
        if (signals->io.fd < 0)
            error_set(err, ERROR_SYSTEM, "signalfd failed with errno %d", errno);
        else
            close(signals->io.fd);
        free(signals);
        return NULL;
    }
    return signals;
}

void signals_let_go(struct signals *signals)
{
    sigset_t mask = caught();
    loop_unwatch(signals->loop, &signals->io);
    pthread_sigmask(SIG_UNBLOCK, &mask, NULL);
}

void signals_close(struct signals *signals)
{
    if (!signals)
        return;
    loop_unwatch(signals->loop, &signals->io);
    close(signals->io.fd);
    free(signals);
}
