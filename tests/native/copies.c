/* SPDX-License-Identifier: MIT
 *
 * What the coordinator does on a real machine: memory, areas, headers, boot information. All of a cluster's memory is
 * one range of a file, which every copy sees in its own direct map.
 */
#define _GNU_SOURCE
#include "hosted.h"
#include "native.h"
#include <sys/mman.h>
#include <unistd.h>

#define BASE      0x60000000ULL
#define DIRECT    0x100000000000ULL
#define HOME      (64ULL << 20) /* of each cluster, from that address on */
#define POOL      (32ULL << 20)
#define RINGS     0x10000U /* in the reserve, after the header; one for each peer */
#define KHZ       1000000U /* what the kernel is told; nothing that is measured depends on it */
#define PRIORITY  200U     /* of what comes from peers */
#define FIRST     1U       /* cluster n begins at (FIRST + n) * HOME */
#define FILE_SIZE ((FIRST + NATIVE_CLUSTERS) * HOME)

struct native_machine native;
static struct hosted_kernel kernel;
static int file;

static phys_t home(uint32_t number) { return (FIRST + number) * HOME; } /* its reserve, then its pool */
static phys_t pool(uint32_t number) { return home(number) + R4_LARGE_SIZE; }

static void map_shared(uintptr_t address, phys_t base, uint64_t size) {
    int flags = MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_POPULATE;
    if (mmap((void *)address, size, PROT_READ | PROT_WRITE, flags, file, (off_t)base) != (void *)address) {
        native_fail("cannot map memory at", address);
    }
}

static void areas_map(const struct native_copy *copy) {
    uint64_t base = copy->layout.virtual_base;
    phys_t reserve = home(copy->number);
    hosted_map_private(base + R4_AREA_BOOT_INFO, R4_BOOT_INFO_PAGES * R4_PAGE_SIZE);
    map_shared(base + R4_AREA_HEADER, reserve, R4_PAGE_SIZE);
    for (uint32_t core = 0; core < native.core_count; core++) {
        uint64_t offset = R4_CORE_OFFSET + (uint64_t)core * R4_CORE_STRIDE;
        hosted_map_private(base + R4_AREA_CORES + offset, R4_CORE_STRIDE - R4_CORE_OFFSET);
    }
    for (uint32_t peer = 0; peer < native.cluster_count; peer++) {
        map_shared(copy->layout.direct_map + pool(peer), pool(peer), POOL);
        if (peer != copy->number) {
            uint64_t in = peer * (uint64_t)R4_RING_STRIDE;
            uint64_t out = copy->number * (uint64_t)R4_RING_STRIDE;
            map_shared(base + R4_AREA_RINGS_IN + in, reserve + RINGS + in, R4_RING_STRIDE);
            map_shared(base + R4_AREA_RINGS_OUT + in, home(peer) + RINGS + out, R4_RING_STRIDE);
            map_shared(base + R4_AREA_HEADERS + peer * R4_PAGE_SIZE, home(peer), R4_PAGE_SIZE);
        }
    }
}

static void header_fill(const struct native_copy *copy) {
    struct r4_header *header = (struct r4_header *)(copy->layout.virtual_base + R4_AREA_HEADER);
    header->magic = R4_HEADER_MAGIC;
    header->cluster = copy->number;
    header->core_count = native.core_count;
    header->epoch = 1;
    atomic_init(&header->doorbell_apic, copy->number * native.core_count);
}

/* The root task has one page of image. Its code never runs: the threads of this process do what it would do. */
static void info_fill(const struct native_copy *copy) {
    struct r4_boot_info *info = (struct r4_boot_info *)(copy->layout.virtual_base + R4_AREA_BOOT_INFO);
    phys_t block = pool(copy->number);
    *info = (struct r4_boot_info){
        .magic = R4_BOOT_INFO_MAGIC,
        .version = R4_BOOT_INFO_VERSION,
        .size = sizeof(*info),
        .cluster = copy->number,
        .cluster_count = native.cluster_count,
        .core_count = native.core_count,
        .epoch = 1,
        .tsc_khz = KHZ,
        .reserve = {home(copy->number), R4_LARGE_SIZE},
        .root_block = {block, R4_LARGE_SIZE},
        .segments = {{block, R4_ROOT_IMAGE, R4_PAGE_SIZE, R4_READ | R4_EXEC}},
        .segment_count = 1,
        .root_entry = R4_ROOT_IMAGE,
        .pool_count = native.cluster_count,
    };
    for (uint32_t number = 0; number < native.cluster_count; number++) {
        uint32_t first = number * native.core_count;
        info->pools[number] = (struct r4_boot_pool){.base = pool(number), .size = POOL, .cluster = number};
        info->apics[number] = (struct r4_boot_apics){first, first + native.core_count - 1};
        info->peer_priority[number] = PRIORITY;
    }
    for (uint32_t core = 0; core < native.core_count; core++) {
        info->apic_ids[core] = copy->number * native.core_count + core;
    }
}

static void cores_fill(struct native_copy *copy) {
    copy->cores = &native.cores[copy->number * native.core_count];
    for (uint32_t index = 0; index < native.core_count; index++) {
        uint64_t area = copy->layout.virtual_base + R4_AREA_CORES + index * (uint64_t)R4_CORE_STRIDE;
        copy->cores[index].copy = copy;
        copy->cores[index].core = (struct core *)(area + R4_CORE_OFFSET);
    }
}

static void copy_create(struct native_copy *copy, const struct r4_layout_header *header) {
    hosted_link(&kernel, header, &copy->layout);
    copy->cluster = (struct cluster *)hosted_find(&kernel, &copy->layout, "cluster");
    copy->start = (void (*)(uint32_t))hosted_find(&kernel, &copy->layout, "kernel_start");
    copy->syscall = (void *)hosted_find(&kernel, &copy->layout, "kernel_syscall");
    copy->event = (void (*)(enum machine_event))hosted_find(&kernel, &copy->layout, "kernel_event");
    static uint64_t directories[NATIVE_CLUSTERS][FILE_SIZE / R4_LARGE_SIZE];
    copy->directory = directories[copy->number];
    areas_map(copy);
    header_fill(copy);
    info_fill(copy);
    cores_fill(copy);
}

void native_load(const char *path, uint32_t clusters, uint32_t cores) {
    const struct r4_layout_header header = {.cluster_count = (uint16_t)clusters, .ring_slots = 8};
    native.cluster_count = clusters;
    native.core_count = cores;
    file = memfd_create("r4native", 0);
    if (file < 0 || ftruncate(file, (off_t)FILE_SIZE) != 0) {
        native_fail("no memory file", 0);
    }
    hosted_open(&kernel, path);
    for (uint32_t number = 0; number < clusters; number++) {
        struct native_copy *copy = &native.copies[number];
        copy->number = number;
        copy->layout = (struct r4_layout_cluster){
            .virtual_base = BASE + (uint64_t)number * R4_KERNEL_AREA,
            .direct_map = DIRECT + ((uint64_t)number << R4_DIRECT_MAP_SHIFT),
            .number = (uint16_t)number,
            .core_count = (uint16_t)cores,
        };
        copy_create(copy, &header);
    }
}
