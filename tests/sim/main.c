/* Runs scenarios: each in a process of its own, so that nothing is left of one in the next, and
 * what crashes is one seed.
 *
 *   sim [--from SEED] [--seeds N] [--jobs N]     N scenarios made of seeds,
 *       [--first]                                or until the first fails,
 *       [--for SECONDS [--at-least N]]           or the time is up: a failure, unless so many were
 *                                                run
 *   sim --seed SEED [--trace]                    one of them
 *   sim --scenario FILE [--trace]                one that is written down
 *
 * --trace tells what happens. Instead of running it, --show prints the scenario, and --yaml the
 * configurations of its instances. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "sim/play/play.h"
#include "sim/world/world.h"

#define JOBS_MOST    64
#define SECONDS_MOST 60 /* of the processor, for one scenario */

struct options {
    uint64_t from;
    uint64_t seeds;
    unsigned jobs;
    uint64_t at_least; /* of them */
    time_t seconds;    /* no more are begun after them; 0: all are */
    bool first;
    bool one;
    bool trace;
    bool show;
    bool yaml;
    const char *file;
};

static struct job {
    pid_t pid;
    int said; /* what it writes goes there, and is shown if it fails */
    uint64_t seed;
} jobs[JOBS_MOST];

static void run(const struct scenario *scenario, bool trace)
{
    const struct itimerval limit = {.it_value = {.tv_sec = SECONDS_MOST}};
    setitimer(ITIMER_PROF, &limit, NULL);
    log_configure(trace ? LOG_INFO : LOG_ERROR, LOG_TEXT);
    world_begin((uint64_t)scenario->world.seed, trace);
    play(scenario);
    world_trace("all promises are kept");
    fflush(stdout);
    _exit(0);
}

static void show_yaml(const struct scenario *scenario)
{
    for (unsigned v = 0; v < scenario->variant_count; v++) {
        printf("# variant %u\n", v);
        scenario_write_yaml(scenario, v, stdout);
    }
}

static void run_seed(uint64_t seed, bool trace)
{
    static struct scenario scenario;
    scenario_generate(&scenario, seed);
    run(&scenario, trace);
}

/* ── many ────────────────────────────────────────────────────────────────── */

static void start(struct job *job, uint64_t seed)
{
    fflush(NULL);
    job->seed = seed;
    job->said = memfd_create("said", MFD_CLOEXEC);
    job->pid = job->said < 0 ? -1 : fork();
    if (job->pid < 0) {
        perror("sim");
        exit(3);
    }
    if (job->pid == 0) {
        dup2(job->said, STDERR_FILENO);
        run_seed(seed, false);
    }
}

static void show_said(const struct job *job)
{
    static char text[4096];
    off_t size = lseek(job->said, 0, SEEK_END);
    off_t from = size > (off_t)sizeof text ? size - (off_t)sizeof text : 0;
    ssize_t count = pread(job->said, text, sizeof text, from);
    if (count > 0)
        fwrite(text, 1, (size_t)count, stderr);
}

/* Waits for one to end. False: its seed has failed. */
static bool reap(void)
{
    int status = 0;
    unsigned i = 0;
    pid_t pid = wait(&status);
    while (jobs[i].pid != pid)
        i++;
    struct job *job = &jobs[i];
    if (status) {
        show_said(job);
        if (WIFSIGNALED(status))
            fprintf(stderr, "ended by signal %d\n", WTERMSIG(status));
        fprintf(stderr,
                "seed %" PRIu64 " has failed; again: tests/sim/run --seed %" PRIu64 " --trace\n\n",
                job->seed, job->seed);
    }
    close(job->said);
    job->pid = 0;
    return status == 0;
}

