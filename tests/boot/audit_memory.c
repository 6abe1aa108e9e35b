/* SPDX-License-Identifier: MIT
 *
 *     audit_memory FILE… -- STATE:TABLES:DIRECT…
 *
 * The simulator's audit of a stopped machine. The files are its memory from physical address 0 on. Then come, for each
 * cluster, the physical addresses of its `struct cluster` and of its kernel's level-4 table, and the start of its
 * direct map, all in hexadecimal. A cluster with a core in its kernel is left out. The exit status is 1 if an invariant
 * is broken, 2 if something could not be read.
 *
 * These are the simulator's own sources, compiled for the kernel's structures of x86-64, and linked with this file in
 * place of its memory.c and main.c. The memory is mapped where they look for it, privately, and the few pointers that
 * they follow are replaced there.
 */
#include "audit.h"
#include "cap_scan.h"
#include "memory.h"
#include "object/thread.h"
#include "pure/paging.h"
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct place { /* what an argument says of a cluster */
    phys_t state;
    phys_t tables;
    uint64_t direct; /* virtual */
} places[SIM_CLUSTERS];

static struct instance instances[SIM_CLUSTERS];
static struct sim_totals totals;
static uint64_t memory_size;

struct sim sim = {.instances = instances};
struct sim_totals *sim_totals = &totals;

/* --- in place of main.c and memory.c --- */

void sim_fail(const char *name, const char *text, ...) {
    va_list arguments;
    va_start(arguments, text);
    printf("broken: %s: ", name);
    vprintf(text, arguments);
    va_end(arguments);
    putchar('\n');
    exit(1);
}

/* Numbers the pages in the order in which they are asked for. */
uint32_t memory_page(phys_t address) {
    static uint32_t numbers[1U << 20];
    static uint32_t last;
    uint32_t *number = &numbers[address / R4_PAGE_SIZE % R4_COUNT(numbers)];
    if (address >= memory_size || memory_size / R4_PAGE_SIZE > R4_COUNT(numbers) || last == MEMORY_PAGES - 1) {
        sim_fail("RAM", "%lx is outside of the memory, or there are too many pages", address);
    }
    *number = *number == 0 ? ++last : *number;
    return *number;
}

/* By the kernel's own page tables. */
bool memory_owns(uint32_t number, phys_t base, uint64_t size) {
    for (phys_t at = round_down(base, R4_LARGE_SIZE); at < base + size; at += R4_LARGE_SIZE) {
        const uint64_t *entry = paging_entry(MEMORY_HOST, places[number].tables, places[number].direct + at, 2);
        if (entry == NULL || (*entry & PAGING_PRESENT) == 0) {
            return false;
        }
    }
    return true;
}

/* --- pointers --- */

/* A kernel's pointer into its direct map, as a pointer of this process. */
static void *here(const struct place *place, const void *pointer) {
    uint64_t offset = (uintptr_t)pointer - place->direct;
    if (pointer == NULL) {
        return NULL;
    }
    if (offset >= memory_size) {
        sim_fail("pointers", "%p does not lead into the direct map", pointer);
    }
    return memory_host(offset);
}

static void range_relocate(const struct place *place, struct loan_range *range) {
    range->branch[0] = here(place, range->branch[0]);
    range->branch[1] = here(place, range->branch[1]);
    range->outer = here(place, range->outer);
}

static void peer_relocate(const struct place *place, struct peer *peer) {
    for (uint32_t i = 0; peer != NULL && i < LOANS; i++) {
        peer->lent[i].ref = here(place, peer->lent[i].ref);
        peer->received[i].root = here(place, peer->received[i].root);
        if (peer->lent[i].state != LOAN_OUT_FREE) {
            range_relocate(place, &peer->lent[i].range);
        }
        if (peer->received[i].state != LOAN_IN_FREE) {
            range_relocate(place, &peer->received[i].range);
        }
    }
}

static void window_relocate(const struct place *place, struct window *window) {
    for (uint32_t i = 0; window != NULL && i < WINDOW_TABLES; i++) {
        window->tables[i] = here(place, window->tables[i]);
    }
}

