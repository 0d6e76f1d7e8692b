/* What the table of commands tells people: help on the terminal, a man page, shells' completion;
 * and what the tables of keys tell editors.
 * Thread: main. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

#include "base/buffer.h"
#include "cli/options.h"

/* All commands, a line each. */
void help_print(FILE *out);

/* One command, its options and what else there is to know. */
void help_command_print(const struct command *command, FILE *out);

/* "-c FILE [--follow] [COMMAND]", without the command's name. The options that are needed first. */
void help_usage(const struct command *command, struct buffer *out);

/* grapnel(1) and grapnel.yaml(5), in man's macros. */
void manual_print(FILE *out);
void manual_settings_print(FILE *out);

/* For editors the JSON Schema of grapnel.yaml, "grapnel", or of a file with subscriptions,
 * "subscription"; the Avro schema of a "result". */
void schema_print(const char *name, FILE *out);

/* A completion script for bash, zsh or fish. */
void completion_print(const char *shell, FILE *out);

#endif
