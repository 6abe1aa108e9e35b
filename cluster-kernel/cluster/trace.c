/* SPDX-License-Identifier: MIT
 *
 * The rings of trace events.
 */
#include "cluster/trace.h"
#include "cluster/core.h"
#include "diag/log.h"

struct event_text {
    const char *name;
    const char *first;
    const char *second;
};

#define TRACE_EVENT_TEXT(event, name, first, second) [event] = {name, first, second},
static const struct event_text texts[] = {TRACE_EVENT_LIST(TRACE_EVENT_TEXT)};
_Static_assert(R4_COUNT(texts) == TRACE_EVENT_COUNT, "each event has its texts");
_Static_assert(sizeof(struct trace_ring) % R4_LINE_SIZE == 0, "the ring shares no line");

void trace_start(struct core *core) {
    if (trace_is_on()) {
        core->trace.cluster = this_cluster();
        core->trace.core = core->index;
        core->trace.entries = TRACE_ENTRIES;
        core->trace.tsc_khz = boot_info()->tsc_khz;
        core->trace.magic = TRACE_MAGIC;
    }
}

/* The entry first, then the count: a core that is stopped between the two leaves no half event. */
void trace_record(enum trace_event event, uint64_t first, uint64_t second) {
    struct trace_ring *ring = &machine_core()->trace;
    ring->entry[ring->recorded % TRACE_ENTRIES] =
        (struct trace_entry){.ticks = machine_now(), .event = event, .first = first, .second = second};
    __atomic_store_n(&ring->recorded, ring->recorded + 1, __ATOMIC_RELEASE);
}

void trace_print(uint32_t count) {
    const struct trace_ring *ring = &machine_core()->trace;
    uint64_t last = ring->entry[(ring->recorded - 1) % TRACE_ENTRIES].ticks;
    uint64_t position = ring->recorded > count ? ring->recorded - count : 0;
    for (; position < ring->recorded; position++) {
        const struct trace_entry *entry = &ring->entry[position % TRACE_ENTRIES];
        const struct event_text *text = &texts[entry->event];
        log_line("panic: trace: -%lu %s %s %lx %s %lx", last - entry->ticks, text->name, text->first, entry->first,
                 text->second, entry->second);
    }
}
