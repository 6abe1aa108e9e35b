/* SPDX-License-Identifier: MIT
 *
 * Lines are in a hash table with open addressing that is at most half full.
 */
#include "coherence.h"
#include <stdio.h>
#include <stdlib.h>

#define LINES_FIRST (1U << 16)
#define GOLDEN      0x9e3779b97f4a7c15ULL /* 2^64 divided by the golden ratio: spreads neighbours */

bool coherence_start(struct coherence *model) {
    for (unsigned processor = 0; processor < COHERENCE_PROCESSORS; processor++) {
        model->cluster[processor] = 1ULL << processor;
    }
    model->used = 0;
    model->size = LINES_FIRST;
    model->lines = calloc(model->size, sizeof(*model->lines));
    return model->lines != NULL;
}

void coherence_end(struct coherence *model) {
    free(model->lines);
    model->lines = NULL;
}

void coherence_cluster(struct coherence *model, uint64_t processors) {
    for (unsigned processor = 0; processor < COHERENCE_PROCESSORS; processor++) {
        if ((processors >> processor & 1) != 0) {
            model->cluster[processor] = processors;
        }
    }
}

/* The line's entry, or the free one where it belongs. */
static struct line *entry_of(struct line *lines, size_t size, uint64_t number) {
    size_t at = (size_t)(number * GOLDEN >> 32) & (size - 1);
    while (lines[at].holders != 0 && lines[at].number != number) {
        at = (at + 1) & (size - 1);
    }
    return &lines[at];
}

static void grow(struct coherence *model) {
    size_t size = 2 * model->size;
    struct line *lines = calloc(size, sizeof(*lines));
    if (lines == NULL) {
        fprintf(stderr, "coherence: no memory for %zu lines\n", size);
        exit(1);
    }
    for (size_t i = 0; i < model->size; i++) {
        if (model->lines[i].holders != 0) {
            *entry_of(lines, size, model->lines[i].number) = model->lines[i];
        }
    }
    free(model->lines);
    model->lines = lines;
    model->size = size;
}

static struct line *line_of(struct coherence *model, uint64_t number) {
    struct line *line = entry_of(model->lines, model->size, number);
    if (line->holders == 0 && 2 * ++model->used > model->size) {
        grow(model);
        line = entry_of(model->lines, model->size, number);
    }
    return line;
}

/* The first of `holders`, of the preferred ones if there is any. */
static unsigned first_of(uint64_t holders, uint64_t preferred) {
    return (unsigned)__builtin_ctzll((holders & preferred) != 0 ? holders & preferred : holders);
}

static struct line_event line_read(struct line *line, uint64_t own, uint64_t cluster) {
    struct line_event event = {LINE_STAYS, 0};
    if ((line->holders & own) != 0) {
        return event;
    }
    if (line->holders != 0) {
        event = (struct line_event){LINE_READ, first_of(line->holders, cluster)};
    }
    line->holders |= own;
    line->modified = false;
    return event;
}

static struct line_event line_write(struct line *line, uint64_t own, uint64_t cluster) {
    struct line_event event = {LINE_STAYS, 0};
    uint64_t others = line->holders & ~own;
    if (others != 0) {
        event.move = (line->holders & own) != 0 ? LINE_UPGRADE : LINE_FETCH;
        event.from = first_of(others, ~cluster);
    }
    line->holders = own;
    line->modified = true;
    return event;
}

struct line_event coherence_access(struct coherence *model, unsigned processor, uint64_t number, bool store) {
    struct line *line = line_of(model, number);
    line->number = number;
    uint64_t own = 1ULL << processor;
    return store ? line_write(line, own, model->cluster[processor]) : line_read(line, own, model->cluster[processor]);
}
