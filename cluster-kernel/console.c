/* SPDX-License-Identifier: MIT
 *
 * The console's owner and the logs. A log is a ring of bytes with one writer (its cluster, under its lock) and one
 * reader (the owner, under its own): `end` publishes whole lines with release; `printed` gives the room back with
 * release.
 */
#include "console.h"
#include "core.h"
#include <r4/format.h>

static uint32_t dropped; /* own lines that found no room since the last one that did */
static bool taken;       /* this cluster owns the console and has found out how far the logs are printed */

static const struct r4_header *header_of(uint32_t number) {
    return number == this_cluster() ? own_header() : peer_header(number);
}

static bool has_panicked(uint32_t number) {
    return atomic_load_explicit(&header_of(number)->state, memory_order_acquire) == R4_CLUSTER_PANICKED;
}

/* cluster_count() if no cluster is alive. */
static uint32_t owner(void) {
    uint32_t number = boot_info()->console_owner;
    for (uint32_t i = 0; i < cluster_count(); i++) {
        if (!has_panicked(number)) {
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

/* The owner before this one, dead now, has said how far it came; the first owner begins at the beginning. */
static void take_over(void) {
    uint32_t first = boot_info()->console_owner;
    uint32_t before = this_cluster() == 0 ? cluster_count() - 1 : this_cluster() - 1;
    taken = true;
    for (uint32_t number = 0; this_cluster() != first && number < cluster_count(); number++) {
        uint32_t printed = atomic_load_explicit(&header_of(before)->printed[number], memory_order_acquire);
        atomic_store_explicit(&own_header()->printed[number], printed, memory_order_release);
    }
}

/* Prints what stands in a log. The writer is not trusted: what is no text becomes a question mark, an end that makes no
 * sense is skipped. */
static void log_print(uint32_t number) {
    const struct r4_log *log = &header_of(number)->log;
    _Atomic uint32_t *printed = &own_header()->printed[number];
    uint32_t at = atomic_load_explicit(printed, memory_order_relaxed);
    uint32_t end = atomic_load_explicit(&log->end, memory_order_acquire);
    if (end - at > R4_LOG_BYTES) {
        at = end;
    }
    for (; at != end; at++) {
        char byte = log->bytes[at % R4_LOG_BYTES];
        byte = byte == '\n' || (byte >= ' ' && byte <= '~') ? byte : '?';
        machine_console_write(&byte, 1);
    }
    atomic_store_explicit(printed, at, memory_order_release);
}

void console_poll(void) {
    if (!console_is_own()) {
        return;
    }
    if (!taken) {
        take_over();
    }
    for (uint32_t number = 0; number < cluster_count(); number++) {
        log_print(number);
    }
}

static bool log_has_room(size_t bytes) {
    uint32_t reader = owner();
    const struct r4_header *header = header_of(reader == cluster_count() ? this_cluster() : reader);
    uint32_t printed = atomic_load_explicit(&header->printed[this_cluster()], memory_order_acquire);
    uint32_t end = atomic_load_explicit(&own_header()->log.end, memory_order_relaxed);
    return bytes <= R4_LOG_BYTES - (end - printed);
}

static void owner_ring(void) {
    uint32_t apic_id = atomic_load_explicit(&header_of(owner())->doorbell_apic, memory_order_relaxed);
    machine_send(apic_id, MACHINE_DOORBELL);
}

static void log_append(const char *line, size_t length) {
    struct r4_log *log = &own_header()->log;
    uint32_t end = atomic_load_explicit(&log->end, memory_order_relaxed);
    for (size_t i = 0; i < length; i++) {
        log->bytes[end++ % R4_LOG_BYTES] = line[i];
    }
    log->bytes[end++ % R4_LOG_BYTES] = '\n';
    atomic_store_explicit(&log->end, end, memory_order_release);
}

/* False if the log stays full. The owner needs nothing of this cluster to print, so waiting with the lock held is safe.
 */
static bool log_wait(size_t bytes) {
    uint64_t bound = machine_now() + (uint64_t)boot_info()->tsc_khz * CONSOLE_WAIT_MS;
    while (!log_has_room(bytes) && !console_is_own()) {
        if (machine_now() > bound) {
            return false;
        }
        core_wait_turn(machine_core());
    }
    return true;
}

/* Puts a line into the own log and rings the owner. */
static void log_line_put(const char *line, size_t length) {
    char notice[64];
    size_t notice_length = format(notice, sizeof(notice), "[c%u] kernel: %u lines lost", this_cluster(), dropped);
    if (!log_wait(length + notice_length + 2)) {
        dropped++;
        return;
    }
    if (dropped != 0) {
        log_append(notice, notice_length);
        dropped = 0;
    }
    log_append(line, length);
    if (!console_is_own()) {
        owner_ring();
    }
}

void console_line(const char *line, size_t length) {
    if (!console_is_own()) {
        log_line_put(line, length);
        return;
    }
    console_poll(); /* what this cluster logged before it became the owner comes first */
    machine_console_write(line, length);
    machine_console_write("\n", 1);
}
