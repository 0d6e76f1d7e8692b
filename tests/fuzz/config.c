/* Any bytes as grapnel.yaml and, behind a NUL, as the subscriptions file a.yaml beside it; what can
 * be read of the requests is compiled too, but for programs that only jq knows. */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/settings.h"
#include "render/plan.h"

static char folder[] = "/tmp/grapnel-fuzz-XXXXXX";

/* Names no file outside the folder: a device there could block. Slashes in URLs and between letters
 * are fine. */
static bool stays_here(const char *p, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (p[i] == '\\' && i + 1 < size && memchr("xuU/", p[i + 1], 4))
            return false;
        bool scheme = i > 1 && p[i - 1] == ':' && (p[i - 2] == 'p' || p[i - 2] == 's');
        bool second = i > 1 && p[i - 1] == '/' && p[i - 2] == ':';
        if (p[i] == '/' && !scheme && !second && !(i && isalnum((unsigned char)p[i - 1])))
            return false;
    }
    return true;
}

static void write_file(char path[64], const char *name, const char *bytes, size_t size)
{
    snprintf(path, 64, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
        abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return clearenv() || setenv("X", "1", 1) || !mkdtemp(folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    const char *nul = size ? memchr(bytes, '\0', size) : NULL;
    size_t main_size = nul ? (size_t)(nul - bytes) : size;
    if (!stays_here(bytes, size))
        return -1;
    char path[64];
    write_file(path, "a.yaml", nul ? nul + 1 : "", nul ? size - main_size - 1 : 0);
    write_file(path, "grapnel.yaml", bytes, main_size);
    char *text = NULL;
    size_t text_size = 0;
    FILE *out = open_memstream(&text, &text_size);
    struct problems problems = {0};
    struct settings *settings = settings_load(path, &problems);
    for (size_t i = 0; settings && i < settings->subscription_count; i++)
        plan_destroy(plan_create(&settings->subscriptions[i], NULL, NULL, &problems));
    settings_destroy(settings);
    problems_print(&problems, out);
    fclose(out);
    free(text);
    problems_finish(&problems);
    return 0;
}
