/* SPDX-License-Identifier: MIT
 *
 * States are numbered in the order in which they are found, which is that of their depth. A state waits in `waiting`
 * until all moves from it have been tried; then only its hash, its parent and the numbers of its successors are kept.
 */
#include "search.h"
#include "script.h"
#include "state.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#define SEARCH_NONE  UINT32_MAX
#define SEARCH_TEXT  512U
#define SEARCH_PATH  4096U
#define SEARCH_FIRST (1U << 16) /* states for which there is room at first */

struct known {
    struct state_hash hash;
    uint32_t parent;
    struct move move; /* that led here from the parent */
};

static struct known *known; /* by number */
static struct state **waiting;
static uint64_t *edges_from; /* index in `edges` of a state's first */
static uint32_t known_count;
static uint32_t known_room;
static uint32_t *edges; /* numbers of successors */
static uint64_t edge_count;
static uint64_t edge_room;
static uint32_t *table; /* numbers by hash, open addressing; twice known_room */

static struct search_result result;
static uint32_t at;               /* the state whose moves are tried */
static const struct move *trying; /* null: the state itself is looked at */
static ucontext_t failure;
static char failure_text[SEARCH_TEXT];
static const char *expected; /* null: a failure is one; else the name of the bug that is looked for */
static enum { SEARCH_IDLE, SEARCH_RUNS, SEARCH_FAILED, SEARCH_REPORTS } phase;

bool search_is_running(void) { return phase == SEARCH_RUNS || phase == SEARCH_REPORTS; }

static void *grow(void *memory, size_t size) {
    void *more = realloc(memory, size);
    if (more == NULL) {
        sim_fail("host", "no memory for %lu states", result.states);
    }
    return more;
}

static uint32_t *table_find(const struct state_hash *hash) {
    uint32_t mask = 2 * known_room - 1;
    uint32_t place = (uint32_t)hash->low & mask;
    while (table[place] != SEARCH_NONE &&
           (known[table[place]].hash.low != hash->low || known[table[place]].hash.high != hash->high)) {
        place = (place + 1) & mask;
    }
    return &table[place];
}

static void room_make(void) {
    known_room = known_room == 0 ? SEARCH_FIRST : 2 * known_room;
    known = grow(known, known_room * sizeof(*known));
    waiting = grow(waiting, known_room * sizeof(*waiting));
    edges_from = grow(edges_from, (known_room + 1UL) * sizeof(*edges_from));
    table = grow(table, 2UL * known_room * sizeof(*table));
    memset(table, 0xff, 2UL * known_room * sizeof(*table));
    for (uint32_t i = 0; i < known_count; i++) {
        *table_find(&known[i].hash) = i;
    }
}

/* The number of the present state; a new one if it is. */
static uint32_t number_of_present(const struct move *move) {
    struct state_hash hash;
    const struct state *state = state_take(&hash);
    if (known_count == known_room) {
        room_make();
    }
    uint32_t *place = table_find(&hash);
    if (*place == SEARCH_NONE) {
        *place = known_count;
        known[known_count] = (struct known){hash, at, *move};
        waiting[known_count] = state_copy(state);
        known_count++;
    }
    return *place;
}

static void edge_add(uint32_t to) {
    if (edge_count == edge_room) {
        edge_room = edge_room == 0 ? SEARCH_FIRST : 2 * edge_room;
        edges = grow(edges, edge_room * sizeof(*edges));
    }
    edges[edge_count++] = to;
}

static void forget_all(void) {
    for (uint32_t i = at; i < known_count; i++) {
        free(waiting[i]);
    }
    known_count = 0;
    edge_count = 0;
    if (table != NULL) {
        memset(table, 0xff, 2UL * known_room * sizeof(*table));
    }
}

static void state_enter(const struct state *state) {
    state_restore(state);
    script_restored();
}

/* Tries all moves from the state `at`. False if the search has to begin again. */
static bool expand(void) {
    struct move moves[SCRIPT_MOVES];
    struct state *state = waiting[at];
    state_enter(state);
    uint32_t count = script_moves(moves);
    edges_from[at] = edge_count;
    if (script_is_rest(moves, count)) {
        script_rest();
        result.ends++;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (i != 0) {
            state_enter(state);
        }
        trying = &moves[i];
        script_do(trying);
        edge_add(number_of_present(trying));
        trying = NULL;
        if (access_grown()) {
            return false;
        }
    }
    waiting[at] = NULL;
    free(state);
    return true;
}

