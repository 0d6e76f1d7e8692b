/* Errors over HTTP in the form of RFC 9457. */
#ifndef ADMIN_PROBLEM_H
#define ADMIN_PROBLEM_H

#include "admin/answer.h"
#include "base/slice.h"

/* Makes the answer a problem: its title is the status's, `detail` is about this occurrence (NULL:
 * none). What the body held is dropped. */
void problem_answer(struct answer *answer, unsigned status, const char *detail);

/* The same with a list of reasons, one a line of `lines`, as the member "reasons". */
void problem_answer_reasons(struct answer *answer, unsigned status, const char *detail,
                            struct slice lines);

#endif
