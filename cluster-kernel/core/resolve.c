/* SPDX-License-Identifier: MIT
 *
 * chain_consume(), and the walk for those who are not in a hurry.
 */
#include "walk.h"

struct resolved resolve_chain(const struct resolve_place *place, const struct window *caller, uint64_t cap,
                              struct chain *chain, uint64_t *hops) {
    struct walk walk = WALK_FROM(caller, cap);
    struct resolved resolved;
    if (walk_begin(place, &walk, chain, &resolved)) {
        resolved = walk_on(place, &walk, chain);
    } else if (resolved.slot != NULL && slot_type(resolved.slot) == R4_CAP_EMPTY) {
        resolved = (struct resolved){NULL, R4_ERR_EMPTY};
    }
    *hops = walk.hops;
    return resolved;
}

bool chain_consume(const struct chain *chain) {
    if (chain->once == NULL) {
        return true;
    }
    uint64_t expected = chain->once_word;
    uint64_t emptied = r4_proxy_serial_put(r4_proxy_serial_get(expected));
    return __atomic_compare_exchange_n(&chain->once->word[0], &expected, emptied, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED);
}
