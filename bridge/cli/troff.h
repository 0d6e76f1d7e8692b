/* Text in man's macros. */
#ifndef CLI_TROFF_H
#define CLI_TROFF_H

#include <stdio.h>

/* A paragraph's text: what troff would take for its own is escaped (groff_char(7)). */
void troff_put(FILE *out, const char *text);

#endif
