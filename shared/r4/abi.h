/* SPDX-License-Identifier: MIT
 *
 * The interface between user programs and the cluster kernel.
 *
 * One entry: `syscall` with
 *   rdi = cap address   rsi = operation (enum r4_operation)   rdx, r10, r8, r9 = arguments 0 to 3
 *   out: rax = enum r4_error, rdx = value; rcx, r11 and the argument registers are lost; rbx, rbp, rsp, r12..r15 and
 * the FPU are kept. Where several values share one argument, the fields below pack and unpack it: one codec for the
 * kernel, user/lib and the tests.
 */
#ifndef R4_ABI_H
#define R4_ABI_H

#include <r4/err.h>
#include <r4/slot.h>

/* Cap address. asid 0 is the caller's own window; any other asid is the window of the address space with that asid and
 * generation, where only a proxy whose grantee is the caller can be named. The cluster must be the caller's own. The
 * null address (all zero) names slot 0 of window page 0, which is never a capability. */
DEFINE_FIELD(uint64_t, r4_cap_index, 25, 0)
DEFINE_FIELD(uint64_t, r4_cap_cluster, 31, 26)
DEFINE_FIELD(uint64_t, r4_cap_asid, 47, 32)
DEFINE_FIELD(uint64_t, r4_cap_generation, 63, 48)
DEFINE_FIELD(uint64_t, r4_cap_name, 63, 32) /* both: the name of an address space, 0 = the caller's window */

/* The name of an address space: asid and its generation, never 0 and never given twice. */
DEFINE_FIELD(uint32_t, r4_name_asid, 15, 0)
DEFINE_FIELD(uint32_t, r4_name_generation, 31, 16)

/* User address space. */
#define R4_WINDOW_BASE 0x8000000000ULL /* the window: 2^26 slots of 32 bytes, 2 GiB, PML4 entry 1 */
#define R4_WINDOW_SIZE 0x80000000ULL
/* First address that no user mapping may reach: one page below the canonical end (SYSRET). */
#define R4_USER_END 0x7ffffffff000ULL

/* Arguments and results that hold several values, by operation. */
DEFINE_FIELD(uint64_t, r4_copy_rights, 15, 0) /* R4_OP_CAP_COPY, a1 */
DEFINE_FIELD(uint64_t, r4_copy_ttl, 31, 16)
DEFINE_FIELD(uint64_t, r4_copy_mint, 63, 32)       /* not 0: a2 is a badge to set */
DEFINE_FIELD(uint64_t, r4_inspect_size_log2, 7, 0) /* R4_OP_CAP_INSPECT, value */
DEFINE_FIELD(uint64_t, r4_inspect_rights, 19, 8)
DEFINE_FIELD(uint64_t, r4_inspect_type, 31, 24)
DEFINE_FIELD(uint64_t, r4_inspect_has_children, 32, 32)
DEFINE_FIELD(uint64_t, r4_retype_type, 7, 0) /* R4_OP_UNTYPED_RETYPE, a0 */
DEFINE_FIELD(uint64_t, r4_retype_size_log2, 15, 8)
DEFINE_FIELD(uint64_t, r4_retype_count, 31, 16)
DEFINE_FIELD(uint64_t, r4_schedule_core, 15, 0) /* R4_OP_THREAD_SCHEDULE, a0 */
DEFINE_FIELD(uint64_t, r4_schedule_priority, 63, 16)

/* Bytes of text that one R4_OP_DEBUG_WRITE takes, in a1 to a3. */
#define R4_DEBUG_WRITE_MAX 24U

/* Byte `index` (below R4_DEBUG_WRITE_MAX) of the words a1 to a3 of R4_OP_DEBUG_WRITE; the first one is lowest. */
static inline char r4_debug_write_byte(const uint64_t words[3], uint64_t index) {
    return (char)(words[index / sizeof(uint64_t)] >> index % sizeof(uint64_t) * 8);
}

