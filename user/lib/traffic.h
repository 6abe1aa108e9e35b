/* SPDX-License-Identifier: MIT
 *
 * Messages and doorbells that this cluster has sent: the difference tells what an operation cost.
 */
#ifndef R4_USER_TRAFFIC_H
#define R4_USER_TRAFFIC_H

#include "lib/debug.h"

struct traffic {
    uint64_t messages;
    uint64_t doorbells;
};

static inline struct traffic traffic_read(void) {
    return (struct traffic){r4_debug_stat(r4_debug(), R4_STAT_MESSAGES_SENT).value,
                            r4_debug_stat(r4_debug(), R4_STAT_DOORBELLS_SENT).value};
}

static inline struct traffic traffic_since(struct traffic before) {
    struct traffic now = traffic_read();
    return (struct traffic){now.messages - before.messages, now.doorbells - before.doorbells};
}

/* The same if there was one r4_debug_milestone() meanwhile, which rings every peer. */
static inline struct traffic traffic_since_milestone(struct traffic before) {
    struct traffic traffic = traffic_since(before);
    traffic.doorbells -= r4_info()->cluster_count - 1;
    return traffic;
}

#endif
