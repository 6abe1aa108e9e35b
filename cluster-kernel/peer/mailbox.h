/* SPDX-License-Identifier: MIT
 *
 * Between clusters: links, messages, loans (design: docs/protocol.md). Pure rules are in pure/ring.c and pure/loan.c;
 * this file has the effects. The caller holds the cluster lock. Nothing here waits: who has to wait is an operation
 * that is put to sleep. Functions whose call leads to such a wait end in _remote.
 */
#ifndef R4_KERNEL_REMOTE_H
#define R4_KERNEL_REMOTE_H

#include "cluster/cluster.h"

/* At boot: link records at `memory` (a page-aligned block of mailbox_memory_size() zeroed bytes in the direct map);
 * says HELLO to all. */
size_t mailbox_memory_size(void);
void mailbox_start(void *memory);

/* Takes what has come in, sends what waits for a slot, looks who has died. cluster.poll stays set if it should be
 * called again soon. */
void poll_all(struct core *core);

/* A doorbell to every live peer. */
void doorbell_ring_all(void);

/* A place for one more receive_slot; PEER_RECEIVE_SLOTS if there is none. */
uint32_t mailbox_receive_slot_free(const struct peer *peer);

/* Posts `slot` (empty, checked) as a ReceiveSlot for the peer of `link_cap`, at that free place. */
void mailbox_post(struct peer *peer, uint32_t receive_slot, struct r4_slot *link_cap, struct r4_slot *slot);
void mailbox_receive_slot_gone(const struct r4_slot *slot);

/* Hands the untyped in `slot` to the peer: the commit is behind, `loan` is a fresh record (loan_find_free). The
 * caller's operation ends with the peer's answer. */
void lend_handoff(struct core *core, struct thread *caller, struct peer *peer, struct loan_out *loan,
                  struct r4_slot *slot);

/* Asks the loan behind a RemoteRef back, if that has not been done. Its answer wakes whoever waits. */
void lend_revoke(const struct r4_slot *slot, uint32_t priority);

/* Why what this RemoteRef names cannot come back: the holder is down, or it could not sweep it when last asked. R4_OK:
 * it can. */
enum r4_error lend_failure(const struct r4_slot *slot);

/* The cap page around a RemoteRef or a received root dies: the capability moves into its loan record, now `depth` deep;
 * a RemoteRef is asked back. */
void lend_park(struct r4_slot *slot, uint64_t depth);

/* A capability has moved from one slot to another: records that name the slot follow. Few types have any. */
void lend_record_moved(struct r4_slot *from, struct r4_slot *slot);
static inline void lend_slot_moved(struct r4_slot *from, struct r4_slot *slot) {
    enum r4_cap_type type = slot_type(slot);
    if (type == R4_CAP_REMOTE_REF || type == R4_CAP_RECEIVE_SLOT || (slot_flags(slot) & R4_FLAG_RECEIVED) != 0) {
        lend_record_moved(from, slot);
    }
}

/* A sweep for a peer has ended (its error says how): the memory goes back, or the peer is told why not. */
void borrow_swept(struct operation *operation);

/* The own memory or a loan meets [base, base + 2^size_log2). */
bool lend_range_is_known(phys_t base, uint32_t size_log2);

#endif
