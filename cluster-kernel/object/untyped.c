/* SPDX-License-Identifier: MIT
 *
 * Untyped memory: retype. The watermark stands in the cap's badge; a revoke sets it back.
 */
#include "../make.h"
#include "../operation.h"
#include "core/derivation.h"
#include "core/retype.h"
#include "handlers.h"

static enum r4_error destinations_check(const struct invocation *invocation, uint64_t first, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        struct r4_slot *slot;
        enum r4_error error = invocation_destination(invocation, first + i, &slot);
        if (error != R4_OK) {
            return error;
        }
    }
    return R4_OK;
}

/* How many more PDs could be made: at most `wanted` are counted. */
static uint32_t asids_left(uint32_t wanted) {
    uint32_t count = 0;
    for (uint16_t asid = cluster.asid_first; asid != 0 && count < wanted; asid = cluster.asids[asid].next) {
        count++;
    }
    return count;
}

static uint64_t first_badge(enum r4_cap_type type) {
    if (type != R4_CAP_PD) {
        return 0;
    }
    uint16_t generation;
    uint16_t asid = pd_asid_take(&generation);
    return r4_mapping_generation_set(r4_mapping_asid_set(0, asid), generation);
}

/* Fills and links the slots, one behind the other. */
static void retype_commit(const struct invocation *invocation, const struct retype_request *request, uint32_t log2) {
    struct r4_slot *behind = invocation->slot;
    bool untyped = request->type == R4_CAP_UNTYPED;
    struct slot_content content = {
        .type = request->type,
        .ttl = untyped ? (uint32_t)slot_ttl(invocation->slot) : R4_TTL_MAX,
        .flags = untyped ? R4_FLAG_ORIGINAL : R4_FLAG_ORIGINAL | R4_FLAG_MAKING,
        .rights = R4_ALL_RIGHTS,
        .size_log2 = log2,
        .depth = (uint32_t)slot_depth(invocation->slot) + 1,
        .object = slot_object(invocation->slot) + request->offset,
    };
    for (uint32_t i = 0; i < request->count; i++) {
        struct r4_slot *slot = invocation_slot(invocation, invocation->argument[2] + i);
        content.badge = first_badge(request->type);
        derivation_make(machine_direct(), behind, slot, &content);
        content.object += 1ULL << log2;
        behind = slot;
    }
}

struct outcome untyped_retype(struct invocation *invocation) {
    struct r4_slot *source = invocation->slot;
    struct retype_request request = {
        .type = (enum r4_cap_type)(invocation->argument[0] & 0xff),
        .size_log2 = (uint32_t)(invocation->argument[0] >> 8 & 0xff),
        .count = (uint32_t)(invocation->argument[0] >> 16 & 0xffff),
        .offset = invocation->argument[1],
    };
    uint64_t end = 0;
    enum r4_error error = retype_check(&request, (uint32_t)slot_size_log2(source), source->word[1], &end);
    if (error == R4_OK) {
        error = destinations_check(invocation, invocation->argument[2], request.count);
    }
    if (error == R4_OK &&
        slot_depth(source) >= R4_DEPTH_MAX - 1) { /* the objects' internal references are one deeper */
        error = R4_ERR_DEPTH;
    }
    if (error == R4_OK && request.type == R4_CAP_PD && asids_left(request.count) < request.count) {
        error = R4_ERR_NO_ASID;
    }
    if (error != R4_OK) {
        return outcome_now(error);
    }
    /* commit */
    source->word[1] = end;
    retype_commit(invocation, &request, retype_object_log2(request.type, request.size_log2));
    if (request.type == R4_CAP_UNTYPED) {
        return outcome_now(R4_OK);
    }
    struct operation *make = operation_start(invocation->core, invocation->caller, OPERATION_MAKE, NULL);
    make->position = slot_next(machine_direct(), source);
    make->remaining = request.count;
    return outcome_later();
}
