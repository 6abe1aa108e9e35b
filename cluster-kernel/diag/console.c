/* SPDX-License-Identifier: MIT
 *
 * The console's owner and the logs. A log is a ring of bytes with one writer (its cluster, under its lock) and one
 * reader (the owner, under its own lock). `end` publishes whole lines: the store in log_append() pairs with the load in
 * log_print(). `printed` gives the room back: the stores in log_print() pair with the load in log_has_room(). A cluster
 * that panics prints without its lock, after it has stopped its other cores.
 */
#include "diag/console.h"
#include "cluster/cluster.h"
#include "cluster/doorbell.h"
#include <r4/format.h>

static uint32_t dropped; /* lines of this cluster that found no room since the last line that did */
static bool taken;       /* this cluster owns the console and has found out how far the logs are printed */
static uint64_t logs;    /* as the owner: bit per cluster whose log may have lines to print */

/* It is down, and its last words are said. Pairs with say() in panic.c: all that it logged and printed. */
static bool is_silent(uint32_t number) {
    return atomic_load_explicit(&header_of(number)->state, memory_order_acquire) == R4_CLUSTER_SILENT;
}

/* The number of the owner; cluster_count() if no cluster is alive. */
static uint32_t owner(void) {
    uint32_t number = boot_info()->console_owner;
    for (uint32_t i = 0; i < cluster_count(); i++) {
        if (!is_silent(number)) {
            return number;
        }
        number = number + 1 == cluster_count() ? 0 : number + 1;
    }
    return cluster_count();
}

bool console_is_own(void) {
    uint32_t number = owner();
    return number == this_cluster() || number == cluster_count();
}

/* How far `reader` has printed a log. Pairs with the stores of `printed` in log_print() and take_over(). */
static uint32_t printed_by(uint32_t reader, uint32_t number) {
    return atomic_load_explicit(&header_of(reader)->printed[number], memory_order_acquire);
}

static void continue_from(uint32_t number, uint32_t printed) {
    atomic_store_explicit(&own_header()->printed[number], printed, memory_order_release);
}

/* Each earlier owner, which is dead, has stored how far it printed each log; positions only grow, so the furthest is
 * the right one: a line is not printed twice. Every log may have lines to print: their writers rang the earlier
 * owners. */
static void take_over(void) {
    taken = true;
    logs = console_all();
    cluster.poll = true;
    for (uint32_t number = 0; number < cluster_count(); number++) {
        continue_from(number, printed_by(boot_info()->console_owner, number));
    }
    for (uint32_t other = 0; other < cluster_count(); other++) {
        for (uint32_t number = 0; number < cluster_count() && is_silent(other); number++) {
            uint32_t printed = printed_by(other, number);
            if ((int32_t)(printed - printed_by(this_cluster(), number)) > 0) {
                continue_from(number, printed);
            }
        }
    }
}

/* Prints whole lines of a log until `most` bytes or more are printed. True if the log has more lines. The writer is not
 * trusted: a byte that is no text is printed as a question mark; if `end` is impossible, everything up to it is
 * skipped. */
static bool log_print(uint32_t number, uint32_t most) {
    const struct r4_log *log = &header_of(number)->log;
    _Atomic uint32_t *printed = &own_header()->printed[number];
    uint32_t at = atomic_load_explicit(printed, memory_order_relaxed);
    /* Pairs with log_append() of the writer: the bytes before `end`. */
    uint32_t end = atomic_load_explicit(&log->end, memory_order_acquire);
    if (end - at > R4_LOG_BYTES) {
        at = end;
    }
    for (uint32_t begin = at; at != end;) {
        char byte = log->bytes[at++ % R4_LOG_BYTES];
        byte = byte == '\n' || (byte >= ' ' && byte <= '~') ? byte : '?';
        machine_console_write(&byte, 1);
        if (byte == '\n') {
            /* After each line, since the writer may wait for room. Pairs with log_has_room(): our loads of the bytes
             * before the writer's next stores there. */
            atomic_store_explicit(printed, at, memory_order_release);
            if (at - begin >= most) {
                break;
            }
        }
    }
    atomic_store_explicit(printed, at, memory_order_release); /* as above, also when everything was skipped */
    return at != end;
}

