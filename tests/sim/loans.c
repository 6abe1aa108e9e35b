/* SPDX-License-Identifier: MIT
 *
 * Received memory is preferred wherever memory or a slot is asked for: there the structures grow that are rare
 * elsewhere.
 */
#include "loans.h"
#include "memory.h"
#include "pure/derivation.h"
#include "pure/retype.h"

/* True if `at` lies in memory that the cluster has received: it has it, and not from the start. */
static bool is_received(const struct chooser *chooser, phys_t at) {
    const struct memory_home *home = memory_home(chooser->instance->number);
    bool own = false;
    for (uint32_t i = 0; i < home->pool_count; i++) {
        own = own || at - home->pools[i].base < home->pools[i].size;
    }
    return !own && memory_owns(chooser->instance->number, at, 1);
}

static phys_t place_of(const struct chooser *chooser, const struct r4_slot *slot) {
    return (uintptr_t)slot - chooser->instance->direct;
}

/* --- what fits --- */

static bool is_large(const struct chooser *chooser, const struct r4_slot *slot) {
    return fits_untyped(chooser, slot) && slot_size_log2(slot) >= R4_LARGE_BITS;
}
static bool fits_received(const struct chooser *chooser, const struct r4_slot *slot) {
    return is_large(chooser, slot) && is_received(chooser, slot_object(slot));
}
static bool fits_own(const struct chooser *chooser, const struct r4_slot *slot) {
    return is_large(chooser, slot) && !is_received(chooser, slot_object(slot));
}
static bool fits_lent_on(const struct chooser *chooser, const struct r4_slot *slot) {
    return fits_handoff(chooser, slot) && is_received(chooser, slot_object(slot));
}
/* Nothing derives from it any more, but its watermark says that something did. */
static bool fits_spent(const struct chooser *chooser, const struct r4_slot *slot) {
    return is_large(chooser, slot) && slot_watermark(slot) != 0 && slot_ttl(slot) != 0 &&
           !derivation_has_children(chooser->instance->direct, slot);
}
static bool fits_empty_received(const struct chooser *chooser, const struct r4_slot *slot) {
    return fits_empty(chooser, slot) && is_received(chooser, place_of(chooser, slot));
}
static bool fits_empty_elsewhere(const struct chooser *chooser, const struct r4_slot *slot) {
    phys_t root_block = chooser->instance->info->root_block.base;
    return fits_empty(chooser, slot) && place_of(chooser, slot) - root_block >= R4_LARGE_SIZE;
}
static bool fits_deep_page(const struct chooser *chooser, const struct r4_slot *slot) {
    (void)chooser;
    return slot_type(slot) == R4_CAP_CAP_PAGE && slot_depth(slot) != 0;
}
/* A loan, or memory that was lent or received and that something derives from. */
static bool fits_loan_root(const struct chooser *chooser, const struct r4_slot *slot) {
    return slot_type(slot) == R4_CAP_REMOTE_REF || (slot_flags(slot) & R4_FLAG_RECEIVED) != 0 ||
           (slot_type(slot) == R4_CAP_UNTYPED && slot_size_log2(slot) >= R4_LARGE_BITS &&
            derivation_has_children(chooser->instance->direct, slot));
}
/* What is worth a place in a cap page that may die. */
static bool fits_content(const struct chooser *chooser, const struct r4_slot *slot) {
    enum r4_cap_type type = slot_type(slot);
    bool deep = slot_depth(slot) != 0;
    return type == R4_CAP_RECEIVE_SLOT || fits_loan_root(chooser, slot) || is_large(chooser, slot) ||
           (deep && (type == R4_CAP_THREAD || type == R4_CAP_CAP_PAGE));
}

static fits_t *some_empty(void) {
    return sim_chance(2) ? fits_empty_received : sim_chance(2) ? fits_empty_elsewhere : fits_empty;
}

/* --- calls --- */

void loans_post(struct chooser *chooser) {
    chooser_invoke(chooser, R4_OP_PEER_POST, fits_peer);
    chooser->call.argument[0] = chooser_find(chooser, some_empty());
}

void loans_handoff(struct chooser *chooser) {
    const struct r4_slot *memory;
    chooser_invoke(chooser, R4_OP_PEER_HANDOFF, fits_peer_to_receive_slot);
    chooser->call.argument[0] = chooser_cap(chooser,
                                            sim_chance(8)   ? fits_spent
                                            : sim_chance(2) ? fits_lent_on
                                                            : fits_handoff,
                                            &memory);
}

void loans_split(struct chooser *chooser) {
    static const uint8_t types[] = {R4_CAP_UNTYPED, R4_CAP_UNTYPED, R4_CAP_CAP_PAGE, R4_CAP_CAP_PAGE,
                                    R4_CAP_THREAD,  R4_CAP_PD,      R4_CAP_FRAME};
    chooser_invoke(chooser, R4_OP_UNTYPED_RETYPE, sim_chance(2) ? fits_received : fits_own);
    const struct r4_slot *source = chooser->slot;
    bool large = source != NULL && slot_type(source) == R4_CAP_UNTYPED && slot_size_log2(source) > R4_LARGE_BITS;
    enum r4_cap_type type = (enum r4_cap_type)types[sim_random(R4_COUNT(types))];
    uint64_t log2 = type == R4_CAP_UNTYPED ? (large ? slot_size_log2(source) - 1 : R4_LARGE_BITS)
                    : type == R4_CAP_FRAME ? R4_PAGE_BITS
                                           : 0;
    uint64_t size = 1ULL << retype_object_log2(type, (uint32_t)log2);
    uint64_t offset = round_up(source == NULL ? 0 : slot_watermark(source), size);
    chooser->call.argument[0] = r4_retype_type_put(type) | r4_retype_size_log2_put(log2) | r4_retype_count_put(1);
    chooser->call.argument[1] = offset;
    chooser->call.argument[2] = chooser_find(chooser, fits_empty);
    chooser->call.object = source == NULL ? 0 : slot_object(source) + offset;
}

void loans_map_page(struct chooser *chooser) {
    const struct r4_slot *space;
    chooser_invoke(chooser, R4_OP_CAP_PAGE_MAP, fits_unmapped_cap_page);
    chooser->call.argument[0] = chooser_cap(chooser, fits_pd, &space);
    chooser->call.argument[1] = sim_random(CHOOSER_PAGES);
}

void loans_move(struct chooser *chooser) {
    chooser_invoke_itself(chooser, R4_OP_CAP_MOVE, fits_content);
    chooser->call.argument[0] = chooser_find(chooser, some_empty());
}

void loans_revoke(struct chooser *chooser) { chooser_invoke_itself(chooser, R4_OP_CAP_REVOKE, fits_loan_root); }

void loans_delete(struct chooser *chooser) {
    chooser_invoke_itself(chooser, R4_OP_CAP_DELETE,
                          sim_chance(2)   ? fits_deep_page
                          : sim_chance(2) ? fits_loan_root
                                          : fits_delete);
}
