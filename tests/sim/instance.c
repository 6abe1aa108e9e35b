/* SPDX-License-Identifier: MIT
 *
 * What the coordinator does on a real machine: areas, headers, boot information.
 */
#include "instance.h"
#include "cpu.h"
#include "hosted.h"
#include "memory.h"
#include <sys/mman.h>

#define INSTANCE_BASE 0x60000000ULL /* of the first instance; the others follow, R4_KERNEL_AREA apart */
#define INSTANCE_KHZ  1000U         /* ticks per millisecond */

/* Where a cluster's shared pages are in its reserve. */
#define RESERVE_HEADER 0x0U
#define RESERVE_RINGS  0x10000U

static struct instance instances[SIM_CLUSTERS];
static struct cpu cpus[SIM_CLUSTERS * SIM_CORES];
static struct hosted_kernel kernel;
static struct r4_layout_header layout_header;

void hosted_fail(const char *what, const char *which) { sim_fail("host", "%s: %s", what, which); }

/* Where the simulator finds what the copy may write. */
static void image_link(struct instance *instance) {
    const struct linker_plan *plan = &kernel.plan;
    hosted_link(&kernel, &layout_header, &instance->layout);
    uint64_t first = plan->offset[plan->size[LINKER_DATA] != 0 ? LINKER_DATA : LINKER_BSS];
    instance->data = instance->layout.virtual_base + first;
    instance->data_size = plan->image_size - first;
}

static uint64_t find(const struct instance *instance, const char *name) {
    return hosted_find(&kernel, &instance->layout, name);
}

static void entries_find(struct instance *instance) {
    instance->cluster = (void *)find(instance, "cluster");
    instance->start = (void (*)(uint32_t))find(instance, "kernel_start");
    instance->syscall =
        (void (*)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t))find(instance, "kernel_syscall");
    instance->event = (void (*)(enum machine_event))find(instance, "kernel_event");
    instance->fault = (void (*)(uint64_t, uint64_t, uint64_t))find(instance, "kernel_fault");
    instance->operation_start_orphan = (void (*)(struct operation *, enum operation_kind, struct r4_slot *,
                                                 uint32_t))find(instance, "operation_start_orphan");
    instance->revoke_begin = (void (*)(struct operation *))find(instance, "revoke_begin");
}

/* --- areas --- */

static void areas_map(const struct instance *instance) {
    uint64_t base = instance->layout.virtual_base;
    phys_t reserve = memory_home(instance->number)->reserve.base;
    hosted_map_private(base + R4_AREA_BOOT_INFO, R4_BOOT_INFO_PAGES * R4_PAGE_SIZE);
    memory_map(base + R4_AREA_HEADER, reserve + RESERVE_HEADER, R4_PAGE_SIZE, true);
    for (uint32_t core = 0; core < instance->layout.core_count; core++) {
        uint64_t offset = R4_CORE_OFFSET + (uint64_t)core * R4_CORE_STRIDE;
        hosted_map_private(base + R4_AREA_CORES + offset, R4_CORE_STRIDE - R4_CORE_OFFSET);
    }
    for (uint64_t peer = 0; peer < sim.cluster_count; peer++) {
        phys_t other = memory_home((uint32_t)peer)->reserve.base;
        if (peer == instance->number) {
            continue;
        }
        memory_map(base + R4_AREA_RINGS_IN + peer * R4_RING_STRIDE, reserve + RESERVE_RINGS + peer * R4_RING_STRIDE,
                   R4_RING_STRIDE, true);
        memory_map(base + R4_AREA_RINGS_OUT + peer * R4_RING_STRIDE,
                   other + RESERVE_RINGS + instance->number * (uint64_t)R4_RING_STRIDE, R4_RING_STRIDE, true);
        memory_map(base + R4_AREA_HEADERS + peer * R4_PAGE_SIZE, other + RESERVE_HEADER, R4_PAGE_SIZE, false);
    }
}

static void header_fill(struct instance *instance) {
    instance->header = (struct r4_header *)(instance->layout.virtual_base + R4_AREA_HEADER);
    instance->header->magic = R4_HEADER_MAGIC;
    instance->header->cluster = instance->number;
    instance->header->core_count = instance->layout.core_count;
    instance->header->epoch =
        sim_chance(2) ? UINT32_MAX - instance->number : 1 + instance->number; /* sometimes the last ones */
    atomic_init(&instance->header->doorbell_apic, instance->cpus[0].apic_id);
}

