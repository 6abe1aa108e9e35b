/* SPDX-License-Identifier: MIT
 *
 * Everything is read as the processor would read it, from the tables below an address space's root.
 */
#include "oracle_resolve.h"
#include "memory.h"
#include "pure/paging.h"
#include "tlb.h"

/* --- decoding, from the pictures at the heads of <r4/slot.h>, <r4/proxy.h> and <r4/abi.h> --- */

static uint64_t bits(uint64_t word, uint32_t high, uint32_t low) { return word << (63 - high) >> (63 - high + low); }

static uint64_t cap_index(uint64_t cap) { return bits(cap, 25, 0); }
static uint64_t cap_cluster(uint64_t cap) { return bits(cap, 31, 26); }
static uint32_t cap_name(uint64_t cap) { return (uint32_t)bits(cap, 63, 32); }
static uint32_t name_asid(uint32_t name) { return (uint32_t)bits(name, 15, 0); }

struct spot {                /* where a cap address leads, and what is there */
    const struct pd *domain; /* whose window it is in; null: there is no such address space */
    uint64_t kind;           /* of the page; PAGING_KIND_NONE: neither slots nor proxies are there */
    phys_t place;

    /* of the slot or the proxy */
    uint64_t first_word;
    uint64_t type;
    uint64_t ttl;
    uint64_t flags;
    uint64_t version; /* a proxy's serial */
    uint64_t rights;

    /* of a proxy */
    uint64_t target;
    uint64_t badge;
    uint64_t grantee;
    uint64_t target_version;
};

/* Its domain, kind and place are known. */
static void spot_read(struct spot *spot) {
    const uint64_t *words = memory_host(spot->place);
    spot->first_word = words[0];
    spot->type = bits(words[0], 5, 0);
    spot->ttl = bits(words[0], 9, 6);
    spot->flags = bits(words[0], 15, 10);
    spot->version = bits(words[0], 47, 16);
    spot->rights = bits(words[2], 51, 40);
    if (spot->kind == PAGING_KIND_PROXIES) {
        spot->rights = bits(words[0], 59, 48);
        spot->target = words[1];
        spot->badge = words[2];
        spot->grantee = bits(words[3], 31, 0);
        spot->target_version = bits(words[3], 63, 32);
    }
}

/* --- where an address leads --- */

struct oracle_page oracle_page_of(const struct pd *pd, uint64_t page) {
    struct tlb_entry entry = tlb_walk(pd->root, R4_WINDOW_BASE + page * R4_PAGE_SIZE);
    if (entry.leaf == 0 || entry.size != R4_PAGE_SIZE) {
        return (struct oracle_page){PAGING_KIND_NONE, 0, false};
    }
    return (struct oracle_page){bits(entry.leaf, 10, 9), entry.leaf & PAGING_ADDRESS, (entry.leaf & PAGING_WRITE) != 0};
}

static const struct pd *domain_named(const struct instance *instance, uint32_t name) {
    uint32_t asid = name_asid(name);
    const struct window *window = asid < ASID_COUNT ? instance->cluster->asids.entries[asid].window : NULL;
    return window != NULL && window->name == name ? (const struct pd *)window : NULL;
}

static struct spot spot_of(const struct instance *instance, const struct pd *holder, uint64_t cap) {
    uint64_t index = cap_index(cap);
    uint32_t name = cap_name(cap);
    struct spot spot = {.domain = name == 0 ? holder : domain_named(instance, name), .kind = PAGING_KIND_NONE};
    if (spot.domain == NULL) {
        return spot;
    }
    struct oracle_page page = oracle_page_of(spot.domain, index / R4_SLOTS_PER_PAGE);
    bool header = page.kind == PAGING_KIND_CAPS && index % R4_SLOTS_PER_PAGE == 0;
    if (page.kind != PAGING_KIND_NONE && !header) {
        spot.kind = page.kind;
        spot.place = page.base + index % R4_SLOTS_PER_PAGE * R4_SLOT_SIZE;
        spot_read(&spot);
    }
    return spot;
}

static bool is_proxy(const struct spot *spot) {
    return spot->kind == PAGING_KIND_PROXIES && spot->type == R4_CAP_PROXY;
}

static bool is_once(const struct spot *proxy) { return (proxy->flags & R4_PROXY_ONCE) != 0; }

/* --- why the walk ends: bits of errors. `namer` is the proxy that names the spot; null: the caller names it --- */

static uint64_t target_refusals(const struct spot *namer, const struct spot *spot) {
    uint64_t refusals = 0;
    if (namer == NULL) {
        return 0;
    }
    refusals |= spot->version != namer->target_version ? oracle_bit(R4_ERR_VERSION) : 0;
    refusals |= spot->ttl <= namer->ttl ? oracle_bit(R4_ERR_TTL) : 0;
    refusals |= (spot->rights & R4_DEFER) == 0 ? oracle_bit(R4_ERR_RIGHTS) : 0;
    return refusals;
}

