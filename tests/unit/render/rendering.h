/* A subscription and a record, as far as the request: what the tests of this folder begin with. */
#ifndef TESTS_UNIT_RENDER_RENDERING_H
#define TESTS_UNIT_RENDER_RENDERING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "config/schema.h"
#include "config/subscription.h"
#include "jq/jq.h"
#include "render/plan.h"

/* Where a test needs programs: cmocka_run_group_tests(tests, create_jq, destroy_jq). */
static struct jq *jq;

static inline int create_jq(void **state)
{
    (void)state;
    jq = jq_create();
    return jq ? 0 : -1;
}

static inline int destroy_jq(void **state)
{
    (void)state;
    jq_destroy(jq);
    return 0;
}

/* One case: a subscription without its name and topics, and a record. */
struct fixture {
    struct arena arena;
    struct problems problems;
    struct subscription sub;
    struct plan *plan;
    struct event ev;
    struct request request;
    struct error err;
};

static inline void compile(struct fixture *f, const char *yaml, const char *namespace)
{
    *f = (struct fixture){0};
    char *text = arena_print(&f->arena, "name: s\ntopics: [t]\n%s", yaml);
    const struct yaml_node *node =
        yaml_read_bytes(&f->arena, "s.yaml", slice_of(text), &f->problems);
    struct schema_reader reader;
    assert_non_null(node);
    schema_reader_init(&reader, &subscription_schema, &f->arena, &f->problems);
    subscription_read(&reader, NULL, node, &f->sub);
    f->plan = plan_create(&f->sub, namespace, jq, &f->problems);
}

static inline void finish(struct fixture *f)
{
    plan_destroy(f->plan);
    problems_finish(&f->problems);
    event_finish(&f->ev);
    request_finish(&f->request);
    arena_finish(&f->arena);
}

static inline bool render(struct fixture *f, const char *yaml, const struct record *rec)
{
    compile(f, yaml, NULL);
    if (!f->plan)
        fail_msg("%s\n%s", yaml, f->problems.count ? f->problems.items[0].message : "no plan");
    if (!event_decode(rec, f->sub.format, &f->ev, &f->err))
        fail_msg("%s", f->err.text);
    return plan_render(f->plan, &f->ev, jq, &f->request, &f->err);
}

/* All header lines, joined by newlines. */
static inline const char *lines(const struct request *request)
{
    static char text[1024];
    text[0] = '\0';
    const char *line = request_first_header(request);
    for (; line; line = request_next_header(request, line)) {
        strcat(text, line);
        strcat(text, "\n");
    }
    return text;
}

#endif
