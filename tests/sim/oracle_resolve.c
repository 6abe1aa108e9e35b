/* SPDX-License-Identifier: MIT
 *
 * Everything is read as the processor would, from the tables below an address space's root.
 */
#include "oracle_resolve.h"
#include "memory.h"
#include "pure/paging.h"
#include "tlb.h"

struct spot { /* where a cap address leads */
    const struct pd *domain;
    uint64_t kind;
    const uint64_t *words; /* of the slot or proxy there */
    phys_t place;
};

struct oracle_page oracle_page_of(const struct pd *pd, uint64_t page) {
    struct tlb_entry entry = tlb_walk(pd->root, R4_WINDOW_BASE + page * R4_PAGE_SIZE);
    if (entry.leaf == 0 || entry.size != R4_PAGE_SIZE) {
        return (struct oracle_page){0, 0, false};
    }
    return (struct oracle_page){entry.leaf >> 9 & 3, entry.leaf & PAGING_ADDRESS, (entry.leaf & PAGING_WRITE) != 0};
}

static const struct pd *domain_named(const struct instance *instance, uint32_t name) {
    uint32_t asid = name & 0xffff;
    const struct window *window = asid < ASID_COUNT ? instance->cluster->asids.entries[asid].window : NULL;
    return window != NULL && window->name == name ? (const struct pd *)window : NULL;
}

static struct spot spot_of(const struct instance *instance, const struct pd *holder, uint64_t cap) {
    uint64_t index = cap & ((1U << 26) - 1);
    uint32_t name = (uint32_t)(cap >> 32);
    struct spot spot = {name == 0 ? holder : domain_named(instance, name), 0, NULL, 0};
    if (spot.domain == NULL) {
        return spot;
    }
    struct oracle_page page = oracle_page_of(spot.domain, index / R4_SLOTS_PER_PAGE);
    if (page.kind == PAGING_KIND_CAPS && index % R4_SLOTS_PER_PAGE == 0) { /* the header */
        return spot;
    }
    spot.kind = page.kind;
    spot.place = page.base + index % R4_SLOTS_PER_PAGE * R4_SLOT_SIZE;
    spot.words = memory_host(spot.place);
    return spot;
}

static bool is_proxy(const struct spot *spot) {
    return spot->kind == PAGING_KIND_PROXIES && r4_proxy_kind_get(spot->words[0]) == R4_CAP_PROXY;
}

/* What speaks against a target with that word 0 and those rights, named by a proxy with `ttl` and word 3 `link`. */
static uint64_t hop_refusals(const struct resolution *resolution, uint64_t link, uint64_t ttl, uint64_t word,
                             uint64_t rights) {
    uint64_t refusals = 0;
    if (resolution->hops == 0) {
        return 0;
    }
    refusals |= r4_slot_version_get(word) != link >> 32 ? oracle_bit(R4_ERR_VERSION) : 0;
    refusals |= r4_slot_ttl_get(word) <= ttl ? oracle_bit(R4_ERR_TTL) : 0;
    refusals |= (rights & R4_DEFER) == 0 ? oracle_bit(R4_ERR_RIGHTS) : 0;
    return refusals;
}

static uint64_t slot_refusals(const struct resolution *resolution, uint64_t link, uint64_t ttl,
                              const struct spot *spot) {
    if (r4_slot_type_get(spot->words[0]) == R4_CAP_EMPTY) {
        return oracle_bit(R4_ERR_EMPTY);
    }
    uint64_t refusals = hop_refusals(resolution, link, ttl, spot->words[0], r4_slot_rights_get(spot->words[2]));
    bool busy = (r4_slot_flags_get(spot->words[0]) & (R4_FLAG_BUSY | R4_FLAG_CREATING)) != 0;
    return refusals != 0 ? refusals : busy ? oracle_bit(R4_ERR_BUSY) : 0;
}

/* Why the walk does not get beyond a spot that is no kernel slot of the holder's own window. */
static uint64_t proxy_refusals(const struct resolution *resolution, uint64_t link, uint64_t ttl,
                               const struct spot *spot, const struct pd *holder) {
    if (spot->domain != holder) {
        if (!is_proxy(spot) || r4_proxy_grantee_get(spot->words[3]) != holder->window.name) {
            return oracle_bit(R4_ERR_ASID);
        }
    } else if (!is_proxy(spot)) {
        return oracle_bit(spot->kind == PAGING_KIND_PROXIES ? R4_ERR_EMPTY : R4_ERR_ADDRESS);
    }
    uint64_t refusals = hop_refusals(resolution, link, ttl, spot->words[0], r4_proxy_rights_get(spot->words[0]));
    bool once = (r4_proxy_flags_get(spot->words[0]) & R4_PROXY_ONCE) != 0;
    return refusals | (once && resolution->once != 0 ? oracle_bit(R4_ERR_ONCE) : 0);
}

