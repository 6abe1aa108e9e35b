/* SPDX-License-Identifier: MIT
 *
 * The console's owner and the logs. A log is a ring of bytes with one writer (its cluster, under its lock) and one
 * reader (the owner, under its own lock). `end` publishes whole lines: the store in log_append() pairs with the load in
 * turn_begin(). `printed` gives the room back: the stores in take() pair with the load in log_has_room(). A cluster
 * that panics prints without its lock, after it has stopped its other cores.
 *
 * The device is slow. With the lock held it gets what it takes at once; the rest stays in the logs. If it takes
 * nothing, a timer of this core makes the cluster look again. Only who has nothing else to do waits for it: a panic,
 * the end of a run.
 */
#include "diag/console.h"
#include "cluster/cluster.h"
#include "cluster/doorbell.h"
#include "pure/compiler.h"
#include <r4/format.h>

#define BURST 16U /* bytes that are handed to the device at a time, at most */

/* The log that the owner prints from. Its lines up to `end` are whole. */
struct turn {
    uint32_t number;
    uint32_t begin; /* of the turn */
    uint32_t at;    /* the next byte; past `printed` in the midst of a line */
    uint32_t end;   /* the turn is over at `end` */
};

static uint32_t dropped; /* lines of this cluster that found no room since the last line that did */
static bool taken;       /* this cluster owns the console and has found out how far the logs are printed */
static uint64_t logs;    /* as the owner: bit per cluster whose log may have lines to print */
static uint64_t before;  /* bit per cluster that has its turn before this cluster's own log: its lines may be older */
static struct turn turn; /* as the owner */
static bool fresh;       /* as the owner: a line was put together in this step of the kernel */
static bool stuck;       /* the device takes nothing: a wait for it has been in vain */

/* It is down, and its last words are said. Pairs with say() in panic.c: all that it logged and printed. */
static bool is_silent(uint32_t number) {
    return atomic_load_explicit(&header_of(number)->state, memory_order_acquire) == R4_CLUSTER_SILENT;
}