/* What is under way, and where it stands. */
static void operations_relocate(const struct place *place, struct cluster *state) {
    state->operations = here(place, state->operations);
    for (struct operation *operation = state->operations; operation != NULL; operation = operation->next) {
        operation->next = here(place, operation->next);
        for (uint32_t i = 0; i < STAND_COUNT; i++) {
            struct stand *stand = &operation->stands[i];
            stand->operation = here(place, stand->operation);
            if (stand->operation != NULL) {
                struct r4_slot **field = operation_field(operation, (enum stand_place)i);
                *field = here(place, *field);
            }
        }
    }
}

static void cluster_relocate(const struct place *place, struct cluster *state) {
    operations_relocate(place, state);
    state->loans.top = here(place, state->loans.top);
    for (uint32_t peer = 0; peer < R4_MAX_CLUSTERS; peer++) {
        state->peers[peer] = here(place, state->peers[peer]);
        peer_relocate(place, state->peers[peer]);
    }
    for (uint32_t asid = 0; asid < ASID_COUNT; asid++) {
        struct asid_entry *entry = &state->asids.entries[asid];
        entry->window = here(place, entry->window);
        window_relocate(place, entry->window);
        if (entry->window != NULL) {
            struct pd *pd = (struct pd *)entry->window; /* its first field */
            pd->leaf_table = here(place, pd->leaf_table);
        }
        struct walk_page *page = &state->walk_pages.of[asid];
        page->window = here(place, page->window);
        page->place = (uintptr_t)here(place, (const void *)page->place);
    }
}

/* The scan finds threads by their capabilities. */
static void threads_relocate(const struct place *place, const struct instance *instance) {
    static struct cap_scan scan;
    cap_scan_take(&scan, instance);
    for (size_t i = 0; i < scan.thread_count; i++) {
        struct thread *thread = (struct thread *)(uintptr_t)scan.threads[i];
        thread->pd = here(place, thread->pd);
    }
    printf("cluster %u: %zu capabilities in %zu pages, %zu address spaces, %zu threads\n", instance->number,
           scan.slot_count, scan.page_count, scan.pd_count, scan.thread_count);
}

/* --- the machine --- */

static void memory_map_file(const char *path) {
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) != 0) {
        perror(path);
        exit(2);
    }
    size_t size = (size_t)status.st_size;
    int flags = MAP_PRIVATE | MAP_FIXED_NOREPLACE;
    if (mmap(memory_host(memory_size), size, PROT_READ | PROT_WRITE, flags, file, 0) != memory_host(memory_size)) {
        perror(path);
        exit(2);
    }
    memory_size += size;
    close(file);
}

static void cluster_read(const char *argument) {
    struct place *place = &places[sim.cluster_count];
    struct instance *instance = &instances[sim.cluster_count];
    if (sscanf(argument, "%lx:%lx:%lx", &place->state, &place->tables, &place->direct) != 3 ||
        place->state >= memory_size || place->tables >= memory_size) {
        fprintf(stderr, "no cluster: %s\n", argument);
        exit(2);
    }
    *instance = (struct instance){
        .number = sim.cluster_count++,
        .direct = MEMORY_HOST,
        .cluster = memory_host(place->state),
    };
}

/* Once all clusters are read: which slots are parked in loan records depends on how many there are. */
static void clusters_relocate(void) {
    for (uint32_t number = 0; number < sim.cluster_count; number++) {
        if (instance_is_calm(&instances[number])) {
            cluster_relocate(&places[number], instances[number].cluster);
            threads_relocate(&places[number], &instances[number]);
        }
    }
}

int main(int count, char **arguments) {
    int at = 1;
    for (; at < count && strcmp(arguments[at], "--") != 0; at++) {
        memory_map_file(arguments[at]);
    }
    for (at++; at < count && sim.cluster_count < SIM_CLUSTERS; at++) {
        cluster_read(arguments[at]);
    }
    clusters_relocate();
    audit_all();
    return at == count && sim.cluster_count != 0 ? 0 : 2;
}
