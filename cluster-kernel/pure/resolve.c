/* SPDX-License-Identifier: MIT
 *
 * The use of a single-use proxy.
 */
#include "resolve.h"

bool chain_consume(const struct chain *chain) {
    if (chain->once == NULL) {
        return true;
    }
    uint64_t expected = chain->once_word;
    uint64_t emptied = r4_proxy_serial_put(r4_proxy_serial_get(expected));
    /* Atomic against stores of the program that owns the page, and against its other cores. Acquire and release pair
     * with that program's stores and loads of word 0, by <r4/proxy.h>: whoever sees it used up sees all that came
     * before. */
    return __atomic_compare_exchange_n(&chain->once->word[0], &expected, emptied, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED);
}