struct resolution oracle_of(const struct instance *instance, const struct pd *caller, uint64_t cap) {
    struct resolution resolution = {.rights = R4_ALL_RIGHTS};
    const struct pd *holder = caller;
    uint64_t link = 0;
    uint64_t ttl = 0;
    for (;;) {
        if ((cap >> 26 & 63) != instance->number) {
            resolution.refusals = oracle_bit(R4_ERR_FOREIGN_CLUSTER);
            return resolution;
        }
        struct spot spot = spot_of(instance, holder, cap);
        resolution.version =
            resolution.hops == 0 && spot.kind != 0 ? r4_slot_version_get(spot.words[0]) : resolution.version;
        if (spot.domain == holder && spot.kind == PAGING_KIND_CAPS) {
            resolution.refusals = slot_refusals(&resolution, link, ttl, &spot);
            bool there = (resolution.refusals & ~oracle_bit(R4_ERR_BUSY)) == 0;
            resolution.slot = there ? (const struct r4_slot *)(instance->direct + spot.place) : NULL;
            resolution.rights &= r4_slot_rights_get(spot.words[2]);
            resolution.ttl = resolution.hops == 0 ? r4_slot_ttl_get(spot.words[0]) : resolution.ttl;
            return resolution;
        }
        resolution.refusals = proxy_refusals(&resolution, link, ttl, &spot, holder);
        if (resolution.refusals != 0) {
            return resolution;
        }
        if ((r4_proxy_flags_get(spot.words[0]) & R4_PROXY_ONCE) != 0) {
            resolution.once = spot.place;
            resolution.once_word = spot.words[0];
        }
        ttl = r4_proxy_ttl_get(spot.words[0]);
        link = spot.words[3];
        resolution.ttl = resolution.hops == 0 ? ttl : resolution.ttl;
        resolution.rights &= r4_proxy_rights_get(spot.words[0]);
        resolution.badge = spot.words[2] != 0 ? spot.words[2] : resolution.badge;
        resolution.hops++;
        resolution.crossings += spot.domain != holder;
        holder = spot.domain;
        cap = spot.words[1];
    }
}

/* --- what operations need --- */

#define ITSELF   (1U << 16) /* the capability, not a proxy */
#define NOT_ONCE (1U << 17) /* no single-use proxy on the way */

static const struct need {
    uint32_t type;    /* EMPTY: any */
    uint32_t rights;  /* of the capability, or of the whole chain */
    uint32_t through; /* more of them, if there is a chain */
} needs[R4_OP_COUNT] = {
    [R4_OP_CAP_COPY] = {0, 0, ITSELF},
    [R4_OP_CAP_LINK] = {0, 0, R4_LINK | NOT_ONCE},
    [R4_OP_CAP_MOVE] = {0, 0, ITSELF},
    [R4_OP_CAP_DELETE] = {0, 0, ITSELF},
    [R4_OP_CAP_REVOKE] = {0, 0, R4_MODIFY},
    [R4_OP_CAP_INSPECT] = {0, 0, 0},
    [R4_OP_UNTYPED_RETYPE] = {R4_CAP_UNTYPED, R4_CONTROL, R4_MODIFY},
    [R4_OP_FRAME_MAP] = {R4_CAP_FRAME, 0, R4_MODIFY},
    [R4_OP_FRAME_MAP_PROXIES] = {R4_CAP_FRAME, 0, R4_MODIFY},
    [R4_OP_FRAME_PROTECT] = {R4_CAP_FRAME, 0, R4_MODIFY},
    [R4_OP_FRAME_UNMAP] = {R4_CAP_FRAME, 0, R4_MODIFY},
    [R4_OP_PAGE_TABLE_MAP] = {R4_CAP_PAGE_TABLE, R4_CONTROL, R4_MODIFY},
    [R4_OP_PAGE_TABLE_UNMAP] = {R4_CAP_PAGE_TABLE, R4_CONTROL, R4_MODIFY},
    [R4_OP_CAP_PAGE_MAP] = {R4_CAP_CAP_PAGE, R4_CONTROL, R4_MODIFY},
    [R4_OP_CAP_PAGE_UNMAP] = {R4_CAP_CAP_PAGE, R4_CONTROL, R4_MODIFY},
    [R4_OP_THREAD_CONFIGURE] = {R4_CAP_THREAD, R4_CONTROL, R4_MODIFY},
    [R4_OP_THREAD_SCHEDULE] = {R4_CAP_THREAD, R4_CONTROL, 0},
    [R4_OP_THREAD_START] = {R4_CAP_THREAD, R4_CONTROL, 0},
    [R4_OP_THREAD_STOP] = {R4_CAP_THREAD, R4_CONTROL, 0},
    [R4_OP_PEER_POST] = {R4_CAP_PEER, R4_CONTROL, 0},
    [R4_OP_PEER_HANDOFF] = {R4_CAP_PEER, R4_SEND, NOT_ONCE},
    [R4_OP_ASID_POOL_ASSIGN] = {R4_CAP_ASID_POOL, R4_CONTROL, 0},
    [R4_OP_DEBUG_WRITE] = {R4_CAP_DEBUG, 0, 0},
    [R4_OP_DEBUG_MILESTONE] = {R4_CAP_DEBUG, 0, 0},
    [R4_OP_DEBUG_WAIT] = {R4_CAP_DEBUG, 0, NOT_ONCE},
    [R4_OP_DEBUG_STAT] = {R4_CAP_DEBUG, 0, 0},
    [R4_OP_DEBUG_EXIT] = {R4_CAP_DEBUG, R4_CONTROL, 0},
};

