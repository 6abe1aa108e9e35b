/* SPDX-License-Identifier: MIT
 *
 * Tables, memory map and layout together: topology_check, derive_layout, device_check, and the placement of a layout
 * that fits, as the coordinator does it. Input = five sections (MADT, SRAT, SLIT, RAM ranges as pairs of 64-bit words,
 * layout), each after its 16-bit length; no SRAT, SLIT or layout if that section is too short. The mutator changes one
 * section at a time, and repairs the layout.
 */
#include "core/derive.h"
#include "core/device.h"
#include "core/place.h"
#include "fuzz.h"

enum { SECTION_MADT, SECTION_SRAT, SECTION_SLIT, SECTION_RAM, SECTION_LAYOUT, SECTIONS };

struct section {
    const uint8_t *bytes;
    size_t size;
};

static struct madt madt;
static struct srat srat;
static struct slit slit;
static struct ranges ram;
static struct derive derive;
static struct acpi_header *tables[SECTION_RAM];

static void sections_split(const uint8_t *data, size_t size, struct section *sections) {
    for (unsigned i = 0; i < SECTIONS; i++) {
        size_t length = size >= 2 ? fuzz_read16(data) : 0;
        size_t skip = size >= 2 ? 2 : size;
        data += skip;
        size -= skip;
        length = length < size ? length : size;
        sections[i] = (struct section){data, length};
        data += length;
        size -= length;
    }
}

/* False: the coordinator would have stopped. */
static bool tables_read(const struct section *sections, struct topology *topology) {
    struct refusal why;
    for (unsigned i = 0; i < SECTION_RAM; i++) {
        tables[i] = fuzz_table(sections[i].bytes, sections[i].size);
    }
    *topology = (struct topology){.madt = &madt, .ram = &ram, .image_size = 40 * R4_PAGE_SIZE, .thread_bits = 1};
    if (tables[SECTION_MADT] == NULL || !madt_read(tables[SECTION_MADT], &madt, fuzz_notes(), &why)) {
        return false;
    }
    if (tables[SECTION_SRAT] != NULL && srat_read(tables[SECTION_SRAT], &srat, fuzz_notes(), &why) &&
        srat_fit(&srat, &ram, fuzz_notes(), &why)) {
        topology->srat = &srat;
    }
    if (tables[SECTION_SLIT] != NULL && slit_read(tables[SECTION_SLIT], &slit, fuzz_notes(), &why)) {
        topology->slit = &slit;
    }
    return true;
}

/* As the coordinator has it: nothing above R4_PHYS_MAX. */
static bool ram_read(const struct section *section) {
    struct fuzz_script script = {section->bytes, section->bytes + section->size};
    ram.count = 0;
    while (script.at < script.end) {
        phys_t base = fuzz_next(&script, 8);
        phys_t end = fuzz_next(&script, 8);
        if (!ranges_add(&ram, base, end)) {
            return false;
        }
    }
    return ranges_remove(&ram, R4_PHYS_MAX, UINT64_MAX) && ram.count != 0;
}

/* What a cluster gets is RAM, its own, and in no other cluster's. */
static void cluster_check(const struct topology *topology, const struct r4_layout *layout, uint32_t cluster,
                          struct ranges *given) {
    static struct ranges own;
    static struct ranges pools;
    bool fits;
    if (!topology_cluster_ram(topology, layout, cluster, &own)) {
        return;
    }
    fuzz_ranges(&own);
    for (uint32_t i = 0; i < own.count; i++) {
        FUZZ_CHECK(!ranges_meet(given, own.list[i].base, own.list[i].end));
        FUZZ_CHECK(ranges_add(given, own.list[i].base, own.list[i].end));
    }
    uint64_t left = place_pools(&own, &pools, &fits);
    fuzz_ranges(&pools);
    FUZZ_CHECK(fits && left + ranges_total(&pools) == ranges_total(&own));
    for (uint32_t i = 0; i < pools.count; i++) {
        FUZZ_CHECK(is_aligned(pools.list[i].base | pools.list[i].end, R4_LARGE_SIZE));
    }
    static struct r4_boot_pool list[R4_BOOT_POOLS];
    uint32_t listed = 0;
    FUZZ_CHECK(place_list(list, &listed, &pools, cluster) == (pools.count <= R4_BOOT_POOLS));
    FUZZ_CHECK(listed == (pools.count < R4_BOOT_POOLS ? pools.count : R4_BOOT_POOLS));
    static struct ranges gibs;
    gibs.count = 0;
    FUZZ_CHECK(place_gibs(&pools, &gibs));
    fuzz_ranges(&gibs);
    struct place_need need = {.image_size = 40 * R4_PAGE_SIZE,
                              .peers = layout->header->cluster_count - 1U,
                              .cores = layout->clusters[cluster].core_count,
                              .gibs = &gibs};
    struct ranges used = {.count = 0};
    phys_t base;
    FUZZ_CHECK(ranges_add(&used, 0x1ff000, 0x202000));
    if (gibs.count != 0 && place_find(&pools, &used, place_reserve_size(&need), &base)) {
        struct place_reserve reserve = place_reserve_at(&need, base);
        FUZZ_CHECK(is_aligned(reserve.base | reserve.size, R4_LARGE_SIZE));
        FUZZ_CHECK(!ranges_meet(&used, reserve.base, reserve.base + reserve.size));
        FUZZ_CHECK(ranges_remove(&pools, 0, reserve.base) && pools.list[0].base == reserve.base);
        FUZZ_CHECK(pools.list[0].end >= reserve.base + reserve.size);
        FUZZ_CHECK(reserve.tables + (uint64_t)reserve.table_count * R4_PAGE_SIZE <= reserve.base + reserve.size);
    }
}

