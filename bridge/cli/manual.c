#include "cli/help.h"

#include "cli/troff.h"

static void put_option(FILE *out, enum command_option o)
{
    const struct option_row *row = &option_rows[o];
    fputs(".TP\n", out);
    if (row->letter)
        fprintf(out, "\\fB\\-%c\\fR, ", row->letter);
    fputs("\\fB\\-\\-", out);
    troff_put(out, row->name);
    fputs("\\fR", out);
    if (row->argument) {
        fputs(" \\fI", out);
        troff_put(out, row->argument);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    troff_put(out, row->help);
    fputc('\n', out);
}

static void put_command(FILE *out, const struct command *command)
{
    struct buffer usage = {0};
    fputs(".SS \"grapnel ", out);
    troff_put(out, command->name);
    help_usage(command, &usage);
    const char *text = buffer_text(&usage);
    troff_put(out, text ? text : "");
    fputs("\"\n", out);
    troff_put(out, command->line);
    fputc('\n', out);
    if (*command->text) {
        troff_put(out, command->text);
        fputc('\n', out);
    }
    buffer_finish(&usage);
}

static const char head[] =
    ".SH NAME\ngrapnel \\- events from Kafka topics to HTTP webhooks\n"
    ".SH SYNOPSIS\n.B grapnel\n.I COMMAND\n[\\fIOPTION\\fR]...\n"
    ".SH DESCRIPTION\n"
    "grapnel reads events from Kafka topics, maps each through subscriptions that are written in\n"
    "YAML to HTTP webhooks, and writes every delivery\\(aqs result, and every dead letter, back "
    "to\n"
    "Kafka. A record\\(aqs offset is committed only when its fate is stored.\n"
    ".SH COMMANDS\n";

static const char tail[] =
    ".SH EXIT STATUS\n"
    ".TP\n0\nDone.\n"
    ".TP\n1\nThe input or the configuration is wrong.\n"
    ".TP\n2\nThe command line is wrong.\n"
    ".TP\n3\nSomething outside failed: Kafka, the network, the system.\n"
    ".TP\n130\n\\fBdemo\\fR was interrupted before its end.\n"
    ".SH SIGNALS\n"
    ".TP\nSIGTERM, SIGINT\n"
    "Drain: stop fetching, finish what is in flight within \\fBshutdown_grace\\fR, commit, leave "
    "the\n"
    "consumer groups, exit with 0. A second one stops at once.\n"
    ".SH FILES\n"
    ".TP\n.I grapnel.yaml\n"
    "Read from the working directory where \\fB\\-\\-config\\fR isn\\(aqt given. Any scalar may "
    "hold\n"
    "\\fB${env:NAME}\\fR or \\fB${file:PATH}\\fR.\n"
    ".SH ENVIRONMENT\n"
    ".TP\nNO_COLOR\nNo colours, also on a terminal.\n"
    ".TP\nCOLUMNS\nHow wide tables are made.\n"
    ".SH EXAMPLES\n"
    ".nf\n.RS\n"
    "grapnel check \\-c grapnel.yaml\n"
    "grapnel results \\-\\-follow \\-s orders\\-to\\-dashboard\n"
    "grapnel results \\-o json | jq \\(aqselect(.outcome == \"dead\\-lettered\")\\(aq\n"
    ".RE\n.fi\n"
    ".SH SEE ALSO\n.BR grapnel.yaml (5),\n.BR kcat (1)\n";

void manual_print(FILE *out)
{
    fprintf(out, ".\\\" Made by 'grapnel help --man 1'\n.TH GRAPNEL 1 \"\" \"grapnel %s\"\n",
            GRAPNEL_VERSION);
    fputs(head, out);
    for (size_t i = 0; i < command_row_count; i++)
        put_command(out, &command_rows[i]);
    fputs(".SH OPTIONS\n", out);
    for (enum command_option o = 0; o < OPTION_COUNT; o++)
        if (option_rows[o].help)
            put_option(out, o);
    fputs(tail, out);
}
