/* SPDX-License-Identifier: MIT
 *
 * The families, in the order in which they run. Every cluster goes through the same list.
 */
#include "bench/cases.h"
#include "bench/bench.h"
#include "bench/figure.h"
#include "bench/play.h"
#include "lib/info.h"
#include "lib/print.h"
#include <r4/string.h>

#define CASES_SIZE     200U /* bytes of the command line's choice */
#define REPEAT         8U   /* samples of a case, unless the command line says more or less */
#define CHAIN_DEPTHS   14U
#define CHILDREN       32U
#define TREE_DEPTH     3U
#define LONG_FRAMES    512U /* what 2 MiB hold */
#define UNRELATED_SIZE R4_LARGE_BITS

static uint32_t repeat;

static uint32_t clusters(void) { return r4_info()->cluster_count; }

static uint32_t log2_of(uint32_t number) { return 31U - (uint32_t)__builtin_clz(number); }

/* Local figures are cluster 0's alone, those of remote.c also its peer's. */
static void today_run(void) {
    if (r4_info()->cluster == 0) {
        bench_local();
        if (clusters() > 1) {
            bench_remote();
        }
    } else if (r4_info()->cluster == BENCH_PEER) {
        bench_remote_peer();
    }
}

static void handoff_run(void) {
    static const uint32_t sizes_mib[] = {2, 64, 1024};
    for (uint32_t i = 0; i < R4_COUNT(sizes_mib); i++) {
        struct plan plan;
        plan_single(&plan, R4_LARGE_BITS - 1 + log2_of(sizes_mib[i]));
        plan.act = PLAN_HANDOFF;
        play(&plan, repeat, "remote.handoff.mib.%u", sizes_mib[i]);
        plan.act = PLAN_REVOKE;
        play(&plan, repeat, "remote.revoke.mib.%u", sizes_mib[i]);
    }
}

/* Frames of 4 KiB, of 2 MiB or of as much as they need. */
static void content_play(uint32_t frames, bool mapped) {
    struct plan plan;
    plan_single(&plan, frames <= LONG_FRAMES ? R4_LARGE_BITS : R4_PAGE_BITS + log2_of(frames));
    plan.frames = frames;
    plan.mapped = mapped;
    play(&plan, repeat, mapped ? "remote.revoke.mapped.%u" : "remote.revoke.frames.%u", frames);
}

static void content_run(void) {
    static const uint32_t counts[] = {1, 8, 64, LONG_FRAMES, 4096};
    content_play(0, false);
    for (uint32_t i = 0; i < R4_COUNT(counts); i++) {
        content_play(counts[i], false);
    }
    for (uint32_t i = 0; i < R4_COUNT(counts); i++) {
        content_play(counts[i], true);
    }
}

static void fan_out_run(void) {
    for (uint32_t peers = 0; peers < clusters(); peers++) {
        struct plan plan;
        plan_fan_out(&plan, peers);
        play(&plan, repeat, "remote.revoke.peers.%u", peers);
    }
}

static void chain_run(void) {
    for (uint32_t depth = 1; depth <= CHAIN_DEPTHS; depth++) {
        struct plan plan;
        plan_chain(&plan, depth, 2);
        play(&plan, repeat, "remote.revoke.chain.%u", depth);
    }
    for (uint32_t depth = 1; depth <= CHAIN_DEPTHS && clusters() > 2; depth++) {
        struct plan plan;
        plan_chain(&plan, depth, clusters());
        play(&plan, repeat, "remote.revoke.round.%u", depth);
    }
}

static void tree_run(void) {
    static const uint32_t peers[] = {1, 2, 4, 7};
    struct plan plan;
    plan_tree(&plan, TREE_DEPTH, clusters());
    play(&plan, repeat, "remote.revoke.tree.%u", TREE_DEPTH);
    for (uint32_t i = 0; i < R4_COUNT(peers) && peers[i] < clusters(); i++) {
        plan_children(&plan, CHILDREN, peers[i]);
        play(&plan, repeat, "remote.revoke.children.%u", peers[i]);
    }
}