/* And of the capability that the first argument names; type EMPTY: it names none. A single-use proxy never serves. */
static const struct need argument_needs[R4_OP_COUNT] = {
    [R4_OP_FRAME_MAP] = {R4_CAP_PD, R4_CONTROL, NOT_ONCE},
    [R4_OP_FRAME_MAP_PROXIES] = {R4_CAP_PD, R4_CONTROL, NOT_ONCE},
    [R4_OP_PAGE_TABLE_MAP] = {R4_CAP_PD, R4_CONTROL, NOT_ONCE},
    [R4_OP_CAP_PAGE_MAP] = {R4_CAP_PD, R4_CONTROL, NOT_ONCE},
    [R4_OP_THREAD_CONFIGURE] = {R4_CAP_PD, R4_CONTROL, NOT_ONCE | R4_LINK},
    [R4_OP_PEER_HANDOFF] = {R4_CAP_UNTYPED, R4_CONTROL, ITSELF},
    [R4_OP_ASID_POOL_ASSIGN] = {R4_CAP_PD, R4_CONTROL, NOT_ONCE | R4_MODIFY},
};

static uint64_t need_refusals(const struct need *need, const struct resolution *resolution) {
    uint64_t refusals = 0;
    uint32_t through = resolution->hops == 0 ? 0 : need->through;
    if (need->type != R4_CAP_EMPTY && need->type != r4_slot_type_get(resolution->slot->word[0])) {
        refusals |= oracle_bit(R4_ERR_TYPE);
    }
    if ((~resolution->rights & (need->rights | (through & R4_ALL_RIGHTS))) != 0) {
        refusals |= oracle_bit(R4_ERR_RIGHTS);
    }
    refusals |= (through & ITSELF) != 0 ? oracle_bit(R4_ERR_PROXY) : 0;
    refusals |= (through & NOT_ONCE) != 0 && resolution->once != 0 ? oracle_bit(R4_ERR_ONCE) : 0;
    return refusals;
}

uint64_t oracle_refusals(const struct resolution *resolution, uint64_t operation) {
    uint64_t joins = operation == R4_OP_CAP_REVOKE ? oracle_bit(R4_ERR_BUSY) : 0;
    if (operation >= R4_OP_COUNT) {
        return resolution->refusals | oracle_bit(R4_ERR_OPERATION);
    }
    if ((resolution->refusals & ~joins) != 0) {
        return resolution->refusals;
    }
    return need_refusals(&needs[operation], resolution);
}

bool oracle_is_argument(uint64_t operation) {
    return operation < R4_OP_COUNT && argument_needs[operation].type != R4_CAP_EMPTY;
}

uint64_t oracle_argument_refusals(const struct resolution *invoked, const struct resolution *resolution,
                                  uint64_t operation) {
    if (invoked->hops + resolution->hops > R4_TTL_MAX) { /* of a call, not of a chain */
        return oracle_bit(R4_ERR_TTL);
    }
    return resolution->refusals != 0 ? resolution->refusals : need_refusals(&argument_needs[operation], resolution);
}
