/* SPDX-License-Identifier: MIT
 *
 * A plugin for QEMU that counts the instructions of a boot: from the coordinator's first one to the system call by
 * which the last of the root tasks prints its first line. The guest does not notice. An element of a `rep` is one
 * instruction, as under `-icount`.
 *
 *   -plugin boot_counter.so,out=FILE,start=ADDRESS,end=ADDRESS,point=ADDRESS…
 *
 * The coordinator lies below `end` and begins at `start`; each kernel has a point of its own. FILE then has the line
 * "coordinator N kernels N programs N missing N"; `missing` is the number of points that were not executed.
 */
#include "qemu_plugin.h"
#include <inttypes.h>
#include <stdlib.h>

enum { POINTS = 64 };

static struct point {
    uint64_t address;
    bool seen;
} points[POINTS];
static size_t point_count, missing;
static uint64_t start, end;
static bool begun;
static uint64_t coordinator, kernels, programs;
static FILE *out;

/* --- executed instructions --- */

static void on_start(unsigned processor, void *unused) {
    (void)processor;
    (void)unused;
    begun = true;
}

static void on_point(unsigned processor, void *data) {
    struct point *point = data;
    (void)processor;
    missing -= point->seen ? 0 : 1;
    point->seen = true;
}

static void on_instruction(unsigned processor, void *count) {
    (void)processor;
    *(uint64_t *)count += begun && missing != 0 ? 1 : 0;
}

/* --- translation --- */

static uint64_t *count_of(uint64_t address) {
    if (address >> 63 != 0) {
        return &kernels;
    }
    return address < end ? &coordinator : &programs;
}

static void insn_watch(struct qemu_plugin_insn *insn) {
    uint64_t address = qemu_plugin_insn_vaddr(insn);
    if (address == start) {
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_start, QEMU_PLUGIN_NO_REGISTERS, NULL);
    }
    for (size_t i = 0; i < point_count; i++) {
        if (points[i].address == address) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_point, QEMU_PLUGIN_NO_REGISTERS, &points[i]);
        }
    }
    qemu_plugin_register_vcpu_insn_exec_cb(insn, on_instruction, QEMU_PLUGIN_NO_REGISTERS, count_of(address));
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        insn_watch(qemu_plugin_tb_get_insn(tb, i));
    }
}

static void on_exit_of_emulator(qemu_plugin_id_t id, void *unused) {
    (void)id;
    (void)unused;
    fprintf(out, "coordinator %" PRIu64 " kernels %" PRIu64 " programs %" PRIu64 " missing %zu\n", coordinator, kernels,
            programs, missing);
    fclose(out);
}

static bool argument_take(const char *argument) {
    const char *value;
    if ((value = argument_value(argument, "out")) != NULL) {
        return (out = fopen(value, "w")) != NULL;
    }
    if ((value = argument_value(argument, "start")) != NULL) {
        return (start = strtoull(value, NULL, 16)) != 0;
    }
    if ((value = argument_value(argument, "end")) != NULL) {
        return (end = strtoull(value, NULL, 16)) != 0;
    }
    if ((value = argument_value(argument, "point")) != NULL && point_count < POINTS) {
        points[point_count++].address = strtoull(value, NULL, 16);
        return true;
    }
    return false;
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv) {
    (void)info;
    if (!arguments_take("boot_counter", argc, argv, argument_take)) {
        return 1;
    }
    missing = point_count;
    if (out == NULL || start == 0 || end == 0 || point_count == 0) {
        fprintf(stderr, "boot_counter: an argument is missing\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_atexit_cb(id, on_exit_of_emulator, NULL);
    return 0;
}