static void unrelated_run(void) {
    static const uint32_t counts[] = {0, 256, 65536};
    for (uint32_t i = 0; i < R4_COUNT(counts); i++) {
        struct plan plan;
        plan_single(&plan, UNRELATED_SIZE);
        plan.unrelated = counts[i];
        plan.act = PLAN_HANDOFF;
        play(&plan, repeat, "remote.handoff.unrelated.%u", counts[i]);
        plan.act = PLAN_REVOKE;
        play(&plan, repeat, "remote.revoke.unrelated.%u", counts[i]);
    }
}

/* Of 1 to all clusters. With 2 of them two revokes cross; ancestor and descendant are cluster 0 and the one it lent to.
 */
static void at_once_run(void) {
    struct plan plan;
    for (uint32_t number = 2; number <= clusters(); number++) {
        plan_each_own(&plan, number);
        play(&plan, repeat, "remote.at_once.own.%u", number);
    }
    if (clusters() > 2) {
        plan_chain(&plan, 2, 3);
        plan.act = PLAN_AT_ONCE;
        plan.actors = 3;
        play(&plan, repeat, "remote.at_once.ancestor.%u", 2);
    }
}

static const struct family {
    const char *name;
    void (*run)(void);
    uint32_t clusters; /* that it needs */
} families[] = {{"today", today_run, 1},     {"handoff", handoff_run, 2},    {"content", content_run, 2},
                {"peers", fan_out_run, 2},   {"chain", chain_run, 2},        {"tree", tree_run, 2},
                {"at_once", at_once_run, 2}, {"unrelated", unrelated_run, 2}};

/* The text after the first comma, or its end. */
static const char *after_comma(const char *text) {
    while (*text != ',' && *text != '\0') {
        text++;
    }
    return text + (*text == ',');
}

/* True if `name` is one of the names in the list, which have commas between them. */
static bool list_has(const char *list, const char *name) {
    for (; *list != '\0'; list = after_comma(list)) {
        size_t length = string_length(name);
        if (string_starts(list, name) && (list[length] == ',' || list[length] == '\0')) {
            return true;
        }
    }
    return false;
}

/* Every name of the list is that of a family. */
static void names_check(const char *list) {
    for (; *list != '\0'; list = after_comma(list)) {
        char name[CASES_SIZE];
        (void)string_copy(name, sizeof(name), list);
        name[after_comma(name) - name - (after_comma(name)[-1] == ',')] = '\0';
        bool known = string_equal(name, "all");
        for (uint32_t i = 0; i < R4_COUNT(families); i++) {
            known |= string_equal(name, families[i].name);
        }
        if (!known) {
            struct print_unknown unknown;
            print_unknown_begin(&unknown, "family of cases", name);
            for (uint32_t i = 0; i < R4_COUNT(families); i++) {
                print_unknown_add(&unknown, families[i].name);
            }
            print_unknown_end(&unknown);
            fail(R4_ERR_ARGUMENT, "the choice of cases");
        }
    }
}

bool cases_are_chosen(void) {
    char list[CASES_SIZE];
    return string_option(r4_info()->command, "cases", list, sizeof(list));
}

static uint32_t repeat_option(void) {
    char option[8];
    uint64_t number = REPEAT;
    if (string_option(r4_info()->command, "repeat", option, sizeof(option)) && string_number(option, &number) == NULL) {
        number = 0;
    }
    require(number >= 1 && number <= FIGURE_SAMPLES, "repeat=1 to repeat=64");
    return (uint32_t)number;
}

static void family_run(const struct family *family, uint32_t number) {
    bool tells = r4_info()->cluster == 0;
    if (family->clusters > clusters()) {
        if (tells) {
            print("left out %s: it needs %u clusters", family->name, family->clusters);
        }
        return;
    }
    if (tells) {
        print("family %s, %u of %u", family->name, number, (uint32_t)R4_COUNT(families));
    }
    family->run();
}

void cases_run(void) {
    char list[CASES_SIZE];
    (void)string_option(r4_info()->command, "cases", list, sizeof(list));
    names_check(list);
    repeat = repeat_option();
    figure_calibrate();
    for (uint32_t i = 0; i < R4_COUNT(families); i++) {
        if (list_has(list, "all") || list_has(list, families[i].name)) {
            family_run(&families[i], i + 1);
        }
    }
}