uint64_t console_all(void) { return ~0ULL >> (64 - cluster_count()); }

void console_start(void) {
    if (!taken && console_is_own()) {
        take_over();
    }
}

bool console_is_taken(void) { return taken; }

bool console_poll(uint64_t rang) {
    if (!taken) {
        return false;
    }
    logs |= rang;
    for (uint64_t left = logs; left != 0; left &= left - 1) {
        if (!log_print((uint32_t)__builtin_ctzll(left), CONSOLE_TURN)) {
            logs &= ~(left & -left);
        }
    }
    return logs != 0;
}

static bool log_has_room(size_t bytes) {
    uint32_t reader = owner();
    const struct r4_header *header = header_of(reader == cluster_count() ? this_cluster() : reader);
    /* Pairs with log_print() of the owner: it has read the bytes before they are overwritten. */
    uint32_t printed = atomic_load_explicit(&header->printed[this_cluster()], memory_order_acquire);
    uint32_t used = atomic_load_explicit(&own_header()->log.end, memory_order_relaxed) - printed;
    return used <= R4_LOG_BYTES && bytes <= R4_LOG_BYTES - used; /* a new owner's value is 0 until it has taken over */
}

static void owner_ring(void) {
    uint32_t number = owner();
    if (number != cluster_count() && number != this_cluster()) {
        doorbell_send(number);
    }
}

void console_peer_died(void) {
    console_start();
    uint32_t reader = owner();
    uint32_t end = atomic_load_explicit(&own_header()->log.end, memory_order_relaxed);
    if (reader != cluster_count() && printed_by(reader, this_cluster()) != end) {
        owner_ring();
    }
}

static void log_append(const char *line, size_t length) {
    struct r4_log *log = &own_header()->log;
    uint32_t end = atomic_load_explicit(&log->end, memory_order_relaxed);
#pragma GCC unroll 8
    for (size_t i = 0; i < length; i++) {
        log->bytes[end++ % R4_LOG_BYTES] = line[i];
    }
    log->bytes[end++ % R4_LOG_BYTES] = '\n';
    /* Pairs with log_print() of the owner: the bytes before `end`. */
    atomic_store_explicit(&log->end, end, memory_order_release);
}

/* Writes "[c1] kernel: 3 lines lost" to `notice`; returns its length in bytes. */
static size_t notice_format(char *notice, size_t size) {
    return format(notice, size, "[c%u] kernel: %u lines lost", this_cluster(), dropped);
}

/* Bytes of the notice that goes before the next line, with its newline; 0: there is none. */
static size_t notice_bytes(void) {
    char notice[64];
    return dropped == 0 ? 0 : notice_format(notice, sizeof(notice)) + 1;
}

bool console_has_room(size_t bytes) { return console_is_own() || log_has_room(notice_bytes() + bytes); }

/* Puts a line into this cluster's own log and rings the owner, or drops the line. */
static void log_line_put(const char *line, size_t length) {
    char notice[64];
    if (!log_has_room(notice_bytes() + length + 1)) {
        dropped++;
        return;
    }
    if (dropped != 0) {
        log_append(notice, notice_format(notice, sizeof(notice)));
        dropped = 0;
    }
    log_append(line, length);
    owner_ring();
}

static void line_print(const char *line, size_t length) {
    machine_console_write(line, length);
    machine_console_write("\n", 1);
}

void console_line(const char *line, size_t length) {
    char notice[64];
    if (!console_is_own()) {
        log_line_put(line, length);
        return;
    }
    console_start();
    console_poll(0);
    log_print(this_cluster(), R4_LOG_BYTES); /* first, what this cluster logged before it became the owner */
    if (dropped != 0) {
        line_print(notice, notice_format(notice, sizeof(notice)));
        dropped = 0;
    }
    line_print(line, length);
}

/* The owner needs nothing from this cluster to print. */
void console_last_words(const char *line, size_t length) {
    uint64_t bound = machine_now() + (uint64_t)boot_info()->tsc_khz * CONSOLE_WAIT_MS;
    while (!console_has_room(length + 1) && machine_now() <= bound) {
        core_wait_turn(machine_core());
    }
    console_line(line, length);
}
