/* libyaml's events to a tree.
 *
 * The happy path: read_document takes the events of one document; read_node takes those of one node
 * and calls itself for what is under it.
 * What can fail: libyaml (syntax, encoding) and our own limits. Both set `failed`, after which
 * every reader returns at once and the tree is thrown away. Mistakes that leave the tree whole (a
 * key given twice, a tag) are only noted. */
#include "config/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#include "config/expand.h"

#define ANCHORS_MAX 1000u

struct anchor {
    const struct anchor *older;
    const char *name;
    const struct yaml_node *node;
};

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the one under way; zeroed: none */
    struct arena *arena;
    struct problems *problems;
    const char *file;
    struct slice bytes;
    const struct anchor *anchors; /* the newest first */
    unsigned anchor_count;
    unsigned depth;
    unsigned nodes; /* so far, aliases with all under them */
    unsigned line;  /* looked up last, from 1; 0: none was */
    const char *line_start;
    bool failed;
};

/* Grows while a sequence or mapping is read. */
struct children {
    const struct yaml_node **items;
    struct text *keys;
    size_t count;
    size_t capacity;
};

static struct place place_of(const struct reader *in, yaml_mark_t mark)
{
    return (struct place){in->file, (unsigned)mark.line + 1, (unsigned)mark.column + 1};
}

static struct place here(const struct reader *in)
{
    return place_of(in, in->event.start_mark);
}

/* libyaml's reader gives only the byte where it met something that is no text. */
static struct place place_of_byte(const struct reader *in, size_t offset)
{
    struct place at = {in->file, 1, 1};
    for (size_t i = 0; i < offset && i < in->bytes.size; i++) {
        unsigned char c = (unsigned char)in->bytes.data[i];
        if (c == '\n') {
            at.line++;
            at.column = 1;
        } else if ((c & 0xC0) != 0x80) {
            at.column++;
        }
    }
    return at;
}

/* A ${…} that stands unquoted in [ ] or { } is the commonest reason of a syntax error. */
static const char *hint(const struct reader *in, struct place at)
{
    const char *p = in->bytes.data;
    const char *end = p + in->bytes.size;
    for (unsigned line = 1; p && line < at.line; line++) {
        p = memchr(p, '\n', (size_t)(end - p));
        p = p ? p + 1 : NULL;
    }
    if (!p || p == end)
        return "";
    const char *line_end = memchr(p, '\n', (size_t)(end - p));
    size_t size = (size_t)((line_end ? line_end : end) - p);
    if (memmem(p, size, "${", 2) || memmem(p, size, "{{", 2))
        return " (a text with ${ or {{ in it needs quotes here)";
    return "";
}

static void fail_in_library(struct reader *in)
{
    const yaml_parser_t *parser = &in->parser;
    const char *problem = parser->problem ? parser->problem : "out of memory";
    in->failed = true;
    if (parser->error == YAML_READER_ERROR || parser->error == YAML_MEMORY_ERROR) {
        problems_add(in->problems, place_of_byte(in, parser->problem_offset), "no YAML: %s",
                     problem);
        return;
    }
    struct place at = place_of(in, parser->problem_mark);
    const char *context = parser->context ? parser->context : "";
    problems_add(in->problems, at, "no YAML: %s%s%s%s", problem, *context ? " " : "", context,
                 hint(in, at));
}

static void fail_at(struct reader *in, struct place at, const char *message)
{
    in->failed = true;
    problems_add(in->problems, at, "%s", message);
}

/* The next event, in in->event; false once anything failed. */
static bool next_event(struct reader *in)
{
    yaml_event_delete(&in->event);
    if (in->failed)
        return false;
    if (!yaml_parser_parse(&in->parser, &in->event))
        fail_in_library(in);
    return !in->failed;
}

static struct yaml_node *add_node(struct reader *in, enum yaml_type type)
{
    struct yaml_node *node = arena_alloc(in->arena, sizeof *node);
    node->type = type;
    node->at = here(in);
    node->text = (struct text){.data = "", .at = node->at};
    node->written = "";
    node->weight = 1;
    if (++in->nodes > YAML_NODES_MAX)
        fail_at(in, node->at, "the file has too many values");
    return node;
}