/* Of a spot in a cap page of the holder's own window. */
static uint64_t slot_refusals(const struct spot *namer, const struct spot *spot) {
    if (spot->type == R4_CAP_EMPTY) {
        return oracle_bit(R4_ERR_EMPTY);
    }
    uint64_t refusals = target_refusals(namer, spot);
    bool busy = (spot->flags & (R4_FLAG_MARKED | R4_FLAG_ROOT | R4_FLAG_CREATING)) != 0;
    return refusals != 0 ? refusals : busy ? oracle_bit(R4_ERR_BUSY) : 0;
}

/* Of any other spot; 0: it is a proxy that serves the holder. `once`: there was a single-use proxy on the way. */
static uint64_t proxy_refusals(const struct spot *namer, const struct spot *spot, const struct pd *holder, bool once) {
    if (spot->domain != holder) {
        if (!is_proxy(spot) || spot->grantee != holder->window.name) {
            return oracle_bit(R4_ERR_ASID);
        }
    } else if (!is_proxy(spot)) {
        return oracle_bit(spot->kind == PAGING_KIND_PROXIES ? R4_ERR_EMPTY : R4_ERR_ADDRESS);
    }
    return target_refusals(namer, spot) | (once && is_once(spot) ? oracle_bit(R4_ERR_ONCE) : 0);
}

/* --- the walk --- */

/* At its end. */
static void slot_take(const struct instance *instance, const struct spot *namer, const struct spot *spot,
                      struct resolution *resolution) {
    resolution->refusals = slot_refusals(namer, spot);
    if ((resolution->refusals & ~oracle_bit(R4_ERR_BUSY)) == 0) {
        resolution->slot = (const struct r4_slot *)(instance->direct + spot->place);
        resolution->type = spot->type;
    }
    resolution->rights &= spot->rights;
}

/* At a proxy that serves the holder. */
static void proxy_take(const struct spot *proxy, const struct pd *holder, struct resolution *resolution) {
    if (is_once(proxy)) {
        resolution->once = proxy->place;
        resolution->once_word = proxy->first_word;
    }
    resolution->rights &= proxy->rights;
    resolution->badge = proxy->badge != 0 ? proxy->badge : resolution->badge;
    resolution->hops++;
    resolution->crossings += proxy->domain != holder;
}

struct resolution oracle_resolve(const struct instance *instance, const struct pd *caller, uint64_t cap) {
    struct resolution resolution = {.rights = R4_ALL_RIGHTS};
    const struct pd *holder = caller;
    const struct spot *namer = NULL;
    struct spot proxy;
    for (;;) {
        if (cap_cluster(cap) != instance->number) {
            resolution.refusals = oracle_bit(R4_ERR_FOREIGN_CLUSTER);
            return resolution;
        }
        struct spot spot = spot_of(instance, holder, cap);
        if (namer == NULL) {
            resolution.version = spot.version;
            resolution.ttl = spot.ttl;
        }
        if (spot.domain == holder && spot.kind == PAGING_KIND_CAPS) {
            slot_take(instance, namer, &spot, &resolution);
            return resolution;
        }
        resolution.refusals = proxy_refusals(namer, &spot, holder, resolution.once != 0);
        if (resolution.refusals != 0) {
            return resolution;
        }
        proxy_take(&spot, holder, &resolution);
        holder = spot.domain;
        cap = spot.target;
        proxy = spot;
        namer = &proxy;
    }
}

/* --- what operations need --- */

#define ITSELF   (1U << 16) /* the capability, not a proxy */
#define NOT_ONCE (1U << 17) /* no single-use proxy on the way */

static const struct need {
    uint32_t type;      /* EMPTY: any */
    uint32_t rights;    /* of the capability, or of the whole chain */
    uint32_t via_proxy; /* more of them, if there is a chain */
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

/* The same of the capability that the first argument names; type EMPTY: it names none. A single-use proxy never serves
 * for it. */
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
    uint32_t via_proxy = resolution->hops == 0 ? 0 : need->via_proxy;
    if (need->type != R4_CAP_EMPTY && need->type != resolution->type) {
        refusals |= oracle_bit(R4_ERR_TYPE);
    }
    if ((~resolution->rights & (need->rights | (via_proxy & R4_ALL_RIGHTS))) != 0) {
        refusals |= oracle_bit(R4_ERR_RIGHTS);
    }
    refusals |= (via_proxy & ITSELF) != 0 ? oracle_bit(R4_ERR_PROXY) : 0;
    refusals |= (via_proxy & NOT_ONCE) != 0 && resolution->once != 0 ? oracle_bit(R4_ERR_ONCE) : 0;
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
    if (invoked->hops + resolution->hops > R4_TTL_MAX) { /* the limit for a whole call */
        return oracle_bit(R4_ERR_TTL);
    }
    return resolution->refusals != 0 ? resolution->refusals : need_refusals(&argument_needs[operation], resolution);
}
