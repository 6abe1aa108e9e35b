/* SPDX-License-Identifier: MIT
 *
 * A plugin for QEMU that says which cache lines move between processors while a program's observed cases run
 * (user/lib/observed.h), by the model of coherence.h. The guest does not notice. It needs a QEMU that runs one
 * processor at a time; with `-icount` the moves are the same in every run.
 *
 *   -plugin line_counter.so,out=FILE,begin=ADDRESS,end=ADDRESS,cluster=MASK…
 *
 * The instruction at `begin` reads the name of a case; from then on, until the one at `end` is executed, moves are
 * told. A processor that is in no mask is a cluster of its own. FILE has for each case
 *
 *   case ADDRESS PROCESSOR               where its name is, who begins it
 *   read|fetch|upgrade PROCESSOR FROM ADDRESS INSTRUCTION
 *   end                                  "nested": another case began before; what follows is worthless
 *
 * with the virtual address of the access, in hexadecimal. What the processor itself reads (page tables, descriptors) is
 * not seen.
 */
#include "coherence.h"
#include "qemu_plugin.h"
#include <inttypes.h>
#include <stdlib.h>

#define LINE_BYTES (1U << COHERENCE_LINE_BITS)

static const char *const move_names[] = {[LINE_READ] = "read", [LINE_FETCH] = "fetch", [LINE_UPGRADE] = "upgrade"};

static struct coherence model;
static uint64_t begin, end;
static bool open_case;
static FILE *out;

/* --- executed instructions --- */

static void on_begin(unsigned processor, qemu_plugin_meminfo_t info, uint64_t name, void *unused) {
    (void)info;
    (void)unused;
    fprintf(out, open_case ? "nested %" PRIx64 " %u\n" : "case %" PRIx64 " %u\n", name, processor);
    open_case = true;
}

static void on_end(unsigned processor, void *unused) {
    (void)processor;
    (void)unused;
    if (open_case) {
        fprintf(out, "end\n");
        open_case = false;
    }
}

static void line_touch(unsigned processor, uint64_t number, bool store, uint64_t address, void *instruction) {
    struct line_event event = coherence_access(&model, processor, number, store);
    if (event.move != LINE_STAYS && open_case) {
        fprintf(out, "%s %u %u %" PRIx64 " %" PRIxPTR "\n", move_names[event.move], processor, event.from, address,
                (uintptr_t)instruction);
    }
}

static void on_access(unsigned processor, qemu_plugin_meminfo_t info, uint64_t address, void *instruction) {
    const struct qemu_plugin_hwaddr *place = qemu_plugin_get_hwaddr(info, address);
    if (place == NULL || qemu_plugin_hwaddr_is_io(place)) {
        return;
    }
    if (processor >= COHERENCE_PROCESSORS) {
        fprintf(stderr, "line_counter: more than %u processors\n", COHERENCE_PROCESSORS);
        exit(1);
    }
    uint64_t physical = qemu_plugin_hwaddr_phys_addr(place);
    uint64_t last = physical + (1ULL << qemu_plugin_mem_size_shift(info)) - 1;
    bool store = qemu_plugin_mem_is_store(info);
    for (uint64_t at = physical; at / LINE_BYTES <= last / LINE_BYTES; at += LINE_BYTES - at % LINE_BYTES) {
        line_touch(processor, at / LINE_BYTES, store, address + at - physical, instruction);
    }
}

/* --- translation --- */

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint64_t address = qemu_plugin_insn_vaddr(insn);
        if (address == begin) {
            qemu_plugin_register_vcpu_mem_cb(insn, on_begin, QEMU_PLUGIN_NO_REGISTERS, QEMU_PLUGIN_ACCESSES, NULL);
            continue;
        }
        if (address == end) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_end, QEMU_PLUGIN_NO_REGISTERS, NULL);
        }
        qemu_plugin_register_vcpu_mem_cb(insn, on_access, QEMU_PLUGIN_NO_REGISTERS, QEMU_PLUGIN_ACCESSES,
                                         (void *)(uintptr_t)address);
    }
}

static void on_exit_of_emulator(qemu_plugin_id_t id, void *unused) {
    (void)id;
    (void)unused;
    fclose(out);
    coherence_end(&model);
}

static bool argument_take(const char *argument) {
    const char *value;
    if ((value = argument_value(argument, "out")) != NULL) {
        return (out = fopen(value, "w")) != NULL;
    }
    if ((value = argument_value(argument, "begin")) != NULL) {
        return (begin = strtoull(value, NULL, 16)) != 0;
    }
    if ((value = argument_value(argument, "end")) != NULL) {
        return (end = strtoull(value, NULL, 16)) != 0;
    }
    if ((value = argument_value(argument, "cluster")) != NULL) {
        coherence_cluster(&model, strtoull(value, NULL, 16));
        return true;
    }
    return false;
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv) {
    (void)info;
    if (!coherence_start(&model) || !arguments_take("line_counter", argc, argv, argument_take)) {
        return 1;
    }
    if (out == NULL || begin == 0 || end == 0) {
        fprintf(stderr, "line_counter: an argument is missing\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_atexit_cb(id, on_exit_of_emulator, NULL);
    return 0;
}