static void add_anchor(struct reader *in, const char *name, const struct yaml_node *node)
{
    if (!name || in->failed)
        return;
    if (++in->anchor_count > ANCHORS_MAX) {
        fail_at(in, node->at, "the file has too many anchors");
        return;
    }
    struct anchor *anchor = arena_alloc(in->arena, sizeof *anchor);
    *anchor = (struct anchor){in->anchors, name, node};
    in->anchors = anchor;
}

static const char *keep_anchor(struct reader *in, const yaml_char_t *name)
{
    return name ? arena_copy(in->arena, slice_of((const char *)name)) : NULL;
}

static void refuse_tag(struct reader *in, const yaml_char_t *tag)
{
    if (tag && strcmp((const char *)tag, "!") != 0)
        problems_add(in->problems, here(in),
                     "tags such as %s are not supported; quote what is a text",
                     strncmp((const char *)tag, "tag:yaml.org,2002:", 18) == 0 ? "!!str" : "!name");
}

static struct text scalar_text(struct reader *in)
{
    struct slice raw = {(const char *)in->event.data.scalar.value, in->event.data.scalar.length};
    if (raw.size && memchr(raw.data, '\0', raw.size)) {
        problems_add(in->problems, here(in), "a NUL character can't stand here");
        raw = SLICE("");
    }
    return (struct text){.data = arena_copy(in->arena, raw), .size = raw.size, .at = here(in)};
}

/* The column of a scalar's first character, if the file holds its characters one by one in one
 * line; 0: it is folded, or an escape is in it. */
static unsigned first_column(const struct reader *in, struct slice value)
{
    const yaml_mark_t *start = &in->event.start_mark;
    const yaml_mark_t *end = &in->event.end_mark;
    yaml_scalar_style_t style = in->event.data.scalar.style;
    bool quoted =
        style == YAML_SINGLE_QUOTED_SCALAR_STYLE || style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    size_t characters = 0;
    for (size_t i = 0; i < value.size; i++)
        characters += ((unsigned char)value.data[i] & 0xC0) != 0x80;
    if (start->line != end->line || end->column - start->column != characters + (quoted ? 2 : 0))
        return 0;
    return (unsigned)start->column + (quoted ? 2 : 1);
}

/* Where a line of the file begins; NULL: there is none of that number. Lines are asked for in their
 * order, so each is gone over once. */
static const char *find_line(struct reader *in, unsigned line)
{
    const char *end = in->bytes.data + in->bytes.size;
    if (in->line == 0 || in->line > line) {
        in->line = 1;
        in->line_start = in->bytes.data;
    }
    while (in->line < line) {
        const char *feed = memchr(in->line_start, '\n', (size_t)(end - in->line_start));
        if (!feed)
            return NULL;
        in->line_start = feed + 1;
        in->line++;
    }
    return in->line_start;
}

static unsigned count_blanks(const char *at, const char *end)
{
    unsigned count = 0;
    for (; at < end && *at == ' '; at++)
        count++;
    return count;
}

/* The column of a block's lines: the blanks before one of them that are not its own, and one. */
static unsigned block_column(struct reader *in, struct slice value)
{
    size_t first = 0;
    unsigned line = (unsigned)in->event.start_mark.line + 2;
    for (; first < value.size && value.data[first] == '\n'; first++)
        line++;
    const char *start = first < value.size ? find_line(in, line) : NULL;
    if (!start)
        return 0;
    unsigned all = count_blanks(start, in->bytes.data + in->bytes.size);
    unsigned own = count_blanks(value.data + first, value.data + value.size);
    return own <= all ? all - own + 1 : 0;
}

static void note_columns(struct reader *in, struct text *text)
{
    text->block = in->event.data.scalar.style == YAML_LITERAL_SCALAR_STYLE;
    text->column =
        text->block ? block_column(in, text_slice(text)) : first_column(in, text_slice(text));
}

static const struct yaml_node *read_scalar(struct reader *in)
{
    struct yaml_node *node = add_node(in, YAML_SCALAR);
    node->text = scalar_text(in);
    node->written = node->text.data;
    node->quoted = in->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    refuse_tag(in, in->event.data.scalar.tag);
    if (memchr(node->text.data, '$', node->text.size)) {
        size_t before = in->problems->count;
        node->text = expand_text(in->arena, text_slice(&node->text), node->at, in->problems);
        node->broken = in->problems->count > before;
        node->quoted = node->quoted || node->text.secret || node->broken;
    }
    if (slice_is(text_slice(&node->text), node->written))
        note_columns(in, &node->text);
    add_anchor(in, keep_anchor(in, in->event.data.scalar.anchor), node);
    return node;
}

