/* SPDX-License-Identifier: MIT
 *
 * The borrower's side of a loan (pure/loan.h has the rules): taking an offer, sweeping what was received. The caller
 * holds the cluster lock.
 */
#ifndef R4_KERNEL_BORROW_H
#define R4_KERNEL_BORROW_H

#include "cluster/cluster.h"

/* An OFFER for this record: the memory is put into a receive slot and accepted, or refused with the reason. */
void borrow_offer(struct peer *peer, struct loan_in *loan, const struct r4_message *message);

/* A REVOKE for this record: begins the sweep, which the cluster runs at the peer's priority. */
void borrow_sweep(struct core *core, struct peer *peer, struct loan_in *loan, const struct r4_message *message);

/* The sweep has ended (its error says how): the memory goes back, or the peer is told why not. */
void borrow_swept(const struct operation *operation);

#endif
