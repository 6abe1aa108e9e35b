/* SPDX-License-Identifier: MIT
 *
 * The calls of a program, packed as user/lib packs them.
 */
#include "program.h"

#define THREAD_SLOT     100U /* of the program's part of the window: of core 0's thread, which is there already */
#define THREAD_PLACE    0x400000ULL
#define THREAD_PRIORITY 100U

static uint64_t call(struct native_core *core, const char *what, uint64_t slot, enum r4_operation operation,
                     uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3) {
    const uint64_t argument[] = {a0, a1, a2, a3};
    struct native_result result = native_call(core, native_own(core, slot), operation, argument);
    if (result.error != R4_OK) {
        native_fail(what, result.error);
    }
    return result.value;
}

uint64_t program_slot(const struct native_core *core, uint32_t index) {
    return round_up(core->copy->info->slot_first_free, R4_SLOTS_PER_PAGE) + 1 + index;
}

static uint64_t untyped_largest(const struct native_core *core) {
    const struct r4_root_info *info = core->copy->info;
    uint32_t best = 0;
    for (uint32_t i = 1; i < info->untyped_count; i++) {
        best = info->untyped[i].size_log2 > info->untyped[best].size_log2 ? i : best;
    }
    return info->untyped[best].slot;
}

static void retype(struct native_core *core, uint64_t untyped, uint64_t what, uint64_t offset, uint64_t slot) {
    call(core, "retype", untyped, R4_OP_UNTYPED_RETYPE, what, offset, slot, 0);
}

static uint64_t objects(enum r4_cap_type type, uint32_t size_log2, uint32_t count) {
    uint64_t what = r4_retype_size_log2_set(r4_retype_type_put(type), size_log2);
    return r4_retype_count_set(what, count);
}

void program_create(struct native_core *core, enum r4_cap_type type, uint32_t size_log2, uint64_t offset,
                    uint64_t slot) {
    retype(core, untyped_largest(core), objects(type, size_log2, 1), offset, slot);
}

void program_frames(struct native_core *core, uint64_t untyped, uint32_t count, uint64_t slot) {
    retype(core, untyped, objects(R4_CAP_FRAME, R4_PAGE_BITS, count), 0, slot);
}

void program_copy(struct native_core *core, uint64_t source, uint64_t slot) {
    uint64_t what = r4_copy_ttl_set(r4_copy_rights_put(R4_SEND), R4_TTL_MAX - 1);
    call(core, "copy", source, R4_OP_CAP_COPY, slot, what, 0, 0);
}

void program_delete(struct native_core *core, uint64_t slot) {
    call(core, "delete", slot, R4_OP_CAP_DELETE, 0, 0, 0, 0);
}

void program_revoke(struct native_core *core, uint64_t slot) {
    call(core, "revoke", slot, R4_OP_CAP_REVOKE, 0, 0, 0, 0);
}

static uint64_t peer_slot(const struct native_core *core, uint32_t peer) { return core->copy->info->slot_peers + peer; }

void program_post(struct native_core *core, uint32_t peer, uint64_t slot) {
    call(core, "post", peer_slot(core, peer), R4_OP_PEER_POST, slot, 0, 0, 0);
}

void program_handoff(struct native_core *core, uint32_t peer, uint64_t untyped) {
    call(core, "hand-off", peer_slot(core, peer), R4_OP_PEER_HANDOFF, native_own(core, untyped), 0, 0, 0);
}

void program_milestone(struct native_core *core, uint64_t milestone) {
    call(core, "milestone", core->copy->info->slot_debug, R4_OP_DEBUG_MILESTONE, milestone, 0, 0, 0);
}

void program_wait(struct native_core *core, uint32_t of, uint64_t milestone) {
    call(core, "wait", core->copy->info->slot_debug, R4_OP_DEBUG_WAIT, of, milestone, 0, 0);
}

void program_start(struct native_core *core, uint32_t index, uint64_t offset) {
    uint64_t slot = program_slot(core, THREAD_SLOT + index);
    uint64_t pd = native_own(core, core->copy->info->slot_pd);
    uint64_t where = r4_schedule_core_put(index) | r4_schedule_priority_put(THREAD_PRIORITY);
    program_create(core, R4_CAP_THREAD, R4_THREAD_LOG2, offset, slot);
    call(core, "configure", slot, R4_OP_THREAD_CONFIGURE, pd, THREAD_PLACE, THREAD_PLACE, 0);
    call(core, "schedule", slot, R4_OP_THREAD_SCHEDULE, where, 0, 0, 0);
    call(core, "start", slot, R4_OP_THREAD_START, 0, 0, 0, 0);
}
