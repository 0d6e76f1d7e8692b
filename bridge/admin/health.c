#include "admin/problem.h"
#include "admin/routes.h"

void health_alive(const struct admin *admin, struct answer *answer)
{
    (void)admin;
    buffer_add_text(&answer->body, "alive\n");
}

void health_ready(const struct admin *admin, struct answer *answer)
{
    struct buffer why = {0};
    if (admin->ready(admin->context, &why))
        buffer_add_text(&answer->body, "ready\n");
    else
        problem_answer_reasons(answer, 503, "not ready", buffer_slice(&why));
    buffer_finish(&why);
}
