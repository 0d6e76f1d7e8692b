/* ${env:NAME} and ${file:PATH} in a scalar. What they stand for is a secret: the text is marked,
 * and no problem shows it. */
#ifndef CONFIG_EXPAND_H
#define CONFIG_EXPAND_H

#include "base/arena.h"
#include "config/problems.h"

#define EXPAND_FILE_MAX (64u << 10) /* bytes of a ${file:} */

/* Replaces in `raw` each ${env:NAME} by the variable's value and each ${file:PATH} by the file's
 * content without the line break at its end; `$${env:` and `$${file:` stand for themselves without
 * the first $; no other $ means anything. A relative PATH starts from the folder of `at.file`.
 *
 * The text is a copy in `arena`, at `at`. What is missing is a problem there, and is left empty.
 * Thread: one that reads configuration; reads files and the environment. */
struct text expand_text(struct arena *arena, struct slice raw, struct place at,
                        struct problems *problems);

/* `path` as seen from the folder of the file that names it; absolute paths stay as they are. */
const char *expand_path(struct arena *arena, const char *file, const char *path);

#endif
