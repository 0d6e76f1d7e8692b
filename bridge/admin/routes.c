#include "admin/routes.h"

#include <stdio.h>
#include <string.h>

#include "admin/problem.h"
#include "base/compiler.h"

enum who { ANYONE, VIEWER, ADMIN };

static const struct {
    const char *method;
    const char *path;
    enum who who;
    void (*function)(const struct admin *admin, struct answer *answer);
} routes[] = {
#define ROUTE(method, path, who, function, text) {method, path, who, function},
#include "admin/routes.def"
#undef ROUTE
};

static bool method_fits(const char *asked, const char *method)
{
    if (strcmp(asked, "HEAD") == 0)
        asked = "GET";
    return strcmp(asked, method) == 0;
}

/* The token of "Bearer TOKEN"; data NULL where the header is something else. */
static struct slice bearer_of(const char *authorization)
{
    static const char scheme[] = "Bearer ";
    if (!authorization || strncasecmp(authorization, scheme, sizeof scheme - 1) != 0)
        return SLICE_NONE;
    const char *token = authorization + sizeof scheme - 1;
    return slice_of(token + strspn(token, " "));
}

static void refuse(struct answer *answer, const char *challenge, const char *detail)
{
    problem_answer(answer, 401, detail);
    answer->challenge = challenge;
}

/* All tokens are compared, whichever fits, so that the time tells nothing (RFC 6750 for the
 * challenges). */
static bool check_token(const struct admin_tokens *tokens, const struct admin_request *request,
                        enum who who, struct answer *answer)
{
    struct slice given = bearer_of(request->authorization);
    const struct admin_token *found = NULL;
    for (size_t i = 0; given.data && i < tokens->count; i++)
        if (secret_equal(&tokens->items[i].token, given))
            found = &tokens->items[i];
    if (!given.data)
        refuse(answer, "Bearer realm=\"grapnel\"", "a bearer token is needed");
    else if (!found)
        refuse(answer, "Bearer realm=\"grapnel\", error=\"invalid_token\"",
               "this token is not known");
    else if (who == ADMIN && found->role != ROLE_ADMIN)
        problem_answer(answer, 403, "this token's role is not enough");
    else
        return true;
    return false;
}

static bool may(const struct admin *admin, const struct admin_request *request, enum who who,
                struct answer *answer)
{
    if (who == ANYONE)
        return true;
    const struct admin_tokens *tokens = cell_get(&admin->tokens);
    if (tokens->count > 0)
        return check_token(tokens, request, who, answer);
    if (request->from_loopback)
        return true;
    problem_answer(answer, 403, "without admin.tokens only loopback may ask this");
    return false;
}

static void add_allowed(struct answer *answer, const char *method)
{
    size_t used = strlen(answer->allow);
    snprintf(answer->allow + used, sizeof answer->allow - used, "%s%s%s", used ? ", " : "", method,
             strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

void routes_answer(const struct admin *admin, const struct admin_request *request,
                   struct answer *answer)
{
    bool path_known = false;
    for (size_t i = 0; i < COUNT_OF(routes); i++) {
        if (strcmp(routes[i].path, request->path) != 0)
            continue;
        path_known = true;
        add_allowed(answer, routes[i].method);
        if (!method_fits(request->method, routes[i].method))
            continue;
        answer->allow[0] = '\0';
        answer->status = 200;
        answer->content_type = "text/plain; charset=utf-8";
        if (may(admin, request, routes[i].who, answer))
            routes[i].function(admin, answer);
        return;
    }
    if (path_known)
        problem_answer(answer, 405, "this path is not asked that way");
    else
        problem_answer(answer, 404, "there is nothing at this path");
}
