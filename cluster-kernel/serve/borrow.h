/* SPDX-License-Identifier: MIT
 *
 * The borrower's side of a loan (pure/loan.h has the rules): taking an offer, sweeping what was received. Called for
 * messages and by the dispatcher; the caller holds the cluster lock.
 */
#ifndef R4_KERNEL_BORROW_H
#define R4_KERNEL_BORROW_H

#include "cluster/cluster.h"

/* An OFFER for this record: accepts it and puts the memory into a receive slot, or refuses it with the reason. */
void borrow_offer(struct peer *peer, struct loan_in *loan, const struct r4_message *message);

/* A REVOKE for this record: begins the sweep, which the cluster runs at the peer's priority. */
void borrow_sweep(struct core *core, struct peer *peer, struct loan_in *loan, const struct r4_message *message);

/* The sweep has ended. If its error is R4_OK, the memory goes back; else the peer is told why not. */
void borrow_swept(const struct operation *operation);

#endif
