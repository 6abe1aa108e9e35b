/* SPDX-License-Identifier: MIT
 *
 * Finds capabilities that fit an operation, in the caller's own window or through proxies.
 */
#ifndef R4_SIM_CHOOSER_H
#define R4_SIM_CHOOSER_H

#include "generator.h"
#include "object/thread.h"
#include "pure/window.h"

#define CHOOSER_WILD  25U /* one choice in this many takes anything */
#define CHOOSER_PAGES 16U /* window pages that programs use */
#define CHOOSER_TRIES 8U  /* proxies tried for a capability; operations tried in one step */

struct chooser {
    const struct instance *instance;
    struct thread *caller;
    struct call call;
    const struct r4_slot *slot; /* what call.cap leads to; null: nothing */
    bool suicidal;              /* the call does not spare what the root task needs to live */
    bool failed;                /* something that the operation needs was not found */
};

typedef bool fits_t(const struct chooser *chooser, const struct r4_slot *slot);

fits_t fits_any, fits_empty, fits_untyped, fits_handoff, fits_loan, fits_unmapped_frame, fits_sole_frame,
    fits_mapped_frame, fits_unmapped_table, fits_unmapped_cap_page, fits_pd, fits_nameless_pd, fits_peer,
    fits_peer_to_receive_slot, fits_debug, fits_copy, fits_mint, fits_pool, fits_victim, fits_mapped_table,
    fits_mapped_cap_page, fits_thread, fits_stopped_thread, fits_revoke, fits_delete;

/* The index of a slot of the caller's window that fits; any index if there is none, or if the choice is wild. */
uint64_t chooser_find(struct chooser *chooser, fits_t *fits);

/* The slot of the caller's window at an index; null if there is none. */
const struct r4_slot *chooser_slot(const struct chooser *chooser, uint64_t index);

/* A cap address that leads to a capability that fits, perhaps through proxies. *slot is that capability; null: none. */
uint64_t chooser_cap(struct chooser *chooser, fits_t *fits, const struct r4_slot **slot);

/* Each fills in the operation and the cap address of the call. The first takes any capability that fits, the second
 * mostly one that is named directly, the third one that is reached through proxies, if there is any. */
void chooser_invoke(struct chooser *chooser, enum r4_operation operation, fits_t *fits);
void chooser_invoke_itself(struct chooser *chooser, enum r4_operation operation, fits_t *fits);
void chooser_invoke_through(struct chooser *chooser, enum r4_operation operation, fits_t *fits);

/* The object of a capability to an address space, or to a thread; null if it is no such capability. */
const struct pd *chooser_pd(const struct chooser *chooser, const struct r4_slot *slot);
const struct thread *chooser_thread(const struct chooser *chooser, const struct r4_slot *slot);

#endif
