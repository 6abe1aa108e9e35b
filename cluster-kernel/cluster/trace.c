/* SPDX-License-Identifier: MIT
 *
 * The rings of trace events. Each core writes its own ring only.
 */
#include "cluster/trace.h"
#include "cluster/core.h"

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

/* The entry before the count: a core that is stopped between the two leaves no half-written event. The release store
 * pairs with no load at run time: debuggers and dumps of memory read the ring of a stopped core. */
void trace_record(enum trace_event event, uint64_t first, uint64_t second) {
    struct trace_ring *ring = &machine_core()->trace;
    ring->entry[ring->recorded % TRACE_ENTRIES] =
        (struct trace_entry){.ticks = machine_now(), .event = event, .first = first, .second = second};
    __atomic_store_n(&ring->recorded, ring->recorded + 1, __ATOMIC_RELEASE);
}
