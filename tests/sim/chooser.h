/* SPDX-License-Identifier: MIT
 *
 * What a choice of a call looks for: capabilities that fit, by the caller's own window or through proxies.
 */
#ifndef R4_SIM_CHOOSER_H
#define R4_SIM_CHOOSER_H

#include "generator.h"
#include "object/thread.h"
#include "pure/window.h"

#define CHOOSER_WILD  25U /* one choice in so many takes anything */
#define CHOOSER_PAGES 16U /* window pages that programs use */
#define CHOOSER_TRIES 8U  /* pages searched for a slot, proxies tried; operations tried in one step */

struct chooser {
    const struct instance *instance;
    struct thread *caller;
    struct call call;
    const struct r4_slot *slot; /* what call.cap means; null: nothing */
    bool suicidal;              /* does not spare what the root task lives on */
    bool failed;                /* something that the operation needs was looked for and not found */
};

typedef bool fits_t(const struct chooser *chooser, const struct r4_slot *slot);

fits_t fits_any, fits_empty, fits_untyped, fits_handoff, fits_unmapped_frame, fits_sole_frame, fits_mapped_frame,
    fits_unmapped_table, fits_unmapped_cap_page, fits_pd, fits_nameless_pd, fits_peer, fits_peer_to_receive_slot,
    fits_debug, fits_copy, fits_mint, fits_pool, fits_victim, fits_mapped_table, fits_mapped_cap_page, fits_thread,
    fits_stopped_thread, fits_revoke, fits_delete;

/* The index of a slot of the caller's window that fits; of any place if none is found soon or the choice is a wild one.
 */
uint64_t chooser_find(struct chooser *chooser, fits_t *fits);

/* The slot of the caller's window at an index; null if there is none. */
const struct r4_slot *chooser_slot(const struct chooser *chooser, uint64_t index);

/* A cap address that means what fits, perhaps through proxies. *slot is what it means; null: nothing. */
uint64_t chooser_cap(struct chooser *chooser, fits_t *fits, const struct r4_slot **slot);

/* The operation, invoked on such a capability; on one that is named directly, but for a few; on one that is reached
 * through proxies if there is any. */
void chooser_invoke(struct chooser *chooser, enum r4_operation operation, fits_t *fits);
void chooser_invoke_itself(struct chooser *chooser, enum r4_operation operation, fits_t *fits);
void chooser_invoke_through(struct chooser *chooser, enum r4_operation operation, fits_t *fits);

/* The address space and the thread behind a capability; null if it is none. */
const struct pd *chooser_pd(const struct chooser *chooser, const struct r4_slot *slot);
const struct thread *chooser_thread(const struct chooser *chooser, const struct r4_slot *slot);

#endif
