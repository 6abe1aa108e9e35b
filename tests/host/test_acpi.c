/* SPDX-License-Identifier: MIT
 *
 * Root pointer, root table, search, and the FADT: good ones, and each way to be wrong.
 */
#include "acpi_fixture.h"
#include "core/fadt.h"
#include "suite.h"

#define RSDT_BASE 0x1000U
#define FAR_BASE  0x100000000ULL /* where only an XSDT can point */

/* Physical memory of a test: some tables at some addresses, nothing in between. */
struct place {
    phys_t base;
    const void *bytes;
    uint64_t size;
};

static struct place places[8];
static size_t place_count;

static const void *place_at(void *context, phys_t base, uint64_t size) {
    (void)context;
    for (size_t i = 0; i < place_count; i++) {
        if (base >= places[i].base && size <= places[i].size && base - places[i].base <= places[i].size - size) {
            return (const uint8_t *)places[i].bytes + (base - places[i].base);
        }
    }
    return NULL;
}

static const struct acpi_memory memory = {.at = place_at};

static void place_add(phys_t base, const struct acpi_header *table) {
    places[place_count++] = (struct place){base, table, table->length};
}

static uint8_t sum_of(const void *bytes, size_t size) {
    uint8_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + ((const uint8_t *)bytes)[i]);
    }
    return sum;
}

static void rsdp_seal(struct acpi_rsdp *rsdp) {
    rsdp->checksum = 0;
    rsdp->extended_checksum = 0;
    rsdp->checksum = (uint8_t)-sum_of(rsdp, 20);
    rsdp->extended_checksum = (uint8_t)-sum_of(rsdp, 36);
}

static struct acpi_rsdp rsdp_make(uint8_t revision, uint64_t xsdt) {
    struct acpi_rsdp rsdp = {.signature = {'R', 'S', 'D', ' ', 'P', 'T', 'R', ' '}, .revision = revision};
    rsdp.rsdt = RSDT_BASE;
    rsdp.length = 36;
    rsdp.xsdt = xsdt;
    rsdp_seal(&rsdp);
    return rsdp;
}

/* RSDT at 0x1000 or XSDT above 4 GiB; MADT, SRAT and FADT where the fixtures say. */
static void machine_make(const char *root_table, phys_t base) {
    struct acpi_header *root = fixture_load(root_table);
    uint32_t width = (root->length - (uint32_t)sizeof(*root)) / 4;
    memset((uint8_t *)(root + 1) + width, 0, width); /* the second entry: seen in the field */
    fixture_seal(root);
    place_count = 0;
    place_add(base, root);
    place_add(0x2000, fixture_load("madt"));
    place_add(0x3000, fixture_load("srat"));
    place_add(0x4000, fixture_load("fadt"));
}

START_TEST(test_old_root_pointer) {
    struct acpi_rsdp rsdp = rsdp_make(0, 0);
    struct acpi_root root;
    machine_make("rsdt", RSDT_BASE);
    ck_assert(acpi_open(&memory, &rsdp, 20, false, &root, fixture_notes(), &why));
    ck_assert_uint_eq(root.count, 4);
    ck_assert(!root.is_wide);
}
END_TEST

START_TEST(test_new_root_pointer) {
    struct acpi_rsdp rsdp = rsdp_make(2, FAR_BASE);
    struct acpi_root root;
    machine_make("xsdt", FAR_BASE);
    ck_assert(acpi_open(&memory, &rsdp, 36, false, &root, fixture_notes(), &why));
    ck_assert_uint_eq(root.count, 4);
    ck_assert(root.is_wide);
}
END_TEST

START_TEST(test_new_root_pointer_without_xsdt) {
    struct acpi_rsdp rsdp = rsdp_make(2, 0);
    struct acpi_root root;
    machine_make("rsdt", RSDT_BASE);
    ck_assert(acpi_open(&memory, &rsdp, 36, false, &root, fixture_notes(), &why));
    ck_assert(!root.is_wide);
}
END_TEST

