/* SPDX-License-Identifier: MIT
 *
 * The proxy: a capability that a program writes itself, by plain stores, into a page of its own window that is mapped
 * as a proxy page. It gives the address space that it names as grantee what its target gives, without what it holds
 * back. The kernel believes none of it before use: it reads a proxy anew at each invocation that goes through it.
 *
 *   word 0   kind 5:0   ttl 9:6   flags 15:10   serial 47:16   rights 59:48
 *   word 1   target: a cap address; asid 0 is the window that the proxy itself lies in
 *   word 2   badge, where the target has none; 0: none
 *   word 3   grantee (r4_name) 31:0   version of the target slot, or serial of the target proxy, 63:32
 *
 * Writing: word 0 with kind 0 and the old serial or already the next; then words 1 to 3; then word 0 whole with the
 * next serial, each store after the one before (release). Reading (the kernel): word 0, then 1, 2, 3, then word 0
 * again, each load after the one before (acquire). If word 0 is the same both times, then words 1 to 3 belong to that
 * serial: every store to them lies between two different values of word 0. The serial has 32 bits and changes with each
 * writing; only if all 2^32 were used within one reading could a reader be deceived. Clearing keeps the serial, so that
 * it never starts again.
 */
#ifndef R4_PROXY_H
#define R4_PROXY_H

#include <r4/slot.h>

struct r4_proxy {
    _Alignas(32) uint64_t word[R4_SLOT_WORDS]; /* the size of a slot: a window holds both */
};
R4_SIZE(struct r4_proxy, 32);

/* flags */
#define R4_PROXY_ONCE 1U /* the first operation that succeeds through it clears it */

DEFINE_FIELD(uint64_t, r4_proxy_kind, 5, 0) /* R4_CAP_PROXY; anything else: empty */
DEFINE_FIELD(uint64_t, r4_proxy_ttl, 9, 6)
DEFINE_FIELD(uint64_t, r4_proxy_flags, 15, 10)
DEFINE_FIELD(uint64_t, r4_proxy_serial, 47, 16)
DEFINE_FIELD(uint64_t, r4_proxy_rights, 59, 48)
DEFINE_FIELD(uint64_t, r4_proxy_grantee, 31, 0)
DEFINE_FIELD(uint64_t, r4_proxy_version, 63, 32)

#endif
