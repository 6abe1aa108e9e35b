/* SPDX-License-Identifier: MIT
 *
 * Proxies: writing, clearing and reading them, by plain stores and loads in the order that <r4/proxy.h> asks for. No
 * system call. One thread at a time writes to a proxy; kernels may read it, and use it up, meanwhile. The one place in
 * user/ that knows which word of a proxy holds what.
 *
 * Builtins instead of <stdatomic.h>: the words are plain integers in a layout that kernel, library and tests share, and
 * tests also fill them in any way. What the program's own threads share is _Atomic.
 */
#ifndef R4_USER_PROXY_H
#define R4_USER_PROXY_H

#include "lib/address.h"
#include <r4/proxy.h>

struct r4_proxy_content {
    r4_cap_t target;  /* asid 0: a slot of the window that the proxy lies in */
    uint32_t version; /* of the target slot, or the serial of the target proxy: else R4_ERR_VERSION when it is used */
    uint32_t grantee; /* name of the address space that may use it; one's own window's proxies need none: 0 */
    uint32_t rights;  /* at most these */
    uint32_t ttl;     /* below the target's */
    uint32_t flags;   /* R4_PROXY_ONCE or 0 */
    uint64_t badge;   /* for a target that has none; 0: none */
};

/* The proxy at `index` of the caller's window; a proxy page is mapped there. */
static inline struct r4_proxy *r4_proxy(uint32_t index) { return (struct r4_proxy *)R4_WINDOW_BASE + index; }

/* Word `number` (below R4_SLOT_WORDS), whatever it holds. */
static inline uint64_t r4_proxy_word(const struct r4_proxy *proxy, uint32_t number) {
    return __atomic_load_n(&proxy->word[number], __ATOMIC_RELAXED);
}

/* Of the proxy's present or last content. */
static inline uint32_t r4_proxy_serial(const struct r4_proxy *proxy) {
    return (uint32_t)r4_proxy_serial_get(r4_proxy_word(proxy, 0));
}

/* Of the proxy's content. */
static inline uint32_t r4_proxy_ttl(const struct r4_proxy *proxy) {
    return (uint32_t)r4_proxy_ttl_get(r4_proxy_word(proxy, 0));
}

/* True if nothing can be reached through the proxy: never written, cleared, being written to, or used up. */
static inline bool r4_proxy_is_empty(const struct r4_proxy *proxy) {
    return r4_proxy_kind_get(r4_proxy_word(proxy, 0)) != R4_CAP_PROXY;
}

/* From now on nothing can be reached through the proxy. The serial stays, so that it never starts again. */
static inline void r4_proxy_clear(struct r4_proxy *proxy) {
    uint64_t old = r4_proxy_word(proxy, 0);
    /* Release: with the acquire of word 0 in walk_hop (cluster-kernel/pure/walk.h), as in r4_proxy_write(). */
    __atomic_store_n(&proxy->word[0], old & r4_proxy_serial_put(r4_proxy_serial_max()), __ATOMIC_RELEASE);
}

/* A target of TTL 0 can have no proxy: one that is written all the same is refused with R4_ERR_TTL when it is used. Of
 * TTL and flags only the bits that a proxy has are taken.
 *
 * The proxy means this from now on; whatever it meant before, nobody ever finds a mixture. Returns its serial.
 *
 * The other side is walk_hop in cluster-kernel/pure/walk.h. The releases of words 1, 2 and 3 pair with its acquires of
 * the same words: a reader that finds a new word 1, 2 or 3 finds word 0 changed when it reads that again. The release
 * of word 0 at the end pairs with its first acquire: a reader that finds the new word 0 finds the new words 1 to 3. */
static inline uint32_t r4_proxy_write(struct r4_proxy *proxy, const struct r4_proxy_content *content) {
    uint64_t old = r4_proxy_word(proxy, 0);
    uint64_t serial = (old + r4_proxy_serial_put(1)) & r4_proxy_serial_put(r4_proxy_serial_max());
    uint64_t ttl = content->ttl & r4_proxy_ttl_max(); /* what does not fit must not reach flags and serial */
    uint64_t flags = content->flags & r4_proxy_flags_max();
    uint64_t head = r4_proxy_kind_put(R4_CAP_PROXY) | r4_proxy_ttl_put(ttl) | r4_proxy_flags_put(flags) |
                    r4_proxy_rights_put(content->rights);
    uint64_t tail = r4_proxy_grantee_put(content->grantee) | r4_proxy_version_put(content->version);
    __atomic_store_n(&proxy->word[0], serial, __ATOMIC_RELAXED); /* before the next, which is a release */
    __atomic_store_n(&proxy->word[1], content->target, __ATOMIC_RELEASE);
    __atomic_store_n(&proxy->word[2], content->badge, __ATOMIC_RELEASE);
    __atomic_store_n(&proxy->word[3], tail, __ATOMIC_RELEASE);
    __atomic_store_n(&proxy->word[0], head | serial, __ATOMIC_RELEASE);
    return (uint32_t)r4_proxy_serial_get(serial);
}

/* For tests: any value into word `number`, in no order. This is not how proxies are written. */
static inline void r4_proxy_write_raw(struct r4_proxy *proxy, uint32_t number, uint64_t value) {
    __atomic_store_n(&proxy->word[number], value, __ATOMIC_RELAXED);
}

#endif
