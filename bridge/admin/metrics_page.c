#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "admin/routes.h"
#include "base/clock.h"
#include "base/metrics.h"

/* The process's own figures, under the names that every Prometheus client library uses, so that
 * ready-made dashboards know them. */
static void add_gauge(struct buffer *out, const char *name, const char *help, double value)
{
    buffer_print(out, "# HELP %s %s\n# TYPE %s gauge\n%s %.15g\n", name, help, name, name, value);
}

static void add_cpu(struct buffer *out)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return;
    double seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                     (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    buffer_print(out,
                 "# HELP process_cpu_seconds_total CPU time, user and system.\n"
                 "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total %.6f\n",
                 seconds);
}

static void add_memory(struct buffer *out)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return;
    if (fscanf(file, "%*s %ld", &pages) == 1) /* NOLINT(cert-err34-c): the kernel's own number */
        add_gauge(out, "process_resident_memory_bytes", "Resident memory.",
                  (double)pages * (double)sysconf(_SC_PAGESIZE));
    fclose(file);
}

static void add_descriptors(struct buffer *out)
{
    DIR *dir = opendir("/proc/self/fd");
    double count = -1; /* the directory's own */
    if (!dir)
        return;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): this thread's own DIR (readdir(3), glibc) */
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        count += entry->d_name[0] != '.';
    closedir(dir);
    add_gauge(out, "process_open_fds", "Open file descriptors.", count);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        add_gauge(out, "process_max_fds", "How many may be open.", (double)limit.rlim_cur);
}

/* Boot time plus the 22nd field of /proc/self/stat, in clock ticks; the name in the second field
 * may hold anything, so it is skipped by its closing parenthesis. */
static void add_start(struct buffer *out)
{
    char text[1024];
    unsigned long long ticks = 0;
    FILE *file = fopen("/proc/self/stat", "re");
    if (!file)
        return;
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = '\0';
    const char *rest = strrchr(text, ')');
    struct timespec up;
    if (!rest || clock_gettime(CLOCK_BOOTTIME, &up) != 0 ||
        sscanf(rest + 1,
               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
               "%*d %llu",
               &ticks) != 1) /* NOLINT(cert-err34-c) */
        return;
    double boot = (double)clock_unix_ms() / 1e3 - (double)up.tv_sec - (double)up.tv_nsec / 1e9;
    add_gauge(out, "process_start_time_seconds", "Start of the process, in seconds since 1970.",
              boot + (double)ticks / (double)sysconf(_SC_CLK_TCK));
}

void metrics_page(const struct admin *admin, struct answer *answer)
{
    answer->content_type = "text/plain; version=0.0.4; charset=utf-8";
    metrics_write(admin->metrics, &answer->body);
    add_cpu(&answer->body);
    add_memory(&answer->body);
    add_descriptors(&answer->body);
    add_start(&answer->body);
}
