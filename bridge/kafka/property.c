/* librdkafka tells the names of all its properties in one way only: as the table of its manual,
 * printed to a FILE. (rd_kafka_conf_dump leaves out those without a default, bootstrap.servers
 * among them.) A row is "name   |  *  | range | …". */
#include "kafka/property.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>

#include "base/nearest.h"

#define MOST_NAMES 512

/* Cuts the table's text into names, in place. */
static size_t find_names(char *text, const char **names)
{
    size_t count = 0;
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line && count < MOST_NAMES;
         line = strtok_r(NULL, "\n", &save)) {
        size_t size = strcspn(line, " |");
        bool name = line[0] >= 'a' && line[0] <= 'z'; /* not the head, "Property", and its line */
        if (!name || line[size + strspn(line + size, " ")] != '|')
            continue;
        line[size] = '\0';
        names[count++] = line;
    }
    return count;
}

bool property_nearest(struct slice name, char nearest[PROPERTY_NAME_BYTES])
{
    char *text = NULL;
    size_t size = 0;
    const char *names[MOST_NAMES];
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return false;
    rd_kafka_conf_properties_show(out);
    fclose(out);
    const char *found = text ? nearest_name(name, names, find_names(text, names)) : NULL;
    if (found)
        snprintf(nearest, PROPERTY_NAME_BYTES, "%s", found);
    free(text);
    return found != NULL;
}
