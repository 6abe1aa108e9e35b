/* SPDX-License-Identifier: MIT
 *
 * Shared memory between clusters: one header page per cluster, one ring per ordered pair. Who writes which cache line:
 *
 *   header page   in its cluster's memory; only that cluster writes; peers map it read-only.
 *   ring          in the receiver's memory; the producer (source cluster) maps it read-write.
 *     line 0        written by the producer only: want_slot, rung
 *     line 1        written by the consumer only: head, looking
 *     lines 2…      the slots, written by the producer only
 *
 * Order. The producer writes a slot's message and then its sequence word with release; the consumer reads the sequence
 * word with acquire, so whoever sees the sequence sees the message. Slot i is full for position p (p mod slots = i)
 * when its sequence is p + 1. The consumer copies the message out and then stores head = p + 1 with release; the
 * producer reads head with acquire before it reuses the slot, so the consumer's loads are over. Positions are 32-bit
 * and wrap; only differences are used. No atomic read-modify-write anywhere: each word has one writer.
 *
 * Sleep. Two Dekker pairs, each with a full fence between the store of one's own word and the load of the other's:
 *
 *   producer                              consumer
 *     store sequence; fence;                store looking = 0; fence;
 *     load looking: 0 -> ring               load sequence again: new -> take it
 *
 *     store want_slot; fence;               store head; fence;
 *     load head again: moved -> go on       load want_slot: for this slot -> ring
 *
 * At least one side of each pair sees the other's store, so no message and no freed slot is missed.
 *
 * Whoever rings a peer for a message has put it into the ring to it; whoever rings it for anything else first
 * increments `rung` there. So the peer finds out who rang by two words of each, and a message moves no line but its
 * slot and line 1.
 */
#ifndef R4_MAILBOX_H
#define R4_MAILBOX_H

#include <r4/message.h>
#include <stdatomic.h>

struct r4_ring {
    /* Line 0, the producer's. 2 * p + 1: ring it when the slot for its message at position p is free. */
    _Atomic uint32_t want_slot;
    /* The producer's: counts its doorbells to the consumer but those for a message, which tell by the message. So one
     * word says whether a peer has rung since the last look for anything else: a free slot, its header. Stored before
     * the interrupt, which makes it visible. Relaxed on both sides: what it is about has its own order. */
    _Atomic uint32_t rung;
    uint32_t producer_pad[14];
    _Atomic uint32_t head;    /* line 1, the consumer's: position of the next message to take */
    _Atomic uint32_t looking; /* 1 = it will check the slots again before it sleeps */
    uint32_t consumer_pad[14];
    struct r4_message slots[]; /* a power of two of them, R4_RING_SLOTS_MAX at most */
};
R4_OFFSET(struct r4_ring, head, 64);
R4_OFFSET(struct r4_ring, slots, 128);
#define R4_RING_SLOTS_MAX 64U

enum r4_cluster_state {
    R4_CLUSTER_BOOTING,
    R4_CLUSTER_UP,
    R4_CLUSTER_FINISHED, /* its root task has called R4_OP_DEBUG_EXIT; its kernel still serves its peers */
    R4_CLUSTER_PANICKED, /* it is down: it answers nobody any more, and says its last words */
    R4_CLUSTER_SILENT    /* the same; they are printed or in its log, and it will never write again */
};

#define R4_HEADER_MAGIC 0x3148523452344852ULL
#define R4_PANIC_FRAMES 16U

struct r4_panic_record { /* written by the panicking core before state becomes PANICKED */
    uint64_t cause;      /* exception vector, or 256 for a failed check of the kernel */
    uint64_t core;
    uint64_t address;                 /* CR2 */
    uint64_t registers[18];           /* rax rbx rcx rdx rsi rdi rbp rsp r8..r15 rip rflags */
    uint64_t frames[R4_PANIC_FRAMES]; /* return addresses, innermost first, 0 after the last */
    char text[128];
};

#define R4_LOG_BYTES 2048U /* a power of two */

struct r4_log {           /* lines for the console's owner to print, each with its newline */
    _Atomic uint32_t end; /* position after the last whole line, wraps; its cluster, under its lock, release */
    uint32_t pad[15];
    char bytes[R4_LOG_BYTES];
};

struct r4_header {
    uint64_t magic; /* line 0: written once by the coordinator */
    uint32_t cluster;
    uint32_t core_count;
    uint32_t epoch;
    uint32_t pad0[11];
    _Atomic uint32_t state;         /* line 1: enum r4_cluster_state; its cluster, release */
    _Atomic uint32_t cores_arrived; /* cores that run this kernel; its cluster, under its lock, release */
    _Atomic uint32_t exit_code;     /* of R4_OP_DEBUG_EXIT, written before state becomes FINISHED */
    uint32_t pad1;
    _Atomic uint64_t milestone; /* of R4_OP_DEBUG_MILESTONE; its cluster, under its lock, release */
    uint32_t pad2[10];
    /* Line 2: APIC id of the core to ring, an idle one if there is one; its cluster, under its lock, when it changes.
     * Relaxed: a stale value still names a core of this cluster, and every core serves doorbells. Peers check it. */
    _Atomic uint32_t doorbell_apic;
    uint32_t pad3[15];
    struct r4_panic_record panic; /* line 3… */
    uint32_t pad4[6];
    /* As owner of the console: the position up to which each cluster's log is printed; release. */
    _Atomic uint32_t printed[R4_MAX_CLUSTERS];
    struct r4_log log;
};
R4_OFFSET(struct r4_header, state, 64);
R4_OFFSET(struct r4_header, doorbell_apic, 128);
R4_OFFSET(struct r4_header, panic, 192);
R4_OFFSET(struct r4_header, printed, 640);
R4_OFFSET(struct r4_header, log, 896);
_Static_assert(sizeof(struct r4_header) <= R4_PAGE_SIZE, "the header is one page");

#endif
