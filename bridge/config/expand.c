#include "config/expand.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"

/* One scalar under way. */
struct expansion {
    struct arena *arena;
    struct place at;
    struct problems *problems;
    struct buffer out;
    bool secret;
    const struct text_secret *secrets;
};

const char *expand_path(struct arena *arena, const char *file, const char *path)
{
    const char *slash = file ? strrchr(file, '/') : NULL;
    if (path[0] == '/' || !slash)
        return path;
    return arena_print(arena, "%.*s%s", (int)(slash - file + 1), file, path);
}

/* Length of the UTF-8 character at the front; 0: none is there, or a NUL (RFC 3629 §4). */
static size_t character_size(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80)
        return p[0] != 0;
    size_t size = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || left < size)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90);
    bool beyond = (p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF4 && p[1] > 0x8F);
    return overlong || beyond ? 0 : size;
}

static bool is_text(struct slice bytes)
{
    const unsigned char *p = (const unsigned char *)bytes.data;
    for (size_t i = 0; i < bytes.size;) {
        size_t size = character_size(p + i, bytes.size - i);
        if (size == 0)
            return false;
        i += size;
    }
    return true;
}

static void keep_secret(struct expansion *in, struct slice value)
{
    struct text_secret *secret = arena_alloc(in->arena, sizeof *secret);
    *secret = (struct text_secret){in->secrets, {arena_copy(in->arena, value), value.size}};
    in->secrets = secret;
}

static void add_value(struct expansion *in, const char *what, const char *name, struct slice value)
{
    in->secret = true;
    if (!is_text(value)) {
        problems_add(in->problems, in->at, "%s %s holds what is no UTF-8 text", what, name);
        return;
    }
    buffer_add_slice(&in->out, value);
    keep_secret(in, value);
}

static void expand_env(struct expansion *in, const char *name)
{
    /* Only configuration is read here, by one thread, and nothing in grapnel sets variables. */
    const char *value = getenv(name); // NOLINT(concurrency-mt-unsafe)
    if (value)
        add_value(in, "environment variable", name, slice_of(value));
    else
        problems_add(in->problems, in->at, "environment variable %s is not set", name);
}

/* What waits for a writer, as a pipe does, may wait for ever; and it can be read once, but is read
 * again at each reload. */
static bool is_file(int fd)
{
    struct stat stat;
    if (fstat(fd, &stat) != 0)
        return false;
    errno = S_ISDIR(stat.st_mode) ? EISDIR : ESPIPE;
    return S_ISREG(stat.st_mode);
}

/* At most `size` bytes; -1: errno says why. */
static ssize_t read_all(const char *path, char *bytes, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -1;
    size_t used = 0;
    ssize_t got = is_file(fd) ? 1 : -1;
    while (used < size && got > 0) {
        got = read(fd, bytes + used, size - used);
        used += got > 0 ? (size_t)got : 0;
    }
    int saved = errno;
    close(fd);
    errno = saved;
    return got < 0 ? -1 : (ssize_t)used;
}

static struct slice without_line_break(struct slice text)
{
    if (text.size && text.data[text.size - 1] == '\n')
        text.size--;
    if (text.size && text.data[text.size - 1] == '\r')
        text.size--;
    return text;
}

static void expand_file(struct expansion *in, const char *name)
{
    const char *path = expand_path(in->arena, in->at.file, name);
    char *bytes = malloc(EXPAND_FILE_MAX + 1);
    ssize_t size = bytes ? read_all(path, bytes, EXPAND_FILE_MAX + 1) : -1;
    if (size < 0)
        problems_add(in->problems, in->at, "file %s can't be read: %s", path,
                     errno == ESPIPE ? "It is no regular file" : strerrordesc_np(errno));
    else if (size > (ssize_t)EXPAND_FILE_MAX)
        problems_add(in->problems, in->at, "file %s is larger than 64KiB", path);
    else
        add_value(in, "file", path, without_line_break((struct slice){bytes, (size_t)size}));
    if (bytes)
        explicit_bzero(bytes, EXPAND_FILE_MAX + 1);
    free(bytes);
}

static const struct {
    struct slice opening;
    const char *wanted;
    void (*expand)(struct expansion *in, const char *name);
} sources[] = {
    {{"${env:", 6}, "a variable's name", expand_env},
    {{"${file:", 7}, "a file's path", expand_file},
};

/* The source that opens at the front; COUNT_OF(sources): none. */
static size_t find_source(struct slice rest)
{
    size_t i = 0;
    while (i < COUNT_OF(sources) && !slice_starts(rest, sources[i].opening))
        i++;
    return i;
}

/* Takes one ${…} off the front of `rest`. */
static struct slice expand_one(struct expansion *in, size_t source, struct slice rest)
{
    struct slice opening = sources[source].opening;
    rest = slice_from(rest, opening.size);
    const char *end = rest.size ? memchr(rest.data, '}', rest.size) : NULL;
    if (!end) {
        problems_add(in->problems, in->at, "%.*s is not closed by a }", SLICE_ARGS(opening));
        return (struct slice){"", 0};
    }
    struct slice name = {rest.data, (size_t)(end - rest.data)};
    if (name.size)
        sources[source].expand(in, arena_copy(in->arena, name));
    else
        problems_add(in->problems, in->at, "%.*s} lacks %s", SLICE_ARGS(opening),
                     sources[source].wanted);
    return slice_from(rest, name.size + 1);
}

struct text expand_text(struct arena *arena, struct slice raw, struct place at,
                        struct problems *problems)
{
    struct expansion in = {.arena = arena, .at = at, .problems = problems};
    struct slice rest = raw;
    while (rest.size) {
        const char *dollar = memchr(rest.data, '$', rest.size);
        size_t plain = dollar ? (size_t)(dollar - rest.data) : rest.size;
        buffer_add(&in.out, rest.data, plain);
        rest = slice_from(rest, plain);
        if (rest.size == 0)
            break;
        size_t source = find_source(rest);
        if (source < COUNT_OF(sources)) {
            rest = expand_one(&in, source, rest);
            continue;
        }
        bool escaped = find_source(slice_from(rest, 1)) < COUNT_OF(sources);
        size_t skip = escaped ? 2 : 1; /* "$${" gives "${", and the name after it is plain */
        buffer_add(&in.out, "$", 1);
        rest = slice_from(rest, skip);
    }
    struct slice out = buffer_slice(&in.out);
    struct text text = {.data = arena_copy(arena, out),
                        .size = out.size,
                        .at = at,
                        .secret = in.secret,
                        .secrets = in.secrets};
    if (in.out.data)
        explicit_bzero(in.out.data, in.out.capacity);
    buffer_finish(&in.out);
    return text;
}