/* Every run ends: no state is reached from itself. What remains when states without predecessors are taken away, one
 * after the other, is a cycle or comes after one. */
static void check_cycles(void) {
    uint32_t *before = calloc(known_count, sizeof(*before));
    uint32_t *queue = calloc(known_count, sizeof(*queue));
    if (before == NULL || queue == NULL) {
        sim_fail("host", "no memory");
    }
    edges_from[known_count] = edge_count;
    for (uint64_t i = 0; i < edge_count; i++) {
        before[edges[i]]++;
    }
    uint32_t end = before[0] == 0 ? 1 : 0;
    for (uint32_t i = 0; i < end; i++) {
        for (uint64_t edge = edges_from[queue[i]]; edge < edges_from[queue[i] + 1]; edge++) {
            if (--before[edges[edge]] == 0) {
                queue[end++] = edges[edge];
            }
        }
    }
    if (end != known_count) {
        for (at = 0; before[at] == 0; at++) {
        }
        sim_fail("every run ends", "a cycle of states");
    }
    free(before);
    free(queue);
}

static void pass(const struct state *first, uint64_t limit) {
    static const struct move none;
    bool done = false;
    while (!done) {
        script_begin_ends();
        result = (struct search_result){.passes = result.passes + 1, .whole = true};
        at = SEARCH_NONE;
        state_enter(first);
        number_of_present(&none);
        done = true;
        uint32_t layer = 1; /* the first state of the next depth */
        for (at = 0; at < known_count && done && known_count <= limit; at++) {
            if (at == layer) {
                result.depth++;
                layer = known_count;
            }
            done = expand();
        }
        result.whole = at == known_count;
        result.states = known_count;
        result.moves = edge_count;
        if (!done) {
            forget_all();
        }
    }
}

/* --- a failure --- */

void search_failed(const char *text) {
    if (phase == SEARCH_REPORTS) {
        printf("broken: %s\n", text);
        fflush(stdout);
        _exit(1);
    }
    snprintf(failure_text, sizeof(failure_text), "%s", text);
    phase = SEARCH_FAILED;
    setcontext(&failure); /* away from the stack of the processor that found it, which the report needs */
    abort();
}

/* The moves from the first state to the failure, the last one first. */
static uint32_t path_take(struct move path[SEARCH_PATH]) {
    uint32_t length = 0;
    if (trying != NULL) {
        path[length++] = *trying;
    }
    for (uint32_t i = at; i != 0 && length < SEARCH_PATH; i = known[i].parent) {
        path[length++] = known[i].move;
    }
    return length;
}

/* Goes this path once more, and tells each move. */
static _Noreturn void report(const struct state *first) {
    static struct move path[SEARCH_PATH];
    char text[SEARCH_TEXT];
    struct move moves[SCRIPT_MOVES];
    struct state_hash hash;
    uint32_t length = path_take(path);
    if (expected != NULL) {
        printf("%s: caught after %u states, by %u steps: %s\n", expected, known_count, length, failure_text);
        exit(0);
    }
    phase = SEARCH_REPORTS;
    sim.running = NULL;
    state_take(&hash);
    state_enter(first);
    for (uint32_t i = 0; i < length; i++) {
        const struct move *move = &path[length - 1 - i];
        script_describe(move, text, sizeof(text));
        printf("  step %-4u %s\n", i + 1, text);
        script_do(move);
    }
    if (script_is_rest(moves, script_moves(moves))) {
        script_rest();
    }
    search_failed(failure_text);
}

struct search_result search_run(uint64_t limit, const char *expect) {
    struct state_hash hash;
    static struct state *first;
    expected = expect;
    first = state_copy(state_take(&hash));
    getcontext(&failure);
    if (phase == SEARCH_FAILED) {
        report(first);
    }
    phase = SEARCH_RUNS;
    pass(first, limit);
    if (result.whole) {
        check_cycles();
        at = 0;
        script_check_ends();
    }
    phase = SEARCH_IDLE;
    return result;
}