START_TEST(test_root_pointer_refused) {
    struct acpi_root root;
    struct acpi_rsdp rsdp = rsdp_make(0, 0);
    machine_make("rsdt", RSDT_BASE);
    fixture_expect(acpi_open(&memory, &rsdp, 19, false, &root, fixture_notes(), &why), "RSDP", FIXTURE_NO_ENTRY,
                   "it is shorter than 20 bytes");
    rsdp.signature[0] = 'X';
    fixture_expect(acpi_open(&memory, &rsdp, 20, false, &root, fixture_notes(), &why), "RSDP", FIXTURE_NO_ENTRY,
                   "its signature is wrong");
    rsdp = rsdp_make(0, 0);
    rsdp.rsdt++;
    fixture_expect(acpi_open(&memory, &rsdp, 20, false, &root, fixture_notes(), &why), "RSDP", FIXTURE_NO_ENTRY,
                   "the checksum of its first 20 bytes is wrong");
    rsdp = rsdp_make(2, FAR_BASE);
    fixture_expect(acpi_open(&memory, &rsdp, 35, false, &root, fixture_notes(), &why), "RSDP", FIXTURE_NO_ENTRY,
                   "it is shorter than 36 bytes");
    rsdp.xsdt++;
    fixture_expect(acpi_open(&memory, &rsdp, 36, false, &root, fixture_notes(), &why), "RSDP", FIXTURE_NO_ENTRY,
                   "its checksum is wrong");
    static const uint32_t lengths[] = {0, 35, 37, UINT32_MAX};
    for (size_t i = 0; i < R4_COUNT(lengths); i++) {
        rsdp.length = lengths[i];
        rsdp_seal(&rsdp);
        fixture_expect(acpi_open(&memory, &rsdp, 36, false, &root, fixture_notes(), &why), "RSDP", FIXTURE_NO_ENTRY,
                       "its length is wrong");
    }
}
END_TEST

START_TEST(test_root_table_refused) {
    struct acpi_rsdp rsdp = rsdp_make(0, 0);
    struct acpi_root root;
    place_count = 0;
    fixture_expect(acpi_open(&memory, &rsdp, 20, false, &root, fixture_notes(), &why), "RSDT", FIXTURE_NO_ENTRY,
                   "its address cannot be reached");
    place_add(RSDT_BASE, fixture_load("xsdt"));
    fixture_expect(acpi_open(&memory, &rsdp, 20, false, &root, fixture_notes(), &why), "RSDT", FIXTURE_NO_ENTRY,
                   "another signature is at its address");
    struct acpi_header *rsdt = fixture_load("rsdt");
    places[0] = (struct place){RSDT_BASE, rsdt, rsdt->length};
    rsdt->length = 35;
    fixture_expect(acpi_open(&memory, &rsdp, 20, false, &root, fixture_notes(), &why), "RSDT", FIXTURE_NO_ENTRY,
                   "its length is shorter than a header");
    rsdt->length = (16U << 20) + 1;
    fixture_expect(acpi_open(&memory, &rsdp, 20, false, &root, fixture_notes(), &why), "RSDT", FIXTURE_NO_ENTRY,
                   "its length is above 16 MiB");
    rsdt->length = (uint32_t)places[0].size + 1;
    fixture_expect(acpi_open(&memory, &rsdp, 20, false, &root, fixture_notes(), &why), "RSDT", FIXTURE_NO_ENTRY,
                   "its end cannot be reached");
}
END_TEST

START_TEST(test_root_table_odd) {
    struct acpi_rsdp rsdp = rsdp_make(0, 0);
    struct acpi_root root;
    struct acpi_header *rsdt = fixture_load("rsdt");
    machine_make("rsdt", RSDT_BASE);
    places[0].bytes = rsdt;
    memset((uint8_t *)(rsdt + 1) + 4, 0, 4);
    fixture_seal(rsdt);
    rsdt->checksum++;
    ck_assert(acpi_open(&memory, &rsdp, 20, false, &root, fixture_notes(), &why));
    fixture_expect_note("warning: ACPI table RSDT: its checksum is wrong");
    ck_assert_uint_eq(root.count, 4);
    rsdt->length--;
    fixture_seal(rsdt);
    ck_assert(acpi_open(&memory, &rsdp, 20, false, &root, fixture_notes(), &why));
    fixture_expect_note("ignored: ACPI table RSDT: what is after its last entry, bytes 3");
    ck_assert_uint_eq(root.count, 3);
}
END_TEST

/* The command line says root=rsdt. */
START_TEST(test_root_table_narrow) {
    struct acpi_rsdp rsdp = rsdp_make(2, FAR_BASE);
    struct acpi_root root;
    machine_make("rsdt", RSDT_BASE);
    place_add(FAR_BASE, fixture_load("xsdt"));
    ck_assert(acpi_open(&memory, &rsdp, 36, false, &root, fixture_notes(), &why) && root.is_wide);
    ck_assert(acpi_open(&memory, &rsdp, 36, true, &root, fixture_notes(), &why) && !root.is_wide);
    rsdp.rsdt = 0;
    rsdp_seal(&rsdp);
    ck_assert(acpi_open(&memory, &rsdp, 36, true, &root, fixture_notes(), &why) && root.is_wide);
}
END_TEST

static struct acpi_root root_make(void) {
    struct acpi_rsdp rsdp = rsdp_make(0, 0);
    struct acpi_root root;
    machine_make("rsdt", RSDT_BASE);
    ck_assert(acpi_open(&memory, &rsdp, 20, false, &root, fixture_notes(), &why));
    return root;
}

