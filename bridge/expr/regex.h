/* A regular expression as jq has them: Oniguruma's, in Perl's syntax with named groups. Compiled
 * once, immutable, any thread may use it. */
#ifndef EXPR_REGEX_H
#define EXPR_REGEX_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

struct regex;

/* `flags` are jq's: g i x s n p l. Owner: the arena. NULL is ERROR_INPUT with what is wrong. */
const struct regex *regex_compile(struct slice pattern, struct slice flags, struct arena *arena,
                                  struct error *err);

enum regex_verdict {
    REGEX_MATCHES,
    REGEX_DIFFERS,
    REGEX_GIVES_UP, /* it would take longer than a thread may: let jq try, which has a limit */
};

/* Does it match anywhere in `text`, which is valid UTF-8? */
enum regex_verdict regex_test(const struct regex *regex, struct slice text);

#endif