/* Operations. Arguments a0..a3; a "slot" is an index in the caller's own window, a "cap" is a cap address like the one
 * that is invoked. Which right each operation needs, and what it needs through proxies, is in the one table of
 * cluster-kernel/syscall.c. If a call was refused for its cap address, the value tells after how many proxies the walk
 * ended. */
enum r4_operation {
    /* any type */

    /* a0 = destination slot, a1 = r4_copy_*, a2 = badge if a1 says so */
    R4_OP_CAP_COPY,
    /* through proxies only: a0 = destination slot, which gets what the proxies left of the capability */
    R4_OP_CAP_LINK,
    /* a0 = destination slot */
    R4_OP_CAP_MOVE,
    /* revokes the descendants first */
    R4_OP_CAP_DELETE,
    /* value = how many times the revoke was preempted and resumed */
    R4_OP_CAP_REVOKE,
    /* value = r4_inspect_* */
    R4_OP_CAP_INSPECT,

    /* Untyped */

    /* a0 = r4_retype_* (count 1..R4_RETYPE_MAX, through proxies 1..R4_RETYPE_THROUGH_MAX), a1 = offset in bytes, a2 =
     * first destination slot, all in one cap page */
    R4_OP_UNTYPED_RETYPE,

    /* Frame */

    /* a0 = PD cap, a1 = virtual address, a2 = rights, a subset of the cap's READ WRITE EXEC, with READ */
    R4_OP_FRAME_MAP,
    /* a0 = PD cap, a1 = window page number (index >> 7): readable, writable, for proxies */
    R4_OP_FRAME_MAP_PROXIES,
    /* a0 = rights that the mapping shall have, as above */
    R4_OP_FRAME_PROTECT,
    R4_OP_FRAME_UNMAP,

    /* PageTable */

    /* a0 = PD cap, a1 = virtual address in the range that it shall cover, a2 = level 1, 2 or 3 */
    R4_OP_PAGE_TABLE_MAP,
    R4_OP_PAGE_TABLE_UNMAP,

    /* CapPage */

    /* a0 = PD cap, a1 = window page number (index >> 7) */
    R4_OP_CAP_PAGE_MAP,
    R4_OP_CAP_PAGE_UNMAP,

    /* Thread */

    /* a0 = PD cap, a1 = entry address, a2 = stack pointer, a3 = argument (in rdi at the entry) */
    R4_OP_THREAD_CONFIGURE,
    /* a0 = r4_schedule_*: core (index in the cluster), priority (0..255, 255 runs first) */
    R4_OP_THREAD_SCHEDULE,
    R4_OP_THREAD_START,
    R4_OP_THREAD_STOP,

    /* Peer: both may be refused by the peer; R4_OP_PEER_HANDOFF and a revoke of what was handed off wait for it */

    /* a0 = an empty slot, which becomes a receive slot */
    R4_OP_PEER_POST,
    /* a0 = untyped cap, unused, of 2 MiB to 1 GiB */
    R4_OP_PEER_HANDOFF,

    /* AsidPool */

    /* a0 = PD cap without a name: gives it one; value = the name */
    R4_OP_ASID_POOL_ASSIGN,

    /* Debug */

    /* a0 = byte count 1..R4_DEBUG_WRITE_MAX, a1..a3 = the bytes, first one lowest: printed line by line */
    R4_OP_DEBUG_WRITE,
    /* a0 = n: sets the cluster's milestone and rings the peers */
    R4_OP_DEBUG_MILESTONE,
    /* a0 = cluster, a1 = n: sleeps until that cluster's milestone is n or more (value = that milestone), or until it is
     * down */
    R4_OP_DEBUG_WAIT,
    /* a0 = enum r4_stat: value = the counter */
    R4_OP_DEBUG_STAT,
    /* a0 = 0 or an error code: this cluster is finished; does not return */
    R4_OP_DEBUG_EXIT,

    R4_OP_COUNT
};

/* Bytes of the objects that have one size, as powers of two; page tables and cap pages are pages. */
#define R4_THREAD_LOG2       12U
#define R4_PD_LOG2           14U
#define R4_NOTIFICATION_LOG2 6U

