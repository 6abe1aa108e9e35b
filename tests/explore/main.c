/* SPDX-License-Identifier: MIT
 *
 *     r4explore KERNEL.o SCENARIO [--kill CLUSTER] [--limit STATES] [--ends] [--expect NAME]
 *
 * Exhaustive search of what a few kernel instances can do in a small scenario: in which order their processors access
 * shared memory, when it takes their stores, when interrupts come, when one of them dies. The kernel is the shipped
 * source, compiled so that each access is reported. With --expect the run looks for the bug NAME, and fails if it was
 * not found. With --ends all kinds of ends are printed.
 *
 * Which file does what:
 *
 *   main, search            arguments, failures; all states, breadth first
 *   state                   the state of everything as changed cache lines, its hash, taking it back
 *   script, scenarios       what can happen next; who calls what
 *   places, ends            where things are in a window; how a run may end
 *   access, machine         accesses to shared memory; machine.h as the kernels call it
 *
 * From the simulator (tests/sim): instance, memory, cpu, tlb, check, audit and what that calls. Whatever those draw is
 * the smallest here: one core, one pool of two blocks.
 */
#define _GNU_SOURCE
#include "memory.h"
#include "script.h"
#include "search.h"
#include "state.h"
#include "versions.h"
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAIN_LIMIT 50000000U /* states */
#define MAIN_TEXT  512U

struct sim sim;
static struct sim_totals totals;
struct sim_totals *sim_totals = &totals;

uint64_t sim_random(uint64_t below) {
    (void)below;
    return 0;
}

void sim_fail(const char *name, const char *text, ...) {
    char line[MAIN_TEXT];
    va_list arguments;
    va_start(arguments, text);
    int length = snprintf(line, sizeof(line), "%s: ", name);
    vsnprintf(line + length, sizeof(line) - (size_t)length, text, arguments);
    va_end(arguments);
    if (search_is_running() && strcmp(name, "host") != 0) {
        search_failed(line);
    }
    printf("broken: %s\n", line);
    fflush(stdout);
    _exit(2);
}

/* States come in no order of time: there is nothing to compare with. */
void versions_check(const struct cap_scan *scan) { (void)scan; }

static void on_signal(int number, siginfo_t *info, void *context) {
    char text[MAIN_TEXT];
    uintptr_t address = (uintptr_t)info->si_addr;
    (void)context;
    if (number == SIGSEGV && state_written(address)) {
        return;
    }
    if (number == SIGSEGV && memory_explain(address, text, sizeof(text))) {
        sim_fail("isolation", "%s", text);
    }
    sim_fail("fault", "signal %d (%s), address %lx", number, strsignal(number), address);
}

static void signals_catch(void) {
    static uint8_t stack[64U << 10];
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigaltstack(&alternate, NULL);
    for (size_t i = 0; i < R4_COUNT(numbers); i++) {
        sigaction(numbers[i], &action, NULL);
    }
}

static _Noreturn void usage(void) {
    fputs("usage: r4explore KERNEL.o SCENARIO [--kill CLUSTER] [--limit STATES] [--ends] [--expect NAME]\n", stderr);
    script_print_all();
    exit(2);
}

static uint64_t number_of(const char *text) {
    char *end;
    uint64_t number = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0') {
        fprintf(stderr, "r4explore: '%s' is no number\n", text);
        exit(2);
    }
    return number;
}

static double processor_time(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int count, char **arguments) {
    static const struct option options[] = {{"kill", 1, NULL, 'k'},
                                            {"limit", 1, NULL, 'l'},
                                            {"expect", 1, NULL, 'e'},
                                            {"ends", 0, NULL, 'n'},
                                            {NULL, 0, NULL, 0}};
    uint64_t limit = MAIN_LIMIT;
    const char *expect = NULL;
    bool ends = false;
    int victim = -1;
    for (int option; (option = getopt_long(count, arguments, "", options, NULL)) != -1;) {
        switch (option) {
        case 'k':
            victim = (int)number_of(optarg);
            break;
        case 'l':
            limit = number_of(optarg);
            break;
        case 'n':
            ends = true;
            break;
        case 'e':
            expect = optarg;
            break;
        default:
            usage();
        }
    }
    if (optind + 2 != count) {
        usage();
    }
    if (!script_choose(arguments[optind + 1], victim)) {
        fprintf(stderr, "r4explore: there is no scenario '%s' with that cluster\n", arguments[optind + 1]);
        usage();
    }
    sim.options.kernel = arguments[optind];
    signals_catch();
    memory_create();
    instance_load_all(sim.options.kernel);
    script_start();
    struct search_result result = search_run(limit, expect);
    if (expect != NULL) {
        printf("%s: NOT caught in %lu states\n", expect, result.states);
        return 1;
    }
    if (ends) {
        script_print_ends();
    }
    char killed[32] = "";
    if (victim >= 0) {
        snprintf(killed, sizeof(killed), ", c%d dies", victim);
    }
    printf("%s%s: %lu states, %lu moves, depth %lu, %lu ends, %lu passes, %.1f s: %s\n", arguments[optind + 1], killed,
           result.states, result.moves, result.depth, result.ends, result.passes, processor_time(),
           result.whole ? "complete" : "CUT at the limit");
    return result.whole ? 0 : 1;
}
