/* SPDX-License-Identifier: MIT
 *
 * The kernel capability slot: 32 bytes, written by the kernel only, mapped read-only into its owner, who reads type,
 * rights, TTL, badge and version by plain loads. Object address and references to other slots are readable too: a
 * covert channel, named in the README's caveats.
 *
 *   word 0   type 5:0    ttl 9:6    flags 15:10   version 47:16   bits 39:24 of prev in 63:48
 *   word 1   badge; of what is mapped: the mapping; of an untyped: the watermark in bytes; of a PD: its name
 *   word 2   object address / 64 in 39:0   rights 51:40   size (log2 of bytes) 57:52   depth 63:58
 *   word 3   next slot's address / 32 in 39:0   bits 23:0 of prev in 63:40
 *
 * next and prev are references in the derivation list: a slot's address / 32.
 *
 * A mapping needs 67 bits (virtual page 35, name of the address space 32): the low 3 bits of the virtual page are in
 * the low 3 bits of the object address, which are zero for objects of 4 KiB and more.
 */
#ifndef R4_SLOT_H
#define R4_SLOT_H

#include <r4/field.h>

#define R4_SLOT_WORDS 4U

struct r4_slot {
    _Alignas(32) uint64_t word[R4_SLOT_WORDS]; /* references are its address / 32: no slot may lie between */
};
R4_SIZE(struct r4_slot, 32);

#define R4_SLOT_SIZE      32U
#define R4_SLOTS_PER_PAGE (R4_PAGE_SIZE / R4_SLOT_SIZE) /* 128; slot 0 of each page is the page's own header */

enum r4_cap_type {
    R4_CAP_EMPTY,
    R4_CAP_UNTYPED,
    R4_CAP_FRAME, /* size 12 or 21 */
    R4_CAP_CAP_PAGE,
    R4_CAP_PAGE_TABLE, /* badge while mapped: the mapping */
    R4_CAP_PD,
    R4_CAP_THREAD,
    R4_CAP_PEER,         /* badge: the peer's cluster number */
    R4_CAP_REMOTE_REF,   /* an untyped that was handed off; badge: which loan, r4_loan_* */
    R4_CAP_RECEIVE_SLOT, /* posted for the next untyped that a peer hands off */
    R4_CAP_DEBUG,
    R4_CAP_HEADER,       /* slot 0 of a cap page: the page's own record, no capability */
    R4_CAP_INTERNAL,     /* inside an object: a lasting reference to another one; never in a window */
    R4_CAP_NOTIFICATION, /* badge: the bits that a signal through this cap sets */
    R4_CAP_ASID_POOL,    /* badge: which 64 of the cluster's asids */
    R4_CAP_PROXY,        /* the kind of a proxy (proxy.h); never in a cap page */
    R4_CAP_DYING,        /* inside an object that has ended, until nothing uses its memory; never in a window */
    R4_CAP_TYPE_COUNT
};
#define R4_CAP_TYPE_BITS 6U

/* flags */

/* in the run of a revoke that is under way: refused for everything but a revoke of its own. Only its removal clears it,
 * or a revoke that cannot take it because it is an ancestor of memory that does not come back */
#define R4_FLAG_MARKED 1U
/* made by a retype that has not zeroed its object yet: refused like a marked one */
#define R4_FLAG_CREATING 2U
/* the capability that retype, boot or a hand-off made: it outlives all others of its object; the object ends with it */
#define R4_FLAG_ORIGINAL 4U
/* the root of a region received from a peer: ends only by the lender's revoke */
#define R4_FLAG_RECEIVED 8U
/* the root of a revoke that is under way: refused for everything but another revoke, which joins */
#define R4_FLAG_ROOT 16U
/* an operation of the kernel will come back to this slot: says nothing to its holder */
#define R4_FLAG_STANDS 32U

/* rights */
#define R4_READ       1U
#define R4_WRITE      2U
#define R4_EXEC       4U
#define R4_SEND       8U
#define R4_WAIT       16U
#define R4_CONTROL    32U
#define R4_LINK       64U
#define R4_DEFER      128U
#define R4_MODIFY     256U
#define R4_ALL_RIGHTS 511U

#define R4_TTL_MAX     15U
#define R4_DEPTH_MAX   63U
#define R4_VERSION_MAX 0xffffffffU /* a slot whose version has reached this is retired once emptied */

DEFINE_FIELD(uint64_t, r4_slot_type, 5, 0)
DEFINE_FIELD(uint64_t, r4_slot_ttl, 9, 6)
DEFINE_FIELD(uint64_t, r4_slot_flags, 15, 10)
DEFINE_FIELD(uint64_t, r4_slot_version, 47, 16)
DEFINE_FIELD(uint64_t, r4_slot_prev_high, 63, 48)
DEFINE_FIELD(uint64_t, r4_slot_object, 39, 0) /* word 2, address / 64 */
DEFINE_FIELD(uint64_t, r4_slot_rights, 51, 40)
DEFINE_FIELD(uint64_t, r4_slot_size, 57, 52)
DEFINE_FIELD(uint64_t, r4_slot_depth, 63, 58)
DEFINE_FIELD(uint64_t, r4_slot_next, 39, 0) /* word 3, slot address / 32 */
DEFINE_FIELD(uint64_t, r4_slot_prev_low, 63, 40)

/* The mapping word (word 1 of a mapped frame, table or cap page); 0 = not mapped. Virtual page: 35 bits, of which 2:0
 * are in word 2. */
DEFINE_FIELD(uint64_t, r4_mapping_page_high, 31, 0)
DEFINE_FIELD(uint64_t, r4_mapping_name, 63, 32) /* of the address space: r4_name */

/* The badge of a RemoteRef: which loan record of which peer. */
DEFINE_FIELD(uint64_t, r4_loan_peer, 5, 0)
DEFINE_FIELD(uint64_t, r4_loan_index, 31, 16)
DEFINE_FIELD(uint64_t, r4_loan_generation, 63, 32)

#endif
