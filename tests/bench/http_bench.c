/* How much does net/http cost for a delivery? Drives it alone against a receiver of its own, in a
 * process of its own, so that what getrusage says of this one is the client's.
 *
 *   bench-http [DELIVERIES [IN_FLIGHT [BODY_BYTES [URL [CA_FILE]]]]]
 *
 * With a URL the receiver is that one. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "net/http.h"

#define CONNECTIONS_MAX 4096

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                             "Content-Length: 2\r\n\r\nok";

/* ── the receiver ── */

static size_t missing[CONNECTIONS_MAX]; /* of the request's body, by descriptor */

static void receiver_accept(int epoll, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0 || fd >= CONNECTIONS_MAX)
        exit(1);
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    missing[fd] = 0;
}

static void receiver_read(int fd)
{
    static char bytes[65536 + 1];
    ssize_t size = read(fd, bytes, sizeof bytes - 1);
    if (size <= 0) {
        if (size == 0 || errno != EAGAIN)
            close(fd);
        return;
    }
    bytes[size] = '\0';
    size_t got = (size_t)size;
    if (missing[fd] == 0) {
        const char *end = memmem(bytes, got, "\r\n\r\n", 4);
        const char *length = strcasestr(bytes, "content-length:");
        if (!end || !length)
            exit(1); /* a head in several pieces: not on loopback */
        missing[fd] = (size_t)strtoul(length + 15, NULL, 10);
        got -= (size_t)(end + 4 - bytes);
    }
    missing[fd] -= got;
    if (missing[fd] == 0 && write(fd, answer, sizeof answer - 1) < 0)
        close(fd);
}

static void receiver_run(int listener)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    struct epoll_event events[128];
    for (;;) {
        int count = epoll_wait(epoll, events, 128, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listener)
                receiver_accept(epoll, listener);
            else
                receiver_read(events[i].data.fd);
        }
    }
}

static int receiver_start(pid_t *pid)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 1024) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        exit(1);
    *pid = fork();
    if (*pid == 0)
        receiver_run(listener);
    close(listener);
    return ntohs(address.sin_port);
}

/* ── the client ── */

struct bench {
    struct loop *loop;
    struct http *http;
    struct http_request request;
    long left; /* to be sent */
    long open; /* sent, not yet answered */
    long failed;
};

static void on_done(void *context, const struct http_exchange *exchange);

static void send_one(struct bench *bench)
{
    struct error err = {0};
    if (!http_send(bench->http, &bench->request, on_done, bench, &err)) {
        fprintf(stderr, "bench-http: %s\n", err.text);
        exit(1);
    }
    bench->left--;
    bench->open++;
}

static void on_done(void *context, const struct http_exchange *exchange)
{
    struct bench *bench = context;
    bench->open--;
    if (exchange->status != 200 && bench->failed++ == 0)
        fprintf(stderr, "bench-http: %d %s\n", exchange->status, exchange->error);
    if (bench->left > 0)
        send_one(bench);
    else if (bench->open == 0)
        loop_stop(bench->loop);
}

static double cpu_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void run(struct bench *bench, long deliveries, long in_flight)
{
    bench->left = deliveries;
    int64_t start_us = clock_now_us();
    double start_cpu_us = cpu_us();
    for (long i = 0; i < in_flight && bench->left > 0; i++)
        send_one(bench);
    loop_run(bench->loop);
    double seconds = (double)(clock_now_us() - start_us) / 1e6;
    printf("%ld deliveries, %ld in flight, %zu bytes: %.0f/s, %.1f CPU us a delivery, "
           "%llu connections, %ld failed\n",
           deliveries, in_flight, bench->request.body.size, (double)deliveries / seconds,
           (cpu_us() - start_cpu_us) / (double)deliveries,
           (unsigned long long)http_connections_opened(bench->http), bench->failed);
}

int main(int argc, char **argv)
{
    long deliveries = argc > 1 ? atol(argv[1]) : 200000;
    long in_flight = argc > 2 ? atol(argv[2]) : 64;
    size_t body_bytes = argc > 3 ? (size_t)atol(argv[3]) : 1024;
    pid_t receiver = 0;
    char url[256];
    if (argc > 4)
        snprintf(url, sizeof url, "%s", argv[4]);
    else
        snprintf(url, sizeof url, "http://127.0.0.1:%d/hook", receiver_start(&receiver));
    static const char headers[] =
        "Content-Type: application/json\0"
        "User-Agent: grapnel/0.1.0\0"
        "webhook-id: orders-3-1234567\0"
        "webhook-timestamp: 1614265330\0"
        "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    struct http_options options = {.ca_file = argc > 5 ? argv[5] : NULL};
    char *body = malloc(body_bytes + 1);
    memset(body, 'x', body_bytes);
    struct bench bench = {.request = {.method = "POST",
                                      .url = url,
                                      .headers = {headers, sizeof headers},
                                      .body = {body, body_bytes},
                                      .timeout_ms = 10000,
                                      .options = &options}};
    struct error err = {0};
    bench.loop = loop_create(&err);
    bench.http = bench.loop ? http_create(bench.loop, (unsigned)in_flight, &err) : NULL;
    if (!bench.http) {
        fprintf(stderr, "bench-http: %s\n", err.text);
        return 1;
    }
    run(&bench, deliveries, in_flight);
    http_destroy(bench.http);
    loop_destroy(bench.loop);
    free(body);
    if (receiver) {
        kill(receiver, SIGKILL);
        waitpid(receiver, NULL, 0);
    }
    return bench.failed ? 1 : 0;
}