START_TEST(test_find) {
    struct acpi_root root = root_make();
    struct acpi_table table;
    ck_assert(acpi_find(&memory, &root, "SRAT", &table, fixture_notes(), &why));
    ck_assert_ptr_eq(table.header, places[2].bytes);
    ck_assert_uint_eq(table.duplicates, 0);
    ck_assert(acpi_find(&memory, &root, "SLIT", &table, fixture_notes(), &why));
    ck_assert_ptr_null(table.header);
}
END_TEST

START_TEST(test_find_duplicate) {
    struct acpi_root root = root_make();
    struct acpi_table table;
    places[3] = (struct place){0x4000, places[2].bytes, places[2].size};
    ck_assert(acpi_find(&memory, &root, "SRAT", &table, fixture_notes(), &why));
    ck_assert_ptr_nonnull(table.header);
    ck_assert_uint_eq(table.duplicates, 1);
}
END_TEST

START_TEST(test_find_odd) {
    struct acpi_root root = root_make();
    struct acpi_table table;
    struct acpi_header *srat = fixture_load("srat");
    places[2].bytes = srat;
    srat->oem_revision++;
    ck_assert(acpi_find(&memory, &root, "SRAT", &table, fixture_notes(), &why));
    fixture_expect_note("warning: ACPI table SRAT: its checksum is wrong");
    ck_assert_ptr_eq(table.header, srat);
    ck_assert(acpi_find(&memory, &root, "FACP", &table, fixture_notes(),
                        &why)); /* a table that nobody asks for may be wrong */
    places[2].base = 0x10000;
    struct acpi_rsdp rsdp = rsdp_make(0, 0);
    ck_assert(acpi_open(&memory, &rsdp, 20, false, &root, fixture_notes(), &why));
    fixture_expect_note("ignored: ACPI table RSDT, entry 2: its address cannot be reached");
    ck_assert(acpi_find(&memory, &root, "SRAT", &table, fixture_notes(), &why));
    ck_assert_ptr_null(table.header);
    ck_assert(acpi_find(&memory, &root, "FACP", &table, fixture_notes(), &why)); /* behind that entry */
    ck_assert_ptr_nonnull(table.header);
    srat->length = 35;
    places[2].base = 0x3000;
    fixture_expect(acpi_find(&memory, &root, "SRAT", &table, fixture_notes(), &why), "SRAT", FIXTURE_NO_ENTRY,
                   "its length is shorter than a header");
}
END_TEST

START_TEST(test_timer_port) {
    struct acpi_header *fadt = fixture_load("fadt");
    uint16_t port = 0;
    ck_assert(fadt_read(fadt, &port, &why));
    ck_assert_uint_eq(port, 0x1608); /* the generic address wins */
    ck_assert(fadt_read(fixture_cut(fadt, 219), &port, &why));
    ck_assert_uint_eq(port, 0x608); /* an old table has none */
    ck_assert(fadt_read(fixture_cut(fadt, 92), &port, &why));
    memset((uint8_t *)fadt + 212, 0, 8);
    ck_assert(fadt_read(fadt, &port, &why));
    ck_assert_uint_eq(port, 0x608); /* or an empty one */
}
END_TEST

START_TEST(test_timer_refused) {
    struct acpi_header *fadt = fixture_load("fadt");
    uint8_t *bytes = (uint8_t *)fadt;
    uint16_t port = 0;
    fixture_expect(fadt_read(fixture_cut(fadt, 91), &port, &why), "FACP", FIXTURE_NO_ENTRY,
                   "it is too short to name the PM timer");
    bytes[208] = 0; /* system memory */
    fixture_expect(fadt_read(fadt, &port, &why), "FACP", FIXTURE_NO_ENTRY, "the PM timer is not in I/O space");
    bytes[208] = 1;
    bytes[215] = 1;
    fixture_expect(fadt_read(fadt, &port, &why), "FACP", FIXTURE_NO_ENTRY, "the PM timer's port is above 0xfffc");
    memset(bytes + 212, 0, 8);
    bytes[91] = 0; /* length of the old timer block */
    fixture_expect(fadt_read(fadt, &port, &why), "FACP", FIXTURE_NO_ENTRY, "it names no PM timer");
}
END_TEST

SUITE_MAIN("acpi", test_old_root_pointer, test_new_root_pointer, test_new_root_pointer_without_xsdt,
           test_root_pointer_refused, test_root_table_refused, test_root_table_odd, test_root_table_narrow, test_find,
           test_find_duplicate, test_find_odd, test_timer_port, test_timer_refused)
