#include "cli/help.h"

#include <string.h>

#include "cli/troff.h"
#include "config/schema.h"
#include "config/settings.h"
#include "config/subscription.h"

/* "auto|json|!avro" as "auto, json": those that are not supported yet are no choice. */
static void put_values(FILE *out, const char *values)
{
    const char *gap = "";
    while (*values) {
        size_t size = strcspn(values, "|");
        if (*values != '!') {
            fprintf(out, "%s%.*s", gap, (int)size, values);
            gap = ", ";
        }
        values += size + (values[size] == '|');
    }
}

/* "size, 256MiB; from 16MiB to 1024GiB" */
static void put_facts(FILE *out, const struct schema_row *row)
{
    fputs(" (", out);
    if (row->values)
        put_values(out, row->values);
    else
        troff_put(out, row->type->name);
    if (!row->fallback)
        fputs("; needed", out);
    if (row->fallback && strcmp(row->fallback, "null") != 0) {
        fputs("; default ", out);
        troff_put(out, row->fallback);
    }
    if (row->min)
        fprintf(out, "; from %s", row->min);
    if (row->max)
        fprintf(out, "%s to %s", row->min ? "" : ";", row->max);
    fputc(')', out);
}

static void put_row(FILE *out, const struct schema_row *row)
{
    fputs(".TP\n\\fB", out);
    troff_put(out, row->path);
    fputs("\\fR", out);
    if (row->type != &schema_group && *row->type->name)
        put_facts(out, row);
    fputc('\n', out);
    troff_put(out, row->text);
    fputc('\n', out);
}

static void put_schema(FILE *out, const struct schema *schema)
{
    for (size_t i = 0; i < schema->count; i++)
        if (!schema->rows[i].later)
            put_row(out, &schema->rows[i]);
}

static const char head[] =
    ".SH NAME\ngrapnel.yaml \\- what grapnel reads, sends and writes\n"
    ".SH DESCRIPTION\n"
    "A YAML file that names the subscriptions\\(aq files or holds them itself. \\fBgrapnel "
    "check\\fR\n"
    "tells every mistake with its place; a key that isn\\(aqt known is one.\n"
    ".PP\n"
    "\\fB${env:NAME}\\fR and \\fB${file:PATH}\\fR in any scalar stand for an environment variable "
    "and\n"
    "a file\\(aqs content; what they hold is never shown. \\fB$${\\fR is a \\fB${\\fR as it "
    "stands.\n"
    "Durations are written 250ms, 5s, 5m, 2h, 1d; sizes 64KiB, 1MiB.\n"
    ".SH KEYS OF GRAPNEL.YAML\n";

void manual_settings_print(FILE *out)
{
    fprintf(out, ".\\\" Made by 'grapnel help --man 5'\n.TH GRAPNEL.YAML 5 \"\" \"grapnel %s\"\n",
            GRAPNEL_VERSION);
    fputs(head, out);
    put_schema(out, &settings_schema);
    fputs(".SH KEYS OF A SUBSCRIPTION\n", out);
    put_schema(out, &subscription_schema);
    fputs(".SH SEE ALSO\n.BR grapnel (1)\n", out);
}
