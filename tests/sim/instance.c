/* SPDX-License-Identifier: MIT
 *
 * What the coordinator does on a real machine. Libraries lie above 2 GiB, where the calls of a kernel instance do not
 * reach: it calls them through stubs.
 */
#define _GNU_SOURCE
#include "instance.h"
#include "cpu.h"
#include "memory.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <r4/elf.h>
#include <r4/linker.h>
#include <r4/linker_constants.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define INSTANCE_BASE    0x60000000ULL /* of the first instance; the others follow, R4_KERNEL_AREA apart */
#define INSTANCE_STUBS   0x5f000000ULL /* the host's heap begins anywhere in the first GiB after the program */
#define INSTANCE_STUB    16U           /* bytes: jmp *0(%rip), the address, two of padding */
#define INSTANCE_SYMBOLS 256U
#define INSTANCE_KHZ     1000U /* ticks per millisecond */

/* Where a cluster's shared pages are in its reserve. */
#define RESERVE_HEADER 0x0U
#define RESERVE_RINGS  0x10000U

static struct instance instances[SIM_CLUSTERS];
static struct cpu cpus[SIM_CLUSTERS * SIM_CORES];
static struct linker_symbol symbols[INSTANCE_SYMBOLS];
static size_t symbol_count;
static size_t stub_count;
static struct r4_layout_header layout_header;

static void map_private(uintptr_t address, uint64_t size) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
    if (mmap((void *)address, size, PROT_READ | PROT_WRITE, flags, -1, 0) != (void *)address) {
        sim_fail("host", "cannot map %lx bytes at %lx", size, address);
    }
}

/* --- the kernel object --- */

static void object_open(const char *path, struct elf_file *file) {
    struct stat status;
    int handle = open(path, O_RDONLY | O_CLOEXEC);
    if (handle < 0 || fstat(handle, &status) != 0) {
        sim_fail("host", "cannot open %s", path);
    }
    void *data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, handle, 0);
    struct refusal why;
    bool good = elf_open(data, (size_t)status.st_size, ELF_TYPE_RELOCATABLE, file, &why);
    close(handle);
    if (!good) {
        sim_fail("host", "%s: %s", path, why.text);
    }
}

/* An address for `target` that the calls of an instance reach. */
static uint64_t stub_for(uint64_t target) {
    if (target <= INT32_MAX) {
        return target;
    }
    static const uint8_t jump[6] = {0xff, 0x25, 0, 0, 0, 0};
    uint8_t *stub = (uint8_t *)(INSTANCE_STUBS + stub_count++ * INSTANCE_STUB);
    memcpy(stub, jump, sizeof(jump));
    memcpy(stub + sizeof(jump), &target, sizeof(target));
    return (uint64_t)stub;
}

static void symbol_add(const char *name) {
    uint64_t target = (uint64_t)dlsym(RTLD_DEFAULT, name);
    if (target != 0 && symbol_count < INSTANCE_SYMBOLS && stub_count < R4_PAGE_SIZE / INSTANCE_STUB) {
        symbols[symbol_count++] = (struct linker_symbol){name, stub_for(target)};
    }
}

/* Collects every undefined name that this program or a library defines; the linker reports those that are missing. */
static void symbols_collect(const struct elf_file *file) {
    map_private(INSTANCE_STUBS, R4_PAGE_SIZE);
    for (uint32_t i = 1; i < file->header->section_count; i++) {
        const struct elf_section *table = &file->sections[i];
        const struct elf_symbol *list = (const void *)(file->data + table->offset);
        for (uint64_t n = 1; table->type == ELF_SECTION_SYMTAB && n < table->size / sizeof(*list); n++) {
            if (list[n].section == ELF_SYMBOL_UNDEFINED) {
                symbol_add(elf_symbol_name(file, table, &list[n]));
            }
        }
    }
    mprotect((void *)INSTANCE_STUBS, R4_PAGE_SIZE, PROT_READ | PROT_EXEC);
}

#define LINKER_SYMBOL(symbol, bits, expression) symbols[count++] = (struct linker_symbol){#symbol, (expression)};

