#include "journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

struct journal {
    char **lines;
    size_t room, next, count;
    FILE *file;
};

struct journal *journal_new(size_t lines, const char *dir)
{
    char name[4096];
    struct journal *journal = calloc(1, sizeof *journal);
    if (!journal || !(journal->lines = calloc(lines, sizeof *journal->lines)))
        abort();
    journal->room = lines;
    if (!dir)
        return journal;
    snprintf(name, sizeof name, "%s/reads.jsonl", dir);
    journal->file = fopen(name, "ae");
    if (!journal->file) {
        journal_free(journal);
        return NULL;
    }
    return journal;
}

void journal_clear(struct journal *journal)
{
    for (size_t i = 0; i < journal->room; i++) {
        free(journal->lines[i]);
        journal->lines[i] = NULL;
    }
    journal->count = 0;
}

void journal_free(struct journal *journal)
{
    if (!journal)
        return;
    journal_clear(journal);
    if (journal->file)
        fclose(journal->file);
    free(journal->lines);
    free(journal);
}

void journal_add(struct journal *journal, str json)
{
    char *line = strndup(json.p, json.n);
    if (!line)
        abort();
    free(journal->lines[journal->next]);
    journal->lines[journal->next] = line;
    journal->next = (journal->next + 1) % journal->room;
    journal->count += journal->count < journal->room;
    if (journal->file) {
        fprintf(journal->file, "%s\n", line);
        fflush(journal->file);
    }
}

str journal_json(const struct journal *journal, struct arena *arena, str only)
{
    struct buf out = buf_new(arena, 1024);
    buf_char(&out, '[');
    for (size_t i = 0; i < journal->count; i++) {
        str line = str_of(journal->lines[(journal->next + journal->room - 1 - i) % journal->room]);
        if (only.p && !memmem(line.p, line.n, only.p, only.n))
            continue;
        if (out.n > 1)
            buf_char(&out, ',');
        buf_add(&out, line);
    }
    buf_char(&out, ']');
    return buf_str(&out);
}