/* Memory is drawn in ascending order of the clusters. */
static void pools_fill(struct r4_boot_info *info) {
    for (uint32_t number = 0; number < sim.cluster_count; number++) {
        const struct memory_home *home = memory_home(number);
        for (uint32_t i = 0; i < home->pool_count; i++) {
            info->pools[info->pool_count++] =
                (struct r4_boot_pool){.base = home->pools[i].base, .size = home->pools[i].size, .cluster = number};
        }
    }
}

/* The root task has one page of image. Its code never runs: program.c does what it would do. */
static void info_fill(struct instance *instance) {
    const struct memory_home *home = memory_home(instance->number);
    struct r4_boot_info *info = (struct r4_boot_info *)(instance->layout.virtual_base + R4_AREA_BOOT_INFO);
    phys_t block = home->pools[sim_random(home->pool_count)].base;
    *info = (struct r4_boot_info){
        .magic = R4_BOOT_INFO_MAGIC,
        .version = R4_BOOT_INFO_VERSION,
        .size = sizeof(*info),
        .cluster = instance->number,
        .cluster_count = sim.cluster_count,
        .core_count = instance->layout.core_count,
        .epoch = instance->header->epoch,
        .tsc_khz = INSTANCE_KHZ,
        .reserve = {home->reserve.base, home->reserve.size},
        .root_block = {block, R4_LARGE_SIZE},
        .segments = {{block, R4_ROOT_IMAGE, R4_PAGE_SIZE, R4_READ | R4_EXEC}},
        .segment_count = 1,
        .root_entry = R4_ROOT_IMAGE,
        .console_owner = sim.console_owner,
    };
    pools_fill(info);
    for (uint32_t i = 0; i < instance->layout.core_count; i++) {
        info->apic_ids[i] = instance->cpus[i].apic_id;
    }
    for (uint32_t peer = 0; peer < sim.cluster_count; peer++) {
        const struct instance *other = &instances[peer];
        info->apics[peer].first = other->cpus[0].apic_id;
        info->apics[peer].last = other->cpus[other->layout.core_count - 1].apic_id;
        info->peer_priority[peer] = (uint8_t)sim_random(256);
    }
    mprotect(info, R4_BOOT_INFO_PAGES * R4_PAGE_SIZE, PROT_READ);
    instance->info = info;
}

void instance_ring(const struct instance *instance, uint32_t peer) {
    if (peer != instance->number) {
        uint64_t rings = instance->layout.virtual_base + R4_AREA_RINGS_OUT;
        atomic_fetch_add(&((struct r4_ring *)(rings + peer * (uint64_t)R4_RING_STRIDE))->rung, 1);
        cpu_post(atomic_load(&sim.instances[peer].header->doorbell_apic), machine_doorbell(instance->number));
    }
}

static void instance_plan(uint32_t number) {
    struct instance *instance = &instances[number];
    instance->number = number;
    instance->direct = MEMORY_DIRECT + ((uintptr_t)number << R4_DIRECT_MAP_SHIFT);
    instance->cpus = &cpus[sim.cpu_count];
    uint64_t most = sim.loans != 0 ? 3 : sim_chance(4) ? SIM_CORES : 4;
    uint64_t cores = sim.storm != 0 && number == 0 ? SIM_CORES : 1 + sim_random(most);
    instance->layout = (struct r4_layout_cluster){
        .virtual_base = INSTANCE_BASE + (uint64_t)number * R4_KERNEL_AREA,
        .direct_map = instance->direct,
        .number = (uint16_t)number,
        .core_count = (uint16_t)cores,
    };
    for (uint32_t i = 0; i < instance->layout.core_count; i++) {
        instance->cpus[i] = (struct cpu){.instance = instance, .index = i, .apic_id = 2 * (sim.cpu_count + i) + 1};
    }
    sim.cpu_count += instance->layout.core_count;
}

void instance_load_all(const char *path) {
    sim.instances = instances;
    sim.cpus = cpus;
    layout_header =
        (struct r4_layout_header){.cluster_count = (uint16_t)sim.cluster_count, .ring_slots = (uint16_t)sim.ring_slots};
    hosted_open(&kernel, path);
    for (uint32_t number = 0; number < sim.cluster_count; number++) {
        instance_plan(number);
    }
    for (uint32_t number = 0; number < sim.cluster_count; number++) {
        struct instance *instance = &instances[number];
        image_link(instance);
        entries_find(instance);
        areas_map(instance);
        header_fill(instance);
        info_fill(instance);
    }
}