static void image_link(struct instance *instance, const struct elf_file *file, const struct linker_plan *plan) {
    const struct r4_layout layout = {.header = &layout_header};
    const struct r4_layout *l = &layout;
    const struct r4_layout_cluster *c = &instance->layout;
    size_t count = symbol_count;
    R4_LINKER_CONSTANT_LIST(LINKER_SYMBOL)
    map_private(c->virtual_base, plan->image_size);
    struct refusal why;
    if (!linker_link(file, plan, c->virtual_base, symbols, count, (uint8_t *)c->virtual_base, &why)) {
        sim_fail("host", "linking the kernel: %s", why.text);
    }
    mprotect((void *)(c->virtual_base + plan->offset[LINKER_TEXT]), plan->size[LINKER_TEXT], PROT_READ | PROT_EXEC);
    mprotect((void *)(c->virtual_base + plan->offset[LINKER_RODATA]), plan->size[LINKER_RODATA], PROT_READ);
    uint64_t first = plan->offset[plan->size[LINKER_DATA] != 0 ? LINKER_DATA : LINKER_BSS];
    instance->data = c->virtual_base + first;
    instance->data_size = plan->image_size - first;
}

static uint64_t find(const struct instance *instance, const struct elf_file *file, const struct linker_plan *plan,
                     const char *name) {
    uint64_t address = linker_find(file, plan, instance->layout.virtual_base, name);
    if (address == 0) {
        sim_fail("host", "the kernel defines no %s", name);
    }
    return address;
}

static void entries_find(struct instance *instance, const struct elf_file *file, const struct linker_plan *plan) {
    instance->cluster = (void *)find(instance, file, plan, "cluster");
    instance->start = (void (*)(uint32_t))find(instance, file, plan, "kernel_start");
    instance->syscall = (void (*)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t))find(instance, file, plan,
                                                                                                   "kernel_syscall");
    instance->event = (void (*)(enum machine_event))find(instance, file, plan, "kernel_event");
    instance->fault = (void (*)(uint64_t, uint64_t, uint64_t))find(instance, file, plan, "kernel_fault");
    instance->operation_start_orphan = (void (*)(struct operation *, enum operation_kind, struct r4_slot *,
                                                 uint32_t))find(instance, file, plan, "operation_start_orphan");
    instance->revoke_begin = (void (*)(struct operation *))find(instance, file, plan, "revoke_begin");
}

/* --- areas --- */

static void areas_map(const struct instance *instance) {
    uint64_t base = instance->layout.virtual_base;
    phys_t reserve = memory_home(instance->number)->reserve.base;
    map_private(base + R4_AREA_BOOT_INFO, R4_BOOT_INFO_PAGES * R4_PAGE_SIZE);
    memory_map(base + R4_AREA_HEADER, reserve + RESERVE_HEADER, R4_PAGE_SIZE, true);
    for (uint32_t core = 0; core < instance->layout.core_count; core++) {
        uint64_t offset = R4_CORE_OFFSET + (uint64_t)core * R4_CORE_STRIDE;
        map_private(base + R4_AREA_CORES + offset, R4_CORE_STRIDE - R4_CORE_OFFSET);
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
    struct elf_file file;
    struct linker_plan plan;
    object_open(path, &file);
    struct refusal why;
    if (!linker_plan(&file, &plan, &why)) {
        sim_fail("host", "%s: %s", path, why.text);
    }
    sim.instances = instances;
    sim.cpus = cpus;
    layout_header =
        (struct r4_layout_header){.cluster_count = (uint16_t)sim.cluster_count, .ring_slots = (uint16_t)sim.ring_slots};
    symbols_collect(&file);
    for (uint32_t number = 0; number < sim.cluster_count; number++) {
        instance_plan(number);
    }
    for (uint32_t number = 0; number < sim.cluster_count; number++) {
        struct instance *instance = &instances[number];
        image_link(instance, &file, &plan);
        entries_find(instance, &file, &plan);
        areas_map(instance);
        header_fill(instance);
        info_fill(instance);
    }
}
