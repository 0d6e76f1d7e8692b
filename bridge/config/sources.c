#include "config/sources.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/expand.h"
#include "config/schema.h"

struct source_file {
    const struct source_file *next;
    const char *path; /* absolute, without links */
};

/* The one key of a file with subscriptions. */
static const struct schema_row file_rows[] = {
    {"subscriptions", &schema_any, SCHEMA_NO_FIELD, 0, NULL, NULL, NULL, NULL, true, false,
     "A list of subscriptions."},
};
static const struct schema file_schema = {file_rows, COUNT_OF(file_rows)};

static void add_item(struct sources *sources, const struct yaml_node *node)
{
    if (sources->count == sources->capacity) {
        size_t capacity = sources->capacity ? sources->capacity * 2 : 16;
        const struct yaml_node **items =
            arena_alloc(sources->arena, capacity * sizeof(const struct yaml_node *));
        for (size_t i = 0; i < sources->count; i++)
            items[i] = sources->items[i];
        sources->items = items;
        sources->capacity = capacity;
    }
    sources->items[sources->count++] = node;
}

/* True the first time. A file that isn't there is new each time: reading it says why. */
static bool is_new(struct sources *sources, const char *path)
{
    char *real = realpath(path, NULL);
    if (!real)
        return true;
    const struct source_file *file = sources->files;
    while (file && strcmp(file->path, real) != 0)
        file = file->next;
    if (!file) {
        struct source_file *added = arena_alloc(sources->arena, sizeof *added);
        *added = (struct source_file){sources->files, arena_copy(sources->arena, slice_of(real))};
        sources->files = added;
    }
    free(real);
    return !file;
}

static void read_file(struct sources *sources, const char *path)
{
    if (!is_new(sources, path))
        return;
    const struct yaml_node *root = yaml_read_file(sources->arena, path, sources->problems);
    if (!root)
        return;
    struct schema_reader reader;
    struct schema_reading reading = {0};
    schema_reader_init(&reader, &file_schema, sources->arena, sources->problems);
    schema_read(&reader, root, NULL, &reading);
    const struct yaml_node *list = schema_given(&reading, "subscriptions");
    if (list && list->type != YAML_SEQUENCE)
        problems_add(sources->problems, list->at, "subscriptions: a list is needed, not %s",
                     schema_shown(&reading, list));
    for (size_t i = 0; list && list->type == YAML_SEQUENCE && i < list->count; i++)
        add_item(sources, list->items[i]);
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static void read_pattern(struct sources *sources, const char *path, const struct yaml_node *node)
{
    if (node->broken)
        return;
    glob_t found = {0};
    const char *pattern = expand_path(sources->arena, path, node->text.data);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): unsafe only with GLOB_TILDE (glob(3)) */
    int code = glob(pattern, 0, NULL, &found);
    for (size_t i = 0; code == 0 && i < found.gl_pathc; i++)
        if (is_folder(found.gl_pathv[i]))
            problems_add(sources->problems, node->at,
                         "subscriptions: %s is a folder; a pattern such as folder/*.yaml is needed",
                         node->text.secret ? node->written : found.gl_pathv[i]);
        else
            read_file(sources, found.gl_pathv[i]);
    if (code != 0)
        problems_add(sources->problems, node->at, "subscriptions: there is no file %s",
                     node->text.secret ? node->written : pattern);
    globfree(&found);
}

void sources_read(struct sources *sources, const char *path, const struct yaml_node *list)
{
    is_new(sources, path);
    if (list && list->type != YAML_SEQUENCE) {
        problems_add(sources->problems, list->at,
                     "subscriptions: a list of paths and subscriptions is needed");
        return;
    }
    for (size_t i = 0; list && i < list->count; i++) {
        const struct yaml_node *item = list->items[i];
        if (item->type == YAML_SCALAR && !yaml_is_null(item))
            read_pattern(sources, path, item);
        else
            add_item(sources, item);
    }
}
