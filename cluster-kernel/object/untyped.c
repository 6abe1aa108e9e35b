/* SPDX-License-Identifier: MIT
 *
 * Untyped memory: retype. The watermark stands in the cap's badge; a revoke sets it back.
 */
#include "../make.h"
#include "../operation.h"
#include "core/derivation.h"
#include "core/retype.h"
#include "handlers.h"

/* The first of `count` free slots, one behind the other: all in one cap page, since the next page begins with a header.
 */
static enum r4_error destinations_check(const struct invocation *invocation, uint64_t index, uint32_t count,
                                        struct r4_slot **first) {
    *first = invocation_slot(invocation, index);
    if (*first == NULL || index % R4_SLOTS_PER_PAGE + count > R4_SLOTS_PER_PAGE) {
        return R4_ERR_ADDRESS;
    }
    enum r4_error error = R4_OK;
    for (uint32_t i = 0; i < count && error == R4_OK; i++) {
        error = slot_free_check(&(*first)[i]);
    }
    return error;
}

/* How many more PDs could be made: at most `wanted` are counted. */
static uint32_t asids_left(uint32_t wanted) {
    uint32_t count = 0;
    for (uint16_t asid = cluster.asid_first; asid != 0 && count < wanted; asid = cluster.asids[asid].next) {
        count++;
    }
    return count;
}

/* A PD gets its asid when it is made; the cap's badge says which. */
static void asids_give(struct r4_slot *first, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        uint16_t generation;
        uint16_t asid = pd_asid_take(&generation);
        first[i].word[1] = r4_mapping_generation_set(r4_mapping_asid_set(0, asid), generation);
    }
}

static void retype_commit(struct r4_slot *source, const struct retype_request *request, uint32_t log2,
                          struct r4_slot *first) {
    bool untyped = request->type == R4_CAP_UNTYPED;
    struct slot_content content = {
        .type = request->type,
        .ttl = untyped ? (uint32_t)slot_ttl(source) : R4_TTL_MAX,
        .flags = untyped ? R4_FLAG_ORIGINAL : R4_FLAG_ORIGINAL | R4_FLAG_MAKING,
        .rights = R4_ALL_RIGHTS,
        .size_log2 = log2,
        .object = slot_object(source) + request->offset,
        .depth = (uint32_t)slot_depth(source) + 1,
    };
    derivation_make_run(machine_direct(), source, first, request->count, &content);
    if (request->type == R4_CAP_PD) {
        asids_give(first, request->count);
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
    struct r4_slot *first = NULL;
    enum r4_error error = retype_check(&request, (uint32_t)slot_size_log2(source), source->word[1], &end);
    if (error == R4_OK) {
        error = destinations_check(invocation, invocation->argument[2], request.count, &first);
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
    retype_commit(source, &request, retype_object_log2(request.type, request.size_log2), first);
    if (request.type == R4_CAP_UNTYPED) {
        return outcome_now(R4_OK);
    }
    struct operation *make = operation_start(invocation->core, invocation->caller, OPERATION_MAKE, NULL);
    make->position = first;
    make->remaining = request.count;
    return outcome_later();
}
