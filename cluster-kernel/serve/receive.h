/* SPDX-License-Identifier: MIT
 *
 * What comes from one peer: its death, its messages. Each message is consumed at once into the record that it names.
 * The caller holds the cluster lock.
 */
#ifndef R4_KERNEL_RECEIVE_H
#define R4_KERNEL_RECEIVE_H

#include "cluster/cluster.h"

/* Looks whether the peer has died, takes its messages, sends what waits for a slot. False if it stopped for something
 * more urgent: it has to be called again. */
bool receive_poll(struct core *core, struct peer *peer);

#endif
