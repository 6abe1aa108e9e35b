/* SPDX-License-Identifier: MIT
 *
 * What comes from the peers: their death, their messages. Each message is consumed at once into the record that it
 * names: no message waits in this cluster. The caller holds the cluster lock.
 */
#ifndef R4_KERNEL_RECEIVE_H
#define R4_KERNEL_RECEIVE_H

#include "cluster/cluster.h"

/* For each peer in cluster.look, one message at a time: checks if it has died, takes its messages, sends what waits for
 * a slot; when nothing is left, the peer is in cluster.look no more. False if it stopped for something more urgent:
 * then it has to be called again, and goes on with the next peer. */
bool receive_all(struct core *core);

#endif