/* The number of the owner; cluster_count() if no cluster is alive. */
static noinline uint32_t owner(void) {
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

/* How far `reader` has printed a log. Pairs with the stores of `printed` in take() and take_over(). */
static noinline uint32_t printed_by(uint32_t reader, uint32_t number) {
    return atomic_load_explicit(&header_of(reader)->printed[number], memory_order_acquire);
}

static noinline void continue_from(uint32_t number, uint32_t printed) {
    atomic_store_explicit(&own_header()->printed[number], printed, memory_order_release);
}

/* Each earlier owner, which is dead, has stored how far it printed each log; positions only grow, so the furthest is
 * the right one: a line is not printed twice. Every log may have lines to print: their writers rang the earlier
 * owners. */
static void take_over(void) {
    taken = true;
    logs = console_all();
    turn.number = this_cluster();
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

/* The turn of the next log that has lines, going round; false: none has. The writer is not trusted: if `end` is
 * impossible, everything up to it is skipped. */
static noinline bool turn_begin(void) {
    while (logs != 0) {
        uint64_t own = 1ULL << this_cluster();
        uint64_t choice = (logs & before) != 0 ? logs & ~own : logs;
        uint64_t later = choice & ~1ULL << turn.number;
        turn.number = (uint32_t)__builtin_ctzll(later != 0 ? later : choice);
        before &= ~(1ULL << turn.number);
        turn.begin = atomic_load_explicit(&own_header()->printed[turn.number], memory_order_relaxed);
        /* Pairs with log_append() of the writer: the bytes before `end`. */
        turn.end = atomic_load_explicit(&header_of(turn.number)->log.end, memory_order_acquire);
        if (turn.end - turn.begin > R4_LOG_BYTES) {
            continue_from(turn.number, turn.end);
            turn.begin = turn.end;
        }
        turn.at = turn.begin;
        if (turn.at != turn.end) {
            return true;
        }
        logs &= ~(1ULL << turn.number);
    }
    return false;
}

static bool has_more(void) { return turn.at != turn.end || turn_begin(); }

/* Copies bytes up to the end of the line, `most` (not 0) at most; a byte that is no text becomes a question mark.
 * Returns how many. */
static uint32_t copy_line(char *bytes, const char *log, uint32_t most) {
    uint32_t count = 0;
    char byte;
    do {
        byte = log[count];
        bytes[count++] = (unsigned char)(byte - ' ') <= '~' - ' ' || byte == '\n' ? byte : '?';
    } while (count < most && byte != '\n');
    return count;
}

/* Takes up to `most` bytes out of the logs; returns how many. A turn ends with the line in which it has CONSOLE_TURN
 * bytes. */
static uint32_t take(char *bytes, uint32_t most) {
    uint32_t count = 0;
    while (count < most && has_more()) {
        uint32_t offset = turn.at % R4_LOG_BYTES;
        uint32_t left = turn.end - turn.at;
        left = left < most - count ? left : most - count;
        left = left < R4_LOG_BYTES - offset ? left : R4_LOG_BYTES - offset;
        uint32_t copied = copy_line(bytes + count, header_of(turn.number)->log.bytes + offset, left);
        count += copied;
        turn.at += copied;
        if (bytes[count - 1] == '\n' || turn.at == turn.end) {
            /* After each line, since the writer may wait for room. Pairs with log_has_room(): our loads of the bytes
             * before the writer's next stores there. */
            continue_from(turn.number, turn.at);
            turn.end = turn.at - turn.begin >= CONSOLE_TURN ? turn.at : turn.end;
        }
    }
    return count;
}

/* The device takes nothing now: this core's timer makes the cluster look again (slice.c). */
static void look_later(void) {
    struct core *core = machine_core();
    core->console_due = machine_now() + (uint64_t)boot_info()->tsc_khz * CONSOLE_LOOK_MS;
    if (core->slice_end == 0 || core->slice_end > core->console_due) {
        machine_timer_set(core->console_due);
    }
}

/* Prints what the device takes at once, CONSOLE_STEP bytes at most. True: it might take more. */
static noinline bool print(void) {
    char bytes[BURST];
    for (uint32_t printed = 0; printed < CONSOLE_STEP && has_more();) {
        uint32_t room = machine_console_room();
        if (room == 0) {
            look_later();
            return false;
        }
        uint32_t count = take(bytes, room < BURST ? room : BURST);
        machine_console_write(bytes, count);
        printed += count;
    }
    return has_more();
}

/* Waits for the device, once in vain at most: then bytes may be lost. */
static void write_at_last(const char *bytes, uint32_t count) {
    while (count != 0) {
        uint32_t room = machine_console_room();
        for (uint32_t i = 0; room == 0 && i < CONSOLE_PATIENCE && !stuck; i++) {
            machine_relax();
            room = machine_console_room();
        }
        stuck = room == 0;
        uint32_t some = room == 0 || room > count ? count : room;
        machine_console_write(bytes, some);
        bytes += some;
        count -= some;
    }
}

/* Prints the rest of the line that has been begun, then the logs in `which` (a bit for each): one whole log of each at
 * most, since others may go on. */
static void print_at_last(uint64_t which) {
    char bytes[BURST];
    uint32_t line = turn.at;
    bool begun = turn.at != printed_by(this_cluster(), turn.number);
    const struct r4_log *log = &header_of(turn.number)->log;
    while (begun && line != turn.end && log->bytes[line++ % R4_LOG_BYTES] != '\n') {
    }
    turn.end = line;
    logs = which;
    for (uint64_t left = (uint64_t)cluster_count() * R4_LOG_BYTES; left != 0;) {
        uint32_t count = take(bytes, left < BURST ? (uint32_t)left : BURST);
        if (count == 0) {
            return;
        }
        write_at_last(bytes, count);
        left -= count;
    }
}

uint64_t console_all(void) { return ~0ULL >> (64 - cluster_count()); }

void console_start(void) {
    if (!taken && console_is_own()) {
        take_over();
    }
}

bool console_is_taken(void) { return taken; }

/* Usually they rang for a message. */
static void logs_find(uint64_t rang) {
    for (; rang != 0; rang &= rang - 1) {
        uint32_t number = (uint32_t)__builtin_ctzll(rang);
        /* Relaxed: turn_begin() loads it again. */
        uint32_t end = atomic_load_explicit(&header_of(number)->log.end, memory_order_relaxed);
        if (end != atomic_load_explicit(&own_header()->printed[number], memory_order_relaxed)) {
            logs |= 1ULL << number;
        }
    }
}

bool console_poll(uint64_t rang) {
    if (!taken) {
        return false;
    }
    logs_find(rang);
    if (fresh) { /* a call that writes and a print are two steps */
        fresh = false;
        return true;
    }
    return (logs != 0 || turn.at != turn.end) && print();
}

void console_finish(void) {
    console_start();
    print_at_last(console_all());
}

static noinline bool log_has_room(size_t bytes) {
    uint32_t reader = owner();
    const struct r4_header *header = header_of(reader == cluster_count() ? this_cluster() : reader);
    /* Pairs with take() of the owner: it has read the bytes before they are overwritten. */
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
    /* Pairs with turn_begin() of the owner: the bytes before `end`. */
    atomic_store_explicit(&log->end, end, memory_order_release);
}

/* Writes "[c1] kernel: 3 lines lost" to `notice`; returns its length in bytes. */
static size_t notice_format(char *notice, size_t size) {
    return format(notice, size, "[c%u] kernel: %u lines lost", this_cluster(), dropped);
}

/* Bytes of the notice that goes before the next line, with its newline; 0: there is none. */
static noinline size_t notice_bytes(void) {
    char notice[64];
    return dropped == 0 ? 0 : notice_format(notice, sizeof(notice)) + 1;
}

bool console_has_room(size_t bytes) {
    bool has_room = log_has_room(notice_bytes() + bytes);
    if (!has_room && taken) {
        print(); /* the owner makes room itself, for who asks again */
    }
    return has_room;
}

/* Puts a line into this cluster's own log, or drops the line. */
static void log_line_put(const char *line, size_t length) {
    char notice[64];
    if (!console_has_room(length + 1) && !log_has_room(notice_bytes() + length + 1)) {
        dropped++;
        return;
    }
    if (dropped != 0) {
        log_append(notice, notice_format(notice, sizeof(notice)));
        dropped = 0;
    }
    log_append(line, length);
}

/* This cluster's log is printed soon, after a turn of each log that has lines already. */
static void own_ring(void) {
    uint64_t own = 1ULL << this_cluster();
    if ((logs & own) == 0) {
        before = logs;
        logs |= own;
    }
    fresh = true;
    cluster.poll = true;
    machine_core()->reschedule = true;
}

void console_line(const char *line, size_t length) {
    bool own = console_is_own();
    if (own) {
        console_start();
    }
    log_line_put(line, length);
    if (own) {
        own_ring();
    } else {
        owner_ring();
    }
}

/* As the owner, with all that it has logged before. */
static void print_last_words(const char *line, size_t length) {
    char notice[64];
    console_start();
    print_at_last(1ULL << this_cluster());
    if (dropped != 0) {
        write_at_last(notice, (uint32_t)notice_format(notice, sizeof(notice)));
        write_at_last("\n", 1);
        dropped = 0;
    }
    write_at_last(line, (uint32_t)length);
    write_at_last("\n", 1);
}

void console_last_words(const char *line, size_t length) {
    uint64_t bound = machine_now() + (uint64_t)boot_info()->tsc_khz * CONSOLE_WAIT_MS;
    while (!console_is_own() && !log_has_room(notice_bytes() + length + 1) && machine_now() <= bound) {
        core_wait_turn(machine_core());
    }
    if (console_is_own()) {
        print_last_words(line, length);
    } else {
        console_line(line, length);
    }
}
