/* SPDX-License-Identifier: MIT
 *
 * All is read from the root task's information page, as a root task would.
 */
#include "places.h"
#include "memory.h"
#include "object/thread.h"
#include "pure/paging.h"

static uint64_t received(const struct places *places) { return places->info->slot_first_free + 1; }
static uint64_t second(const struct places *places) { return places->info->slot_first_free + 2; }

static uint64_t cap_of(const struct places *places, uint64_t index) {
    return r4_cap_index_put(index) | r4_cap_cluster_put(places->instance->number);
}

/* The first untyped of at least that size outside of the root block, or the smallest one inside. */
static const struct r4_root_untyped *untyped_of(const struct places *places, bool inside) {
    for (uint32_t i = 0; i < places->info->untyped_count; i++) {
        const struct r4_root_untyped *untyped = &places->info->untyped[i];
        bool is_inside = untyped->base - places->instance->info->root_block.base < R4_LARGE_SIZE;
        if (is_inside == inside) {
            return untyped;
        }
    }
    sim_fail("host", "cluster %u has not the memory", places->instance->number);
}

void places_find(struct places *places, const struct instance *instance) {
    const struct cpu *cpu = &instance->cpus[0];
    if (cpu->mode != CPU_USER) {
        sim_fail("host", "cluster %u has not booted", instance->number);
    }
    struct thread *thread = cpu_thread(cpu);
    struct tlb_entry info = tlb_walk(thread->pd->root, R4_ROOT_INFO);
    *places = (struct places){
        .instance = instance, .info = memory_host(info.leaf & PAGING_ADDRESS), .threads = {thread, NULL}};
    const struct r4_root_untyped *own = untyped_of(places, false);
    places->own = own->slot;
    places->block = own->base;
}

void places_second(const struct places *places, struct call_words calls[PLACES_SECOND_CALLS]) {
    uint64_t thread = cap_of(places, second(places));
    uint64_t memory = cap_of(places, untyped_of(places, true)->slot);
    uint64_t pd = cap_of(places, places->info->slot_pd);
    uint64_t equal = r4_schedule_priority_put(places->threads[0]->queue.priority);
    calls[0] = (struct call_words){
        memory, R4_OP_UNTYPED_RETYPE, {r4_retype_type_put(R4_CAP_THREAD) | r4_retype_count_put(1), 0, second(places)}};
    calls[1] = (struct call_words){thread, R4_OP_THREAD_SCHEDULE, {equal}};
    calls[2] = (struct call_words){thread, R4_OP_THREAD_CONFIGURE, {pd, R4_ROOT_IMAGE, R4_ROOT_STACK_TOP, 0}};
    calls[3] = (struct call_words){thread, R4_OP_THREAD_START, {0}};
}

void places_second_find(struct places *places) {
    const struct window *window = &places->threads[0]->pd->window;
    const struct r4_slot *slot = window_slot(places->instance->direct, window, second(places));
    places->threads[1] = (struct thread *)(places->instance->direct + slot_object(slot));
}

void places_call(const struct places *places, const struct action *action, struct call_words *call) {
    uint64_t peer = cap_of(places, places->info->slot_peers + action->peer);
    uint64_t index = action->object == OBJECT_OWN ? places->own : received(places);
    switch (action->call) {
    case SCENARIO_POST:
        *call = (struct call_words){peer, R4_OP_PEER_POST, {index}};
        break;
    case SCENARIO_HANDOFF:
        *call = (struct call_words){peer, R4_OP_PEER_HANDOFF, {cap_of(places, index)}};
        break;
    case SCENARIO_REVOKE:
    case SCENARIO_END:
        *call = (struct call_words){cap_of(places, index), R4_OP_CAP_REVOKE, {0}};
        break;
    }
}
