/* SPDX-License-Identifier: MIT
 *
 * Panic: works without the cluster lock, whose holder may be this core or a stopped one.
 */
#include "diag/panic.h"
#include "cluster/core.h"
#include "cluster/doorbell.h"
#include "diag/log.h"
#include "diag/shutdown.h"
#include <r4/format.h>

static _Atomic uint32_t panicking; /* index + 1 of the core that panics; 0: none */

struct r4_panic_record last_words;

static const char *const register_names[18] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8",
                                               "r9",  "r10", "r11", "r12", "r13", "r14", "r15", "rip", "flags"};

struct event_text {
    const char *name;
    const char *first;
    const char *second;
};

#define TRACE_EVENT_TEXT(event, name, first, second) [event] = {name, first, second},
static const struct event_text texts[] = {TRACE_EVENT_LIST(TRACE_EVENT_TEXT)};
_Static_assert(R4_COUNT(texts) == TRACE_EVENT_COUNT, "each event has its texts");

/* The last `count` events of this core, the oldest first, with the ticks from each to the last; nothing if tracing is
 * off. */
static void trace_print(uint32_t count) {
    const struct trace_ring *ring = &machine_core()->trace;
    uint64_t last = ring->entry[(ring->recorded - 1) % TRACE_ENTRIES].ticks;
    uint64_t position = ring->recorded > count ? ring->recorded - count : 0;
    for (; position < ring->recorded; position++) {
        const struct trace_entry *entry = &ring->entry[position % TRACE_ENTRIES];
        const struct event_text *text = &texts[entry->event];
        log_last_words("panic: trace: -%lu %s %s %lx %s %lx", last - entry->ticks, text->name, text->first,
                       entry->first, text->second, entry->second);
    }
}

static void print_record(const struct r4_panic_record *record) {
    log_last_words("panic: %s", record->text);
    log_last_words("panic: cluster %u core %lu cause %lu address %lx", this_cluster(), record->core, record->cause,
                   record->address);
    for (uint32_t i = 0; i < 18 && record->cause != PANIC_ASSERT; i += 3) {
        log_last_words("panic: %-5s %016lx  %-5s %016lx  %-5s %016lx", register_names[i], record->registers[i],
                       register_names[i + 1], record->registers[i + 1], register_names[i + 2],
                       record->registers[i + 2]);
    }
    for (uint32_t i = 0; i < R4_PANIC_FRAMES && record->frames[i] != 0; i++) {
        log_last_words("panic: return address %lx", record->frames[i]);
    }
    trace_print(PANIC_TRACE_EVENTS);
}

static void say(enum r4_cluster_state state) {
    /* What was sent, the record and the log before the state: pairs with the acquire loads of `state` in has_died()
     * (receive.c), is_silent() (console.c), shutdown_check() and will_go_on() (milestone.c). */
    atomic_store_explicit(&own_header()->state, state, memory_order_release);
    /* Our state before shutdown_check() loads the states of the peers. Pairs with this fence in a peer that panics at
     * the same time: at least one of the two sees both states. */
    atomic_thread_fence(memory_order_seq_cst);
    for (uint32_t number = 0; number < cluster_count(); number++) {
        if (number != this_cluster()) {
            doorbell_send(number); /* nothing is counted or traced: that may have failed */
        }
    }
}

/* The record is complete. The peers are told first, since words may take long: they wait for this cluster no more. The
 * console stays its own until the words are said, so that no other cluster takes it over meanwhile. */
static _Noreturn void die(void) {
    own_header()->panic = last_words;
    machine_stop_others();
    say(R4_CLUSTER_PANICKED);
    trace(TRACE_PANIC, last_words.cause, last_words.address);
    print_record(&last_words);
    say(R4_CLUSTER_SILENT);
    shutdown_check();
    machine_stop();
}

static struct r4_panic_record *record_begin(void) {
    uint32_t own = machine_core()->index + 1;
    uint32_t first = 0;
    /* Only the first core of the cluster goes on. The orders pair with nothing else: the cores share nothing here. */
    if (!atomic_compare_exchange_strong_explicit(&panicking, &first, own, memory_order_acq_rel, memory_order_acquire)) {
        if (first == own) { /* it failed while it panicked: there are no more words */
            say(R4_CLUSTER_SILENT);
        }
        machine_stop();
    }
    struct r4_panic_record *record = &last_words;
    record->core = machine_core()->index;
    machine_backtrace(record->frames, R4_PANIC_FRAMES);
    return record;
}

void panic(const char *text, ...) {
    va_list arguments;
    struct r4_panic_record *record = record_begin();
    record->cause = PANIC_ASSERT;
    va_start(arguments, text);
    format_list(record->text, sizeof(record->text), text, arguments);
    va_end(arguments);
    die();
}

void contract_failed(const char *condition, const char *file, int line) {
    panic("contract: %s:%u: %s", file, (uint32_t)line, condition);
}

void kernel_fault_inside(uint64_t vector, uint64_t error, uint64_t address, const uint64_t registers[18]) {
    struct r4_panic_record *record = record_begin();
    record->cause = vector;
    record->address = address;
    for (uint32_t i = 0; i < 18; i++) {
        record->registers[i] = registers[i];
    }
    format(record->text, sizeof(record->text), "exception %lu in the kernel, error %lx, address %lx", vector, error,
           address);
    die();
}
