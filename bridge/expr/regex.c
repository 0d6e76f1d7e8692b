#include "expr/regex.h"

#include <oniguruma.h>
#include <pthread.h>

#define RETRIES_MAX 100000u /* of a search: about a millisecond */
#define STACK_MAX   20000u  /* entries, a megabyte */

struct regex {
    OnigRegex compiled;
};

/* The library's own limits are ten seconds and all memory. */
static void initialize(void)
{
    OnigEncoding encodings[] = {ONIG_ENCODING_UTF8};
    onig_initialize(encodings, 1);
    onig_set_retry_limit_in_match(RETRIES_MAX);
    onig_set_retry_limit_in_search(RETRIES_MAX);
    onig_set_match_stack_limit_size(STACK_MAX);
}

static const struct {
    char flag;
    OnigOptionType option;
} flags_known[] = {
    {'g', ONIG_OPTION_NONE},         {'i', ONIG_OPTION_IGNORECASE},
    {'x', ONIG_OPTION_EXTEND},       {'m', ONIG_OPTION_MULTILINE},
    {'s', ONIG_OPTION_SINGLELINE},   {'p', ONIG_OPTION_MULTILINE | ONIG_OPTION_SINGLELINE},
    {'l', ONIG_OPTION_FIND_LONGEST}, {'n', ONIG_OPTION_FIND_NOT_EMPTY},
};

static bool add_option(char flag, OnigOptionType *options)
{
    for (size_t i = 0; i < COUNT_OF(flags_known); i++) {
        if (flags_known[i].flag != flag)
            continue;
        *options |= flags_known[i].option;
        return true;
    }
    return false;
}

static void destroy(void *thing)
{
    struct regex *regex = thing;
    onig_free(regex->compiled);
}

const struct regex *regex_compile(struct slice pattern, struct slice flags, struct arena *arena,
                                  struct error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    OnigOptionType options = ONIG_OPTION_CAPTURE_GROUP;
    OnigErrorInfo info;
    OnigUChar why[ONIG_MAX_ERROR_MESSAGE_LEN];
    const OnigUChar *start = (const OnigUChar *)pattern.data;
    struct regex *regex = arena_alloc(arena, sizeof *regex);
    pthread_once(&once, initialize);
    for (size_t i = 0; i < flags.size; i++) {
        if (add_option(flags.data[i], &options))
            continue;
        error_set(err, ERROR_INPUT, "test: \"%.*s\" are not flags; there are g i x s n p l",
                  SLICE_ARGS(flags));
        return NULL;
    }
    int failed = onig_new(&regex->compiled, start, start + pattern.size, options,
                          ONIG_ENCODING_UTF8, ONIG_SYNTAX_PERL_NG, &info);
    if (failed == ONIG_NORMAL) {
        arena_keep(arena, regex, destroy);
        return regex;
    }
    onig_error_code_to_str(why, failed, &info);
    error_set(err, ERROR_INPUT, "test: \"%.*s\" is no regular expression: %s", SLICE_ARGS(pattern),
              (const char *)why);
    return NULL;
}

enum regex_verdict regex_test(const struct regex *regex, struct slice text)
{
    const OnigUChar *start = (const OnigUChar *)(text.size ? text.data : "");
    const OnigUChar *end = start + text.size;
    int at = onig_search(regex->compiled, start, end, start, end, NULL, ONIG_OPTION_NONE);
    if (at >= 0)
        return REGEX_MATCHES;
    return at == ONIG_MISMATCH ? REGEX_DIFFERS : REGEX_GIVES_UP;
}