static const struct yaml_node *read_alias(struct reader *in)
{
    const char *name = (const char *)in->event.data.alias.anchor;
    const struct anchor *anchor = in->anchors;
    while (anchor && strcmp(anchor->name, name) != 0)
        anchor = anchor->older;
    if (!anchor) {
        problems_add(in->problems, here(in),
                     "this alias has no anchor before it; a text that begins with * needs quotes");
        return add_node(in, YAML_SCALAR);
    }
    in->nodes += anchor->node->weight;
    if (in->nodes > YAML_NODES_MAX)
        fail_at(in, here(in), "the file has too many values");
    return anchor->node;
}

static void add_child(struct reader *in, struct children *to, const struct text *key,
                      const struct yaml_node *node)
{
    if (to->count == to->capacity) {
        struct children old = *to;
        to->capacity = old.capacity ? old.capacity * 2 : 8;
        to->items = arena_alloc(in->arena, to->capacity * sizeof(const struct yaml_node *));
        to->keys = arena_alloc(in->arena, key ? to->capacity * sizeof *to->keys : 0);
        for (size_t i = 0; i < old.count; i++)
            to->items[i] = old.items[i];
        if (key && old.count)
            memcpy(to->keys, old.keys, old.count * sizeof *to->keys);
    }
    if (key)
        to->keys[to->count] = *key;
    to->items[to->count++] = node;
}

static void give_children(struct yaml_node *node, const struct children *children)
{
    node->count = children->count;
    node->items = children->items;
    node->keys = node->type == YAML_MAPPING ? children->keys : NULL;
    for (size_t i = 0; i < node->count; i++)
        node->weight += node->items[i]->weight;
}

static const struct yaml_node *read_node(struct reader *in);

static bool enter(struct reader *in)
{
    if (++in->depth > YAML_DEPTH_MAX)
        fail_at(in, here(in), "values are nested too deeply");
    return !in->failed;
}

static const struct yaml_node *read_sequence(struct reader *in)
{
    struct yaml_node *node = add_node(in, YAML_SEQUENCE);
    const char *anchor = keep_anchor(in, in->event.data.sequence_start.anchor);
    refuse_tag(in, in->event.data.sequence_start.tag);
    struct children children = {0};
    if (enter(in))
        while (next_event(in) && in->event.type != YAML_SEQUENCE_END_EVENT)
            add_child(in, &children, NULL, read_node(in));
    in->depth--;
    give_children(node, &children);
    add_anchor(in, anchor, node);
    return node;
}

static const struct text *find_key(const struct children *children, const struct text *key)
{
    for (size_t i = 0; i < children->count; i++)
        if (slice_equal(text_slice(&children->keys[i]), text_slice(key)))
            return &children->keys[i];
    return NULL;
}

/* Does the event begin a key that is a plain text? Notes it if not. */
static bool read_key(struct reader *in, struct text *key, bool *merge)
{
    if (in->event.type != YAML_SCALAR_EVENT) {
        problems_add(in->problems, here(in),
                     "a key must be a text; a value that begins with {, [ or * needs quotes");
        return false;
    }
    *key = scalar_text(in);
    refuse_tag(in, in->event.data.scalar.tag);
    if (in->event.data.scalar.anchor)
        problems_add(in->problems, key->at, "a key can't have an anchor");
    *merge =
        slice_is(text_slice(key), "<<") && in->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return true;
}

/* `<<: *base` or `<<: [*a, *b]`: what the mapping doesn't say itself, the first one that does. */
static void merge_under(struct reader *in, struct children *to, const struct yaml_node *from)
{
    if (from->type != YAML_MAPPING) {
        problems_add(in->problems, from->at, "<<: a mapping, or a list of mappings, is needed");
        return;
    }
    for (size_t i = 0; i < from->count && to->count <= YAML_KEYS_MAX; i++)
        if (!find_key(to, &from->keys[i]))
            add_child(in, to, &from->keys[i], from->items[i]);
}

static void merge_all_under(struct reader *in, struct children *to, const struct yaml_node *from)
{
    if (from->type != YAML_SEQUENCE) {
        merge_under(in, to, from);
        return;
    }
    for (size_t i = 0; i < from->count; i++)
        merge_under(in, to, from->items[i]);
}

