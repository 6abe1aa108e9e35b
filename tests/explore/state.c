/* SPDX-License-Identifier: MIT
 *
 * A line's number is that of its page, in the order of their first writes, and its place in the page: the lists of two
 * equal states are equal, whatever was written in between.
 */
#include "state.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define STATE_PAGES 1024U
#define STATE_LINE  64U
#define PAGE_LINES  (R4_PAGE_SIZE / STATE_LINE)
#define STATE_LINES 8192U /* that differ at a time */
#define STATE_AREAS 64U

struct page {
    uint8_t *at;
    size_t size;
    uint8_t first[R4_PAGE_SIZE]; /* its content in the first state */
};

struct area {
    uintptr_t base;
    size_t size;
};

static struct page pages[STATE_PAGES];
static uint32_t page_count;
static struct area areas[STATE_AREAS];
static uint32_t area_count;

static struct {
    struct state header;
    uint32_t content[STATE_LINES * (1 + STATE_LINE / 4)];
} present; /* what the last call of state_take() or state_restore() left */

static void page_add(uint8_t *at, size_t size) {
    if (page_count == STATE_PAGES) {
        sim_fail("host", "too many pages change");
    }
    struct page *page = &pages[page_count++];
    page->at = at;
    page->size = size;
    memcpy(page->first, at, size);
}

void state_include(void *memory, size_t size) {
    for (size_t at = 0; at < size; at += R4_PAGE_SIZE) {
        page_add((uint8_t *)memory + at, size - at < R4_PAGE_SIZE ? size - at : R4_PAGE_SIZE);
    }
}

void state_watch(void *memory, size_t size) {
    if (area_count == STATE_AREAS) {
        sim_fail("host", "too many areas");
    }
    areas[area_count++] = (struct area){(uintptr_t)memory, size};
}

void state_begin(void) {
    for (uint32_t i = 0; i < page_count; i++) {
        memcpy(pages[i].first, pages[i].at, pages[i].size);
    }
    for (uint32_t i = 0; i < area_count; i++) {
        if (mprotect((void *)areas[i].base, areas[i].size, PROT_READ) != 0) {
            sim_fail("host", "cannot watch %lx", areas[i].base);
        }
    }
    present.header.lines = 0;
}

bool state_written(uintptr_t address) {
    uint8_t *page = (uint8_t *)round_down(address, R4_PAGE_SIZE);
    for (uint32_t i = 0; i < page_count; i++) {
        if (pages[i].at == page) {
            return false;
        }
    }
    for (uint32_t i = 0; i < area_count; i++) {
        if (address - areas[i].base < areas[i].size) {
            page_add(page, R4_PAGE_SIZE);
            return mprotect(page, R4_PAGE_SIZE, PROT_READ | PROT_WRITE) == 0;
        }
    }
    return false;
}

/* --- taking and restoring --- */

static size_t line_size(const struct page *page, size_t offset) {
    return page->size - offset < STATE_LINE ? page->size - offset : STATE_LINE;
}

static uint32_t *content_of(const struct state *state) { return (uint32_t *)(uintptr_t)(state + 1); }

size_t state_size(const struct state *state) {
    return sizeof(*state) + (size_t)state->lines * (sizeof(uint32_t) + STATE_LINE);
}

static uint64_t mix(uint64_t lane, uint64_t word, uint64_t factor) {
    unsigned __int128 product = (unsigned __int128)(lane ^ word) * factor;
    return (uint64_t)product ^ (uint64_t)(product >> 64) ^ lane;
}

/* Two lanes of 64 bits, with different factors and starts. */
static struct state_hash hash_of(const uint32_t *words, size_t count) {
    struct state_hash hash = {0x243f6a8885a308d3ULL ^ count, 0x13198a2e03707344ULL};
    for (size_t i = 0; i < count; i += 2) {
        uint64_t word = words[i] | (uint64_t)(i + 1 < count ? words[i + 1] : 0) << 32;
        hash.low = mix(hash.low, word, 0x9e3779b97f4a7c15ULL) + 0x452821e638d01377ULL;
        hash.high = mix(hash.high, word + 0xa4093822299f31d0ULL, 0xc2b2ae3d27d4eb4fULL) + 0x082efa98ec4e6c89ULL;
    }
    return hash;
}

static bool line_is_first(const uint8_t *line, const uint8_t *first, size_t size) {
    uint64_t difference = 0;
    if (size != STATE_LINE) {
        return memcmp(line, first, size) == 0;
    }
    for (size_t i = 0; i < STATE_LINE; i += sizeof(uint64_t)) {
        uint64_t words[2];
        memcpy(&words[0], line + i, sizeof(uint64_t));
        memcpy(&words[1], first + i, sizeof(uint64_t));
        difference |= words[0] ^ words[1];
    }
    return difference == 0;
}

const struct state *state_take(struct state_hash *hash) {
    uint32_t lines = 0;
    uint32_t *numbers = present.content;
    static uint8_t bytes[STATE_LINES][STATE_LINE];
    for (uint32_t i = 0; i < page_count; i++) {
        const struct page *page = &pages[i];
        if (memcmp(page->at, page->first, page->size) == 0) {
            continue;
        }
        for (size_t offset = 0; offset < page->size; offset += STATE_LINE) {
            size_t size = line_size(page, offset);
            if (line_is_first(page->at + offset, page->first + offset, size)) {
                continue;
            }
            if (lines == STATE_LINES) {
                sim_fail("host", "too many lines change");
            }
            memset(bytes[lines], 0, STATE_LINE);
            memcpy(bytes[lines], page->at + offset, size);
            numbers[lines++] = i * (uint32_t)PAGE_LINES + (uint32_t)(offset / STATE_LINE);
        }
    }
    present.header.lines = lines;
    memcpy(numbers + lines, bytes, (size_t)lines * STATE_LINE);
    *hash = hash_of(numbers, (size_t)lines * (1 + STATE_LINE / 4));
    return &present.header;
}

struct state *state_copy(const struct state *state) {
    size_t size = state_size(state);
    struct state *copy = malloc(size);
    if (copy == NULL) {
        sim_fail("host", "no memory for a state");
    }
    memcpy(copy, state, size);
    return copy;
}

void state_restore(const struct state *state) {
    const uint32_t *numbers = content_of(&present.header);
    for (uint32_t i = 0; i < present.header.lines; i++) {
        const struct page *page = &pages[numbers[i] / PAGE_LINES];
        size_t offset = numbers[i] % PAGE_LINES * STATE_LINE;
        memcpy(page->at + offset, page->first + offset, line_size(page, offset));
    }
    numbers = content_of(state);
    const uint8_t *bytes = (const uint8_t *)(numbers + state->lines);
    for (uint32_t i = 0; i < state->lines; i++) {
        const struct page *page = &pages[numbers[i] / PAGE_LINES];
        size_t offset = numbers[i] % PAGE_LINES * STATE_LINE;
        memcpy(page->at + offset, bytes + (size_t)i * STATE_LINE, line_size(page, offset));
    }
    memcpy(&present, state, state_size(state));
}

void state_forget(const void *memory, size_t size) {
    const uint8_t *begin = memory;
    const uint8_t *end = begin + size;
    for (uint32_t i = 0; i < page_count; i++) {
        const struct page *page = &pages[i];
        const uint8_t *from = begin > page->at ? begin : page->at;
        const uint8_t *to = end < page->at + page->size ? end : page->at + page->size;
        if (from < to) {
            memcpy(page->at + (from - page->at), page->first + (from - page->at), (size_t)(to - from));
        }
    }
}
