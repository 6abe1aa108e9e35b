// SPDX-License-Identifier: MIT
//
// All interleavings of a proxy's owner and a kernel, under the memory order of C++11, in which a load may give an
// old value and stores pass each other unless acquire and release forbid it: relacy's full search. race.c is compiled
// for ThreadSanitizer; here are the functions that it calls for each atomic access, so that the shipped code itself is
// searched. Each race must end as it says: those with a wrong way to write must be caught.

#include <relacy/relacy_std.hpp>

extern "C" {
#include "race.h"
}

#include <cstdlib>
#include <iostream>

extern "C" void contract_failed(const char *condition, const char *file, int line) {
    std::cerr << "contract: " << condition << " (" << file << ":" << line << ")\n";
    std::abort();
}

static rl::atomic<unsigned long> *words; // in place of the proxy's words
static unsigned long *proxy;

static bool is_word(const volatile unsigned long *address) { return address >= proxy && address < proxy + RACE_WORDS; }

extern "C" {
unsigned long __tsan_atomic64_load(const volatile unsigned long *from, int order) {
    return is_word(from) ? words[from - proxy].load(rl::memory_order(order), $) : *from;
}

void __tsan_atomic64_store(volatile unsigned long *to, unsigned long value, int order) {
    if (is_word(to)) {
        words[to - proxy].store(value, rl::memory_order(order), $);
    } else {
        *to = value;
    }
}

int __tsan_atomic64_compare_exchange_strong(volatile unsigned long *to, unsigned long *expected, unsigned long value,
                                            int order, int failure) {
    return words[to - proxy].compare_exchange_strong(*expected, value, rl::memory_order(order), $,
                                                     rl::memory_order(failure), $);
}

// Accesses that are not atomic are to what nobody writes meanwhile.
#define IGNORED(size)                                                                                                  \
    void __tsan_read##size(void *) {}                                                                                  \
    void __tsan_write##size(void *) {}
IGNORED(1) IGNORED(2) IGNORED(4) IGNORED(8) IGNORED(16) void __tsan_read_range(void *, unsigned long) {}
void __tsan_write_range(void *, unsigned long) {}
void __tsan_func_entry(void *) {}
void __tsan_func_exit(void) {}
void __tsan_init(void) {}
}

// What the owner does, one call after the other, and what the kernel does: under its lock, so on one core at a time.
struct race_plan {
    const char *name;
    unsigned flags;
    void (*owner)(void);
    int (*kernel)(void);
    int turns; // of the kernel
    int last;  // meaning at the end, unless it was used up
    bool good;
};

static void rewrite(void) { race_write(1); }
static void rewrite_twice(void) { race_write(1), race_write(2); }
static void rewrite_back(void) { race_write(1), race_write(0); }
static void stopped(void) { race_write_half(1), race_write(2); }
static void clear(void) { race_clear(); }
static void clear_and_write(void) { race_clear(), race_write(1); }
static void uncleared(void) { race_write_uncleared(1); }
static void early(void) { race_write_early(1); }
static void relaxed(void) { race_write_relaxed(1); }
static void unchanged(void) { race_write_unchanged(1), race_write_unchanged(0); }

static int use(void) {
    unsigned serial;
    return race_use(&serial);
}

static const race_plan plans[] = {
    {"rewritten", 0, rewrite, race_walk, 1, 1, true},
    {"rewritten twice", 0, rewrite_twice, race_walk, 1, 2, true},
    {"rewritten and back", 0, rewrite_back, race_walk, 1, 0, true},
    {"stopped, rewritten", 0, stopped, race_walk, 1, 2, true},
    {"cleared", 0, clear, race_walk, 1, RACE_NOTHING, true},
    {"cleared and written", 0, clear_and_write, race_walk, 1, 1, true},
    {"single-use, rewritten", 1, rewrite, use, 2, 1, true},
    {"single-use, cleared", 1, clear, use, 2, RACE_NOTHING, true},
    {"not cleared before", 0, uncleared, race_walk, 1, 1, false},
    {"word 0 not last", 0, early, race_walk, 1, 1, false},
    {"relaxed stores", 0, relaxed, race_walk, 1, 1, false},
    {"serial unchanged", 0, unchanged, race_walk, 1, 0, false},
};

static const race_plan *plan;

struct race : rl::test_suite<race, 2> {
    rl::atomic<unsigned long> word[RACE_WORDS];
    int used[RACE_MEANINGS];

    void before() {
        words = word;
        proxy = race_start(plan->flags);
        for (int i = 0; i < RACE_WORDS; i++) {
            word[i].store(0, rl::mo_relaxed, $);
            used[i] = 0;
        }
        race_write(0);
    }

    void thread(unsigned number) {
        if (number == 0) {
            plan->owner();
            return;
        }
        for (int turn = 0; turn < plan->turns; turn++) {
            int meaning = plan->kernel();
            RL_ASSERT(meaning != RACE_MIXTURE);
            if (meaning >= 0) {
                used[meaning]++;
                RL_ASSERT(plan->kernel != use || used[meaning] == 1);
            }
        }
    }

    void after() {
        bool gone = plan->last == RACE_NOTHING || (plan->kernel == use && used[plan->last] != 0);
        RL_ASSERT(race_walk() == (gone ? RACE_NOTHING : plan->last));
    }
};

static bool search(std::ostream &output, unsigned long *interleavings) {
    rl::test_params params;
    params.search_type = rl::fair_full_search_scheduler_type;
    params.iteration_count = 1000000000;
    params.output_stream = &output;
    params.progress_stream = &output;
    bool good = rl::simulate<race>(params);
    *interleavings = params.stop_iteration;
    return good;
}

// True if the race of `plan` ends as it says; else its story is printed.
static bool ends_as_planned(void) {
    std::ostream silence(NULL);
    unsigned long interleavings;
    bool good = search(silence, &interleavings);
    printf("%-22s %-11s after %6lu interleavings\n", plan->name, good ? "never mixed" : "caught", interleavings);
    fflush(stdout);
    if (good != plan->good) {
        search(std::cout, &interleavings);
    }
    return good == plan->good;
}

int main() {
    bool good = true;
    for (plan = plans; plan < plans + sizeof(plans) / sizeof(plans[0]); plan++) {
        good = ends_as_planned() && good;
    }
    return good ? 0 : 1;
}
