#include "cli/demo_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"

static const char config_yaml[] =
    "# Written by `grapnel demo`, whose embedded Kafka and receiver it names.\n"
    "kafka:\n"
    "  bootstrap.servers: @KAFKA@\n"
    "  fetch.wait.max.ms: 10 # an embedded Kafka answers an empty fetch only when this is over\n"
    "topics:\n"
    "  create: false # they are there: an embedded Kafka can't be asked to make them\n"
    "subscriptions: [subscriptions/*.yaml]\n"
    "admin:\n"
    "  listen: 127.0.0.1:0 # a free port\n"
    "shutdown_grace: 5s\n"
    "log:\n"
    "  level: error\n";

static const char *const folders[] = {"subscriptions", "secrets"};

/* `text` with what its placeholders stand for. */
static void fill_in(const struct demo_files *files, const char *text, struct buffer *out)
{
    const struct {
        struct slice name;
        const char *value;
    } placeholders[] = {
        {SLICE("@KAFKA@"), files->kafka},
        {SLICE("@RECEIVER@"), files->receiver},
        {SLICE("@DIRECTORY@"), files->directory},
    };
    while (*text) {
        size_t i = 0;
        while (i < COUNT_OF(placeholders) && !slice_starts(slice_of(text), placeholders[i].name))
            i++;
        if (i == COUNT_OF(placeholders)) {
            buffer_add_char(out, *text++);
            continue;
        }
        buffer_add_text(out, placeholders[i].value);
        text += placeholders[i].name.size;
    }
}

void demo_files_subscription(const struct demo_files *files, const struct demo_act *act,
                             struct buffer *out)
{
    fill_in(files, act->yaml, out);
}

static bool write_file(const struct demo_files *files, const char *name, struct slice content,
                       struct error *err)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", files->directory, name);
    FILE *file = fopen(path, "we");
    if (!file)
        return error_set(err, ERROR_SYSTEM, "%s can't be written (errno %d)", path, errno);
    bool good = fwrite(content.data, 1, content.size, file) == content.size;
    good &= fclose(file) == 0;
    return good || error_set(err, ERROR_SYSTEM, "%s can't be written", path);
}

static bool write_yaml(const struct demo_files *files, const char *name, const char *text,
                       struct error *err)
{
    struct buffer content = {0};
    fill_in(files, text, &content);
    bool good = content.failed ? error_set(err, ERROR_MEMORY, "no memory for %s", name)
                               : write_file(files, name, buffer_slice(&content), err);
    buffer_finish(&content);
    return good;
}

static void subscription_name(char name[96], const struct demo_act *act)
{
    snprintf(name, 96, "subscriptions/%s.yaml", act->subscription);
}

static void secret_name(char name[96], const struct demo_secret *secret)
{
    snprintf(name, 96, "secrets/%s", secret->name);
}

static bool make_folders(const struct demo_files *files, struct error *err)
{
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        char path[256];
        snprintf(path, sizeof(path), "%s/%s", files->directory, folders[i]);
        if (mkdir(path, 0700) != 0)
            return error_set(err, ERROR_SYSTEM, "%s can't be made (errno %d)", path, errno);
    }
    return true;
}

static bool write_all(const struct demo_files *files, struct error *err)
{
    char name[96];
    if (!make_folders(files, err) || !write_yaml(files, "grapnel.yaml", config_yaml, err))
        return false;
    for (size_t i = 0; i < demo_act_count; i++) {
        subscription_name(name, demo_acts[i]);
        if (!write_yaml(files, name, demo_acts[i]->yaml, err))
            return false;
    }
    for (size_t i = 0; i < demo_secret_count; i++) {
        secret_name(name, &demo_secrets[i]);
        if (!write_file(files, name, slice_of(demo_secrets[i].value), err))
            return false;
    }
    return true;
}

bool demo_files_write(struct demo_files *files, struct error *err)
{
    snprintf(files->directory, sizeof(files->directory), "/tmp/grapnel-demo.XXXXXX");
    if (!mkdtemp(files->directory)) {
        files->directory[0] = '\0';
        return error_set(err, ERROR_SYSTEM, "no directory can be made in /tmp (errno %d)", errno);
    }
    snprintf(files->config, sizeof(files->config), "%s/grapnel.yaml", files->directory);
    if (write_all(files, err))
        return true;
    demo_files_remove(files);
    return false;
}

static void remove_name(const struct demo_files *files, const char *name)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", files->directory, name);
    remove(path);
}

void demo_files_remove(struct demo_files *files)
{
    char name[96];
    if (!files->directory[0])
        return;
    for (size_t i = 0; i < demo_act_count; i++) {
        subscription_name(name, demo_acts[i]);
        remove_name(files, name);
    }
    for (size_t i = 0; i < demo_secret_count; i++) {
        secret_name(name, &demo_secrets[i]);
        remove_name(files, name);
    }
    for (size_t i = 0; i < COUNT_OF(folders); i++)
        remove_name(files, folders[i]);
    remove_name(files, "grapnel.yaml");
    rmdir(files->directory);
    files->directory[0] = '\0';
}
