/* SPDX-License-Identifier: MIT
 *
 * Kernel copies at real speed: the kernel's generic sources, compiled with the shipped options, in one process, each
 * core a thread on a processor of its own; rings and headers in memory that the copies share. What is missing of a real
 * machine: rings of privilege, page tables that count, and interrupts. A doorbell is a word that the receiver polls, or
 * it is not sent at all, and the receiver polls its rings.
 */
#ifndef R4_NATIVE_H
#define R4_NATIVE_H

#include "cluster/cluster.h"
#include <r4/abi.h>

#define NATIVE_CLUSTERS 8U
#define NATIVE_CORES    8U   /* of one cluster, and of all together */
#define NATIVE_LINE     128U /* bytes that a processor may fetch together */

/* How a core that waits finds out that there is something for it. */
enum native_wait { NATIVE_BY_WORD, NATIVE_BY_POLLING };

struct native_core {
    _Alignas(NATIVE_LINE) _Atomic uint32_t
        events; /* bit per enum machine_event; whoever sends sets it, the core clears it */
    _Alignas(NATIVE_LINE) struct native_copy *copy;
    struct core *core;
    uint32_t processor; /* of the host */
    enum native_wait wait;
};

struct native_copy {
    uint32_t number;
    struct r4_layout_cluster layout;
    struct cluster *cluster; /* its own variables */
    const struct r4_root_info *info;
    uint64_t *directory; /* bit 0 of each: that 2 MiB page is in its direct map */
    void (*start)(uint32_t core_index);
    void *syscall; /* kernel_syscall, for native_call() */
    void (*event)(enum machine_event event);
    struct native_core *cores;
};

struct native_machine {
    uint32_t cluster_count;
    uint32_t core_count; /* of each cluster */
    struct native_copy copies[NATIVE_CLUSTERS];
    struct native_core cores[NATIVE_CORES]; /* cluster by cluster; the index is the APIC id */
};

extern struct native_machine native;

/* --- copies.c --- */

/* Loads the kernel object as often as there are clusters, at most NATIVE_CORES cores together. */
void native_load(const char *path, uint32_t clusters, uint32_t cores);

/* --- run.c: for the thread that is that core --- */

/* The core's first instructions: pins the thread and enters the kernel. */
void native_start(struct native_core *core);

/* The calling thread's core; null in a thread that is none. */
struct native_core *native_self(void);

/* True if the core runs a thread of the program; false: it is halted. */
static inline bool native_in_user_mode(const struct native_core *core) {
    return *(struct machine_regs *volatile *)&((struct machine_core *)core->core)->regs != NULL;
}

/* One turn of a wait: takes what has come for this core. */
void native_turn(struct native_core *core);

struct native_result {
    uint64_t error;
    uint64_t value;
};

/* A system call of the program's thread on this core, up to its result. */
struct native_result native_call(struct native_core *core, uint64_t cap, enum r4_operation operation,
                                 const uint64_t argument[4]);

/* The address of a slot of the program's own window. */
static inline uint64_t native_own(const struct native_core *core, uint64_t slot) {
    return r4_cap_index_put(slot) | r4_cap_cluster_put(core->copy->number);
}

_Noreturn void native_fail(const char *what, uint64_t number);

#endif
