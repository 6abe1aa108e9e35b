/* SPDX-License-Identifier: MIT
 *
 * All that generic kernel files may ask of the machine, and all that the machine calls in the kernel. Implemented
 * twice: by x86/ and, for the simulator, by tests/sim/. The include path of the build chooses the machine_inline.h.
 *
 * The kernel never blocks inside: each upcall runs to its end on the core's one kernel stack with interrupts off, and
 * tells the machine with machine_resume() what to return to. If that is null, the machine halts the core until the next
 * event.
 */
#ifndef R4_KERNEL_MACHINE_H
#define R4_KERNEL_MACHINE_H

#include <r4/types.h>

struct core; /* cluster/core.h: begins with struct machine_core */

enum machine_event {
    MACHINE_TIMER,      /* the one-shot timer of this core */
    MACHINE_RESCHEDULE, /* another core of this cluster changed this core's run queue */
    MACHINE_SHOOTDOWN,  /* another core of this cluster waits for this one to flush; handled without the lock */
    /* The first of MACHINE_DOORBELLS events: another cluster sent a message, freed a slot, reached a milestone or died.
     * Which event it is narrows down which cluster. */
    MACHINE_DOORBELL,
};
#define MACHINE_DOORBELLS   8U
#define MACHINE_EVENT_COUNT ((uint32_t)MACHINE_DOORBELL + MACHINE_DOORBELLS)

/* The doorbell of a cluster. */
static inline enum machine_event machine_doorbell(uint32_t cluster) {
    return (enum machine_event)(MACHINE_DOORBELL + cluster % MACHINE_DOORBELLS);
}

/* From machine_inline.h:
 *   struct machine_core     the machine's part of the per-core state; first member of struct core
 *   struct machine_regs     general registers of a thread, with what is needed to return to it
 *   MACHINE_FPU_SIZE        bytes of a thread's FPU area, aligned to 64
 *   struct core *machine_core(void)           this core's state
 *   uint64_t machine_now(void)                ticks since boot (TSC)
 *   void machine_relax(void)                  one turn of a wait loop
 *   uintptr_t machine_direct(void)            virtual address of physical address 0 (direct map of this cluster's pool)
 *   and the functions below that it defines inline
 */
#include "machine_inline.h"

/* --- upcalls: the machine calls the kernel, interrupts off --- */

/* First call on each core, once; core 0 of the cluster initialises the cluster's state. */
void kernel_start(uint32_t core_index);

/* A user thread executed `syscall`; its registers are saved where the last machine_resume() said. Returns these if the
 * thread goes on at once: only its result has changed in them. Null: the machine resumes what the last machine_resume()
 * says. */
struct machine_regs *kernel_syscall(uint64_t cap, uint64_t operation, uint64_t a0, uint64_t a1, uint64_t a2,
                                    uint64_t a3);

/* An interrupt, in user mode or while the core was halted. */
void kernel_event(enum machine_event event);

/* A fault of the current user thread: vector (Intel SDM volume 3, table 6-1), error code, faulting address (page
 * faults). */
void kernel_fault(uint64_t vector, uint64_t error, uint64_t address);

/* A fault inside the kernel. `registers` as in r4_panic_record. An NMI of machine_stop_others() halts without an
 * upcall. */
_Noreturn void kernel_fault_inside(uint64_t vector, uint64_t error, uint64_t address, const uint64_t registers[18]);

/* --- downcalls --- */

/* After the upcall, return to the thread with these registers; null: halt until the next event. */
void machine_resume(struct machine_regs *regs);

/* A thread's first registers: user mode at `entry` (below R4_USER_END, the caller has checked), stack pointer `stack`
 * (any value), `argument` in rdi, interrupts on, all else zero. */
void machine_regs_start(struct machine_regs *regs, uint64_t entry, uint64_t stack, uint64_t argument);

/* Puts the result of a system call into the caller's saved registers. */
void machine_regs_result(struct machine_regs *regs, uint64_t error, uint64_t value);

/* Restart: the caller of a system call is about to wait for the lock and may have to leave its core meanwhile. Sets its
 * registers so that it makes the same call (cap, operation, a0 to a3) again when it next runs, on any core. Go on: the
 * caller has not left its core, and the call continues. */
void machine_regs_restart(struct machine_regs *regs, const uint64_t call[6]);
void machine_regs_go_on(struct machine_regs *regs);

/* Instruction pointer and stack pointer, for log lines. */
uint64_t machine_regs_ip(const struct machine_regs *regs);
uint64_t machine_regs_sp(const struct machine_regs *regs);

/* FPU state of a thread; area is MACHINE_FPU_SIZE bytes, 64-byte aligned. Eager: called at each change of thread. */
void machine_fpu_init(void *area);
void machine_fpu_save(void *area);
void machine_fpu_load(const void *area);

/* Timer: an event MACHINE_TIMER on this core at or soon after tick `deadline`; a later call replaces the deadline. More
 * such events may come at any time (for a deadline that was stopped or replaced too late, or is too far away for one
 * count of the timer), so compare machine_now(). */
void machine_timer_set(uint64_t deadline);
void machine_timer_stop(void);

/* Sends an event to the core with that APIC id, of this cluster or (DOORBELL) another. Every earlier store of this core
 * is visible to the receiver when the event arrives. */
void machine_send(uint32_t apic_id, enum machine_event event);

/* True if an event waits for this core: for preemption points. Its upcall follows as soon as the core halts or returns
 * to user mode. */
bool machine_event_pending(void);

/* Address spaces. `root`: physical address of a PML4. Loading one drops every user translation of this core. */
void machine_space_init(void *pml4); /* fills in the kernel's half of a zeroed PML4 page, in the direct map */
void machine_space_load(phys_t root);
void machine_space_load_kernel(void); /* the kernel's own, with no user half */
void machine_flush_user(void);        /* drops this core's translations of the loaded user half */
void machine_flush_all(void);         /* also those of the kernel half */

/* Makes [base, base + size) accessible in the direct map (`present`) or inaccessible; no flush. The size is that of a
 * hand-off (abi.h), the base a multiple of it, and all of it is in one pool (cluster/pools.h): page directories exist
 * for these. */
void machine_direct_map(phys_t base, uint64_t size, bool present);

/* Fills with zero; `size` in bytes, a multiple of 8. */
void machine_zero(void *memory, size_t size);

/* The console's device: how many bytes it takes at once, now; 0: it is busy. Writes bytes to it, unchanged, without
 * waiting: what it cannot take is lost. Only the console's owner calls these (diag/console.h). */
uint32_t machine_console_room(void);
void machine_console_write(const char *text, size_t length);

/* Return addresses on this core's kernel stack: at most `count`, innermost first; zero after the last if there is
 * room. */
void machine_backtrace(uint64_t *frames, size_t count);

void machine_stop_others(void);             /* makes all other cores of this cluster halt for ever */
_Noreturn void machine_stop(void);          /* halts this core for ever */
_Noreturn void machine_exit(uint32_t code); /* ends the emulator, if there is one; else stops this core */

#endif