/* One key and its value; in->event is the key's first event. */
static void read_pair(struct reader *in, struct children *to, const struct yaml_node **merged)
{
    struct text key = {0};
    bool merge = false;
    bool fine = read_key(in, &key, &merge);
    if (!fine)
        read_node(in);
    if (!next_event(in))
        return;
    const struct yaml_node *value = read_node(in);
    if (!fine || in->failed)
        return;
    const struct text *first = find_key(to, &key);
    if (first || (merge && *merged))
        problems_add(in->problems, key.at, "%s is given twice, first in line %u", key.data,
                     first ? first->at.line : (*merged)->at.line);
    else if (merge)
        *merged = value;
    else
        add_child(in, to, &key, value);
    if (to->count > YAML_KEYS_MAX)
        fail_at(in, key.at, "the mapping has too many keys");
}

static const struct yaml_node *read_mapping(struct reader *in)
{
    struct yaml_node *node = add_node(in, YAML_MAPPING);
    const char *anchor = keep_anchor(in, in->event.data.mapping_start.anchor);
    refuse_tag(in, in->event.data.mapping_start.tag);
    struct children children = {0};
    const struct yaml_node *merged = NULL;
    if (enter(in))
        while (next_event(in) && in->event.type != YAML_MAPPING_END_EVENT)
            read_pair(in, &children, &merged);
    in->depth--;
    if (merged)
        merge_all_under(in, &children, merged);
    give_children(node, &children);
    add_anchor(in, anchor, node);
    return node;
}

/* The node that in->event begins; afterwards in->event is its last event. Never NULL. */
static const struct yaml_node *read_node(struct reader *in)
{
    switch (in->event.type) {
    case YAML_SCALAR_EVENT:
        return read_scalar(in);
    case YAML_SEQUENCE_START_EVENT:
        return read_sequence(in);
    case YAML_MAPPING_START_EVENT:
        return read_mapping(in);
    case YAML_ALIAS_EVENT:
        return read_alias(in);
    default:
        return add_node(in, YAML_SCALAR); /* only after a failure */
    }
}

static const struct yaml_node *read_document(struct reader *in)
{
    if (!next_event(in) || !next_event(in)) /* the stream's start, the document's */
        return NULL;
    if (in->event.type == YAML_STREAM_END_EVENT)
        return add_node(in, YAML_SCALAR);
    if (!next_event(in))
        return NULL;
    const struct yaml_node *root = read_node(in);
    if (!next_event(in) || !next_event(in)) /* the document's end, the stream's */
        return NULL;
    if (in->event.type != YAML_STREAM_END_EVENT)
        fail_at(in, here(in), "a second document begins here; a file has one");
    return in->failed ? NULL : root;
}

const struct yaml_node *yaml_read_bytes(struct arena *arena, const char *file, struct slice bytes,
                                        struct problems *problems)
{
    struct reader in = {.arena = arena, .problems = problems, .file = file, .bytes = bytes};
    if (!yaml_parser_initialize(&in.parser)) {
        problems_add(problems, (struct place){file, 0, 0}, "out of memory");
        return NULL;
    }
    yaml_parser_set_input_string(&in.parser, (const unsigned char *)bytes.data, bytes.size);
    const struct yaml_node *root = read_document(&in);
    yaml_event_delete(&in.event);
    yaml_parser_delete(&in.parser);
    return root;
}

/* All of the file in `buf`; false: errno says why. */
static bool read_bytes(const char *path, struct buffer *buf)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t got = 1;
    while (got > 0) {
        char *room = buffer_reserve(buf, 65536);
        errno = EFBIG;
        got = room ? read(fd, room, 65536) : -1;
        buf->size += got > 0 ? (size_t)got : 0;
    }
    int saved = errno;
    close(fd);
    errno = saved;
    return got == 0;
}

const struct yaml_node *yaml_read_file(struct arena *arena, const char *path,
                                       struct problems *problems)
{
    const struct yaml_node *root = NULL;
    struct buffer buf = {.limit = YAML_FILE_MAX};
    const char *file = arena_copy(arena, slice_of(path));
    if (read_bytes(path, &buf))
        root = yaml_read_bytes(arena, file, buffer_slice(&buf), problems);
    else
        problems_add(problems, (struct place){file, 0, 0}, "can't be read: %s",
                     strerrordesc_np(errno));
    if (buf.data)
        explicit_bzero(buf.data, buf.capacity);
    buffer_finish(&buf);
    return root;
}
