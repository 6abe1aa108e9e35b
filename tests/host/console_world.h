/* SPDX-License-Identifier: MIT
 *
 * The console as seen by cluster 1 of 4: the device, the other clusters' logs. Included once.
 */
#ifndef R4_TESTS_CONSOLE_WORLD_H
#define R4_TESTS_CONSOLE_WORLD_H

#include "diag/console.h"
#include "kernel.h"
#include <stdio.h>

#define TICKS_PER_MS 1000U
#define NEVER        UINT64_MAX

static char output[4 * R4_LOG_BYTES];
static size_t output_length;
static uint32_t rung; /* doorbells */
static uint32_t rung_last;
static uint64_t now;
static uint64_t event_at = NEVER;
static void (*event)(void); /* happens at that tick */

uint64_t machine_now(void) { return now; }

void core_wait_turn(struct core *core) {
    ck_assert_ptr_eq(core, &own_core);
    now += TICKS_PER_MS / 10;
    if (now >= event_at) {
        event_at = NEVER;
        event();
    }
}

void doorbell_send(uint32_t number) {
    ck_assert_uint_ne(number, KERNEL_OWN);
    rung++;
    rung_last = number;
}

/* The device, as a 16550: empty each so many looks, and then it takes as much as its FIFO holds. */
static uint32_t fifo = 16;
static uint32_t looks_per_burst = 1; /* 0: it is never empty */
static uint32_t looks;
static uint32_t room;
static bool loses;     /* it may be given more than it takes */
static uint32_t waits; /* turns of a wait loop */
static uint64_t timer; /* of this core; 0: stopped */

uint32_t machine_console_room(void) {
    looks++;
    room = looks_per_burst != 0 && looks % looks_per_burst == 0 ? fifo : 0;
    return room;
}
void machine_relax(void) { waits++; }
void machine_timer_set(uint64_t deadline) { timer = deadline; }

void machine_console_write(const char *text, size_t length) {
    ck_assert(loses || length <= room);
    room -= loses ? 0 : (uint32_t)length;
    ck_assert(output_length + length < sizeof(output));
    memcpy(output + output_length, text, length);
    output_length += length;
}

static inline void start(uint32_t owner) {
    r4_linker_boot_info.console_owner = owner;
    r4_linker_boot_info.tsc_khz = TICKS_PER_MS;
    for (uint32_t number = 0; number < KERNEL_CLUSTERS; number++) {
        atomic_store(&kernel_header(number)->state, R4_CLUSTER_UP);
    }
    console_start();
}

/* The cluster dies, and this one has seen it. */
static inline void dies(uint32_t number) {
    kernel_panics(number);
    console_peer_died();
}

/* All clusters have rung. True if something is left that cannot be printed now. */
static inline bool poll(void) {
    for (uint32_t turn = 0; turn < 4 * R4_LOG_BYTES / CONSOLE_STEP; turn++) {
        if (!console_poll(console_all())) {
            return false;
        }
    }
    return true;
}

/* All is printed. */
static inline void expect_output(const char *text) {
    while (console_poll(0)) {
    }
    ck_assert_uint_eq(output_length, strlen(text));
    ck_assert(memcmp(output, text, output_length) == 0);
    output_length = 0;
}

static inline void line(const char *text) { console_line(text, strlen(text)); }

/* Does what that cluster would do: writes bytes into its log, then the log's end. */
static inline void peer_logs(uint32_t number, const char *text) {
    struct r4_log *log = &kernel_header(number)->log;
    uint32_t end = atomic_load(&log->end);
    for (; *text != '\0'; text++) {
        log->bytes[end++ % R4_LOG_BYTES] = *text;
    }
    atomic_store(&log->end, end);
}

/* As the console's owner, `reader` has printed `bytes` more of a cluster's log. */
static inline void peer_prints(uint32_t reader, uint32_t number, uint32_t bytes) {
    atomic_fetch_add(&kernel_header(reader)->printed[number], bytes);
}

static inline uint32_t log_used(uint32_t reader) {
    return atomic_load(&r4_linker_header.log.end) - atomic_load(&kernel_header(reader)->printed[KERNEL_OWN]);
}

/* Fills this cluster's log, which `reader` prints, until less than one line of `length` bytes fits. Returns the number
 * of lines. */
static inline uint32_t fill(uint32_t reader, size_t length) {
    char text[R4_LOG_BYTES];
    uint32_t lines = 0;
    memset(text, 'x', sizeof(text));
    while (log_used(reader) + length + 1 + 64 <= R4_LOG_BYTES) { /* keeps room for a notice */
        console_line(text, length);
        lines++;
    }
    ck_assert_uint_eq(log_used(reader), lines * (length + 1));
    return lines;
}

#endif