/* Largest hand-off, 1 GiB (the smallest is 2 MiB): this bounds the change of the direct map. */
#define R4_HANDOFF_MAX_LOG2 30U
/* Objects made by one retype: this bounds the step from commit to the first preemption point. */
#define R4_RETYPE_MAX 64U
/* The same through proxies, since the walk is part of that step. */
#define R4_RETYPE_THROUGH_MAX 16U
/* Proxies to the Peer capability of a hand-off, for the same reason. */
#define R4_HANDOFF_HOPS 3U

enum r4_stat {
    R4_STAT_MESSAGES_SENT, /* by this cluster, to all peers */
    R4_STAT_DOORBELLS_SENT,
    R4_STAT_REVOKES_RESUMED, /* operations resumed after a preemption */
    R4_STAT_CORES_IDLE,
    R4_STAT_LOAN_MESSAGES_DROPPED, /* of peers: stale, forged, or before their time */
    R4_STAT_COUNT
};

/* What the root task finds, read-only, at R4_ROOT_INFO. Slots are indices in its window. */
#define R4_ROOT_IMAGE       0x400000ULL /* where user/root is linked */
#define R4_ROOT_STACK_TOP   0x5f0000ULL /* 64 KiB of stack below */
#define R4_ROOT_STACK_SIZE  0x10000ULL
#define R4_ROOT_INFO        0x5f8000ULL
#define R4_ROOT_INFO_MAGIC  0x4f464e4934523031ULL
#define R4_ROOT_INFO_PAGES  8U /* at most: as many as hold the entries of `untyped` */
#define R4_ROOT_UNTYPED_MAX 1920U

struct r4_root_untyped {
    phys_t base;   /* bytes */
    uint32_t slot; /* index in the window */
    uint32_t size_log2;
};
R4_SIZE(struct r4_root_untyped, 16);

struct r4_root_io_apic {
    uint32_t id;         /* in the ACPI table MADT */
    uint32_t first_line; /* global number of its first interrupt line */
};
R4_SIZE(struct r4_root_io_apic, 8);

struct r4_root_info {
    uint64_t magic;
    uint32_t cluster; /* own number */
    uint32_t cluster_count;
    uint32_t core_count; /* of this cluster */
    uint32_t tsc_khz;
    uint32_t name;        /* of its own address space: r4_name */
    uint32_t slot_pd;     /* own PD */
    uint32_t slot_thread; /* own thread */
    uint32_t slot_debug;
    uint32_t slot_peers; /* the Peer capability for cluster n is at slot_peers + n; that of its own number is empty */
    uint32_t slot_asid_pools; /* all AsidPools of the cluster, asid_pool_count of them; its own asid is of the first */
    uint32_t asid_pool_count;
    uint32_t slot_tables; /* page tables of its own space, table_count of them, lowest addresses first */
    uint32_t table_count;
    uint32_t slot_cap_pages; /* cap pages of its own window, window pages 0 .. cap_page_count - 1 */
    uint32_t cap_page_count;
    uint32_t slot_frames; /* frames of image, stack and this page: here and in the following slots, headers left out */
    uint32_t frame_count;
    uint32_t slot_first_free; /* from here to the end of the last cap page all slots but the headers are empty */
    uint32_t untyped_count;   /* entries in the last field */
    uint32_t pci_is_own;      /* 1: PCI configuration is this cluster's; 0: another's */
    uint32_t io_apic_count;   /* of this cluster's own */
    struct r4_root_io_apic io_apics[R4_MAX_IO_APICS];
    char command[256]; /* "program=demo …", from the boot loader and fw_cfg; zero-terminated */
    struct r4_root_untyped untyped[R4_ROOT_UNTYPED_MAX]; /* only as much of it as has entries needs to be there */
};
_Static_assert(sizeof(struct r4_root_info) <= R4_ROOT_INFO_PAGES * R4_PAGE_SIZE, "the root task's information");

#endif