/* How many seeds there were, and how many failed, in so many words; false: too few, or any has. */
static bool conclude(const struct options *options, uint64_t count, uint64_t failed, bool late)
{
    bool too_few = late && count < options->at_least;
    printf("%" PRIu64 " seeds from %" PRIu64 ", %" PRIu64 " failed", count, options->from, failed);
    if (late)
        printf("; the time was up, %" PRIu64 " of %" PRIu64 " were not run", options->seeds - count,
               options->seeds);
    printf("\n");
    fflush(stdout);
    if (too_few)
        fprintf(stderr,
                "TOO FEW: %" PRIu64 " seeds in %lld s, and at least %" PRIu64 " were wanted\n",
                count, (long long)options->seconds, options->at_least);
    return failed == 0 && !too_few;
}

static int run_many(const struct options *options)
{
    uint64_t failed = 0;
    uint64_t next = options->from;
    uint64_t end = options->from + options->seeds;
    time_t until = options->seconds ? time(NULL) + options->seconds : 0;
    unsigned busy = 0;
    bool late = false;
    while (next < end || busy > 0) {
        if (next < end && busy < options->jobs) {
            unsigned i = 0;
            while (jobs[i].pid)
                i++;
            start(&jobs[i], next++);
            busy++;
            continue;
        }
        failed += !reap();
        busy--;
        late = late || (next < end && until && time(NULL) >= until);
        if (late || (failed > 0 && options->first))
            end = next;
    }
    return conclude(options, end - options->from, failed, late) ? 0 : 1;
}

/* ── options ─────────────────────────────────────────────────────────────── */

static int usage(void)
{
    fputs(
        "usage: sim [--from SEED] [--seeds N] [--jobs N] [--first] [--for SECONDS [--at-least N]]\n"
        "       sim --seed SEED | --scenario FILE [--trace | --show | --yaml]\n",
        stderr);
    return 2;
}

static bool read_options(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {
        {"from", required_argument, NULL, 'f'},     {"seeds", required_argument, NULL, 'n'},
        {"jobs", required_argument, NULL, 'j'},     {"seed", required_argument, NULL, 's'},
        {"scenario", required_argument, NULL, 'c'}, {"trace", no_argument, NULL, 't'},
        {"show", no_argument, NULL, 'p'},           {"yaml", no_argument, NULL, 'y'},
        {"first", no_argument, NULL, '1'},          {"for", required_argument, NULL, 'u'},
        {"at-least", required_argument, NULL, 'l'}, {0},
    };
    *options = (struct options){.from = 1, .seeds = 100, .at_least = UINT64_MAX, .jobs = 1};
    for (int c = 0; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (c == '?')
            return false;
        options->from = c == 'f' || c == 's' ? strtoull(optarg, NULL, 10) : options->from;
        options->seeds = c == 'n' ? strtoull(optarg, NULL, 10) : options->seeds;
        options->jobs = c == 'j' ? (unsigned)strtoul(optarg, NULL, 10) : options->jobs;
        options->at_least = c == 'l' ? strtoull(optarg, NULL, 10) : options->at_least;
        options->seconds = c == 'u' ? (time_t)strtoul(optarg, NULL, 10) : options->seconds;
        options->first = options->first || c == '1';
        options->one = options->one || c == 's' || c == 'c';
        options->trace = options->trace || c == 't';
        options->show = options->show || c == 'p';
        options->yaml = options->yaml || c == 'y';
        options->file = c == 'c' ? optarg : options->file;
    }
    if (options->at_least > options->seeds)
        options->at_least = options->seeds;
    return optind == argc && options->jobs > 0 && options->jobs <= JOBS_MOST;
}

int main(int argc, char **argv)
{
    static struct scenario scenario;
    struct options options;
    if (!read_options(argc, argv, &options))
        return usage();
    if (!options.one)
        return run_many(&options);
    if (!options.file)
        scenario_generate(&scenario, options.from);
    else if (!scenario_read(&scenario, options.file))
        return 2;
    if (options.show)
        scenario_write(&scenario, stdout);
    else if (options.yaml)
        show_yaml(&scenario);
    else
        run(&scenario, options.trace);
    return 0;
}