static void clusters_check(const struct topology *topology, const struct r4_layout *layout) {
    static struct ranges given;
    given.count = 0;
    for (uint32_t i = 0; i < layout->header->cluster_count; i++) {
        cluster_check(topology, layout, i, &given);
    }
    FUZZ_CHECK(ranges_subtract(&given, &ram) && given.count == 0);
}

/* Each I/O APIC has one owner, and no page has two. */
static void owners_check(const struct r4_layout *layout) {
    const struct madt_io_apic *own;
    static uint32_t pages[R4_MAX_IO_APICS]; /* address / 4 KiB */
    static uint32_t owners[R4_MAX_IO_APICS];
    uint32_t count = 0;
    for (uint32_t cluster = 0; cluster < layout->header->cluster_count; cluster++) {
        for (uint32_t i = 0; (own = device_io_apic(&madt, layout, cluster, i)) != NULL; i++) {
            FUZZ_CHECK(count < madt.io_apic_count);
            pages[count] = (uint32_t)(own->base / R4_PAGE_SIZE);
            owners[count] = cluster;
            for (uint32_t other = 0; other < count; other++) {
                FUZZ_CHECK(pages[other] != pages[count] || owners[other] == owners[count]);
            }
            count++;
        }
    }
    FUZZ_CHECK(count == madt.io_apic_count);
}

static void layout_try(const struct topology *topology, const struct section *section) {
    struct refusal why;
    struct r4_layout layout;
    uint8_t *copy = fuzz_copy(section->bytes, section->size);
    if (fuzz_good(r4_layout_open(copy, section->size, &layout, &why), &why)) {
        bool fits = topology_check(topology, &layout, &why) && device_check(&madt, &layout, &why);
        if (fuzz_good(fits, &why)) {
            clusters_check(topology, &layout);
            owners_check(&layout);
        }
    }
    free(copy);
}

/* A layout that was derived from the tables does not contradict them. */
static void derive_try(const struct topology *topology) {
    struct refusal why;
    struct r4_layout layout;
    if (!fuzz_good(derive_layout(topology, madt.cores[0].apic_id, 254, &derive, &layout, &why), &why)) {
        return;
    }
    bool fits = topology_check(topology, &layout, &why) && device_check(&madt, &layout, &why);
    fuzz_check(fits, why.text, __FILE__, __LINE__);
    clusters_check(topology, &layout);
    owners_check(&layout);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct section sections[SECTIONS];
    struct topology topology;
    phys_t page;
    sections_split(data, size, sections);
    if (ram_read(&sections[SECTION_RAM]) && tables_read(sections, &topology)) {
        layout_try(&topology, &sections[SECTION_LAYOUT]);
        derive_try(&topology);
        FUZZ_CHECK(!place_low_page(&ram, &(struct ranges){.count = 0}, &page) || ranges_meet(&ram, page, page + 1));
    }
    for (unsigned i = 0; i < SECTION_RAM; i++) {
        free(tables[i]);
        tables[i] = NULL;
    }
    return 0;
}

static void layout_seal(uint8_t *data, size_t size) {
    struct r4_layout_header header;
    if (size >= sizeof(header)) {
        memcpy(&header, data, sizeof(header));
        header.size = (uint32_t)size;
        header.checksum = 0;
        memcpy(data, &header, sizeof(header));
        header.checksum = r4_crc32(0, data, size);
        memcpy(data, &header, sizeof(header));
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
    static uint8_t out[1U << 16];
    struct section sections[SECTIONS];
    size_t at = 0;
    sections_split(data, size, sections);
    for (unsigned i = 0; i < SECTIONS; i++) {
        size_t room = max > at + 2 && sizeof(out) > at + 2 ? (max < sizeof(out) ? max : sizeof(out)) - at - 2 : 0;
        size_t length = sections[i].size < room ? sections[i].size : room;
        if (room == 0) {
            break;
        }
        memcpy(out + at + 2, sections[i].bytes, length);
        if (seed % SECTIONS == i) {
            length = LLVMFuzzerMutate(out + at + 2, length, room);
        }
        if (i == SECTION_LAYOUT) {
            layout_seal(out + at + 2, length);
        }
        out[at] = (uint8_t)length;
        out[at + 1] = (uint8_t)(length >> 8);
        at += 2 + length;
    }
    memcpy(data, out, at);
    return at;
}
