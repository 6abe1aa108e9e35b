/* SPDX-License-Identifier: MIT
 *
 *     r4sim KERNEL.o [--seed N | --seeds COUNT [--first N]] [--steps N] [--audit N] [--jobs N]
 *                    [--trace] [--progress SECONDS] [--expect NAME [--broken TEXT]]
 *
 * Runs COUNT seeds, each in a process of its own, and stops at the first that fails. With --expect the run looks for
 * the bug NAME: it prints after how many seeds it was found, and fails if it was not. With --broken the report of a
 * failure has to contain TEXT. Every SECONDS (10) it says on its error output how far it is.
 *
 * Which file does what:
 *
 *   main, schedule                  seeds and processes; one seed: a machine, who runs next, the end
 *   instance, machine               kernel instances, loaded by the boot linker; machine.h as they call it
 *   cpu, tlb, memory                processors (each upcall is a coroutine), translations, physical memory
 *   program, stores                 what user threads do: calls; plain loads and stores
 *   generator, chooser, setup       the next call; capabilities for it; calls that build spaces and threads
 *   loans                           calls about loans, in the seeds in which most are
 *   proxies, hostile                proxies that programs write; forged and replayed messages between clusters
 *   check                           what must hold after each turn, in constant time
 *   oracle_resolve, oracle_result   what a cap address leads to, and what a call must do, by the rules
 *   digest                          the state of a cluster as one number: a refused call does not change it
 *   audit                           what must hold of everything, checked now and then; with the help of
 *                                   cap_scan, mapping_audit, names (of address spaces), versions (of slots)
 *
 * mutants/ holds bugs of the kernel that have to be found; mutant.py puts one into a copy of the sources.
 */
#define _GNU_SOURCE
#include "memory.h"
#include "program.h"
#include "schedule.h"
#include <getopt.h>
#include <r4/err.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAIN_AUDIT    64U
#define MAIN_NOTES    40U
#define MAIN_LINE     200U
#define MAIN_COLUMNS  100U /* of a line of the summary, about */
#define MAIN_COVERAGE 100U /* from this many seeds on a run must reach all that is_covered() asks for */
#define MAIN_SELDOM   20U  /* each operation has to succeed once in this many seeds, on average */
#define MAIN_HOPS     8U   /* the longest chain of proxies through which some call has to go */
#define MAIN_SECONDS  60U  /* for one seed */

struct sim sim;
struct sim_totals *sim_totals;

static char notes[MAIN_NOTES][MAIN_LINE];
static uint64_t note_count;

static struct {
    uint64_t first;
    uint64_t count;
    uint64_t jobs;
    const char *expect;
    const char *broken; /* text that the failure has to contain; empty: any failure will do */
    time_t progress;    /* seconds from one report of it to the next */
} run = {1, 1, 1, NULL, "", 10};

uint64_t sim_random(uint64_t below) { /* splitmix64 */
    uint64_t z = sim.random += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return (z ^ (z >> 31)) % below;
}

void sim_note(const char *text, ...) {
    char *line = notes[note_count++ % MAIN_NOTES];
    va_list arguments;
    va_start(arguments, text);
    int length = snprintf(line, MAIN_LINE, "  step %-5lu ", sim.step);
    vsnprintf(line + length, MAIN_LINE - (size_t)length, text, arguments);
    va_end(arguments);
    if (sim.options.trace) {
        puts(line);
    }
}

void sim_fail(const char *name, const char *text, ...) {
    static char report[(MAIN_NOTES + 3) * (MAIN_LINE + 1)];
    static bool failing;
    if (failing) { /* the report itself failed */
        _exit(3);
    }
    failing = true;
    size_t length = 0;
    uint64_t shown = sim.options.trace || sim.options.brief ? 0 : note_count < MAIN_NOTES ? note_count : MAIN_NOTES;
    for (uint64_t i = note_count - shown; i < note_count; i++) {
        length += (size_t)snprintf(report + length, MAIN_LINE + 1, "%s\n", notes[i % MAIN_NOTES]);
    }
    length += (size_t)snprintf(report + length, MAIN_LINE, "seed %lu step %lu: broken: %s: ", sim.seed, sim.step, name);
    va_list arguments;
    va_start(arguments, text);
    length += (size_t)vsnprintf(report + length, MAIN_LINE * 2, text, arguments);
    va_end(arguments);
    bool expected = strstr(report, run.broken) != NULL;
    report[length++] = '\n';
    fflush(stdout);
    bool written = write(STDOUT_FILENO, report, length) == (ssize_t)length;
    _exit(written && expected && strcmp(name, "host") != 0 ? 1 : 3);
}

/* UBSan's findings arrive as SIGABRT. */
const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void) { return "abort_on_error=1"; }

static void on_signal(int number, siginfo_t *info, void *context) {
    char text[MAIN_LINE];
    (void)context;
    if (number == SIGSEGV && memory_explain((uintptr_t)info->si_addr, text, sizeof(text))) {
        sim_fail("isolation", "%s", text);
    }
    sim_fail(number == SIGALRM ? "progress" : "fault", "signal %d (%s), address %lx, cluster %d", number,
             strsignal(number), (uintptr_t)info->si_addr, schedule_cluster());
}

static void signals_catch(void) {
    static uint8_t stack[64U << 10];
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGALRM};
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigaltstack(&alternate, NULL);
    for (size_t i = 0; i < R4_COUNT(numbers); i++) {
        sigaction(numbers[i], &action, NULL);
    }
}

static _Noreturn void seed_run(uint64_t seed) {
    sim.seed = seed;
    sim.random = seed;
    signals_catch();
    alarm(sim.options.trace ? 0 : MAIN_SECONDS);
    schedule_run();
    fflush(stdout);
    _exit(0);
}

static pid_t seed_start(uint64_t seed) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        seed_run(seed);
    }
    return child;
}

/* Says now and then how far the run is. */
static void progress_print(uint64_t passed) {
    static time_t said;
    time_t now = time(NULL);
    said = said == 0 ? now : said;
    if (now - said >= run.progress && passed != run.count) {
        fprintf(stderr, "%lu of %lu seeds passed\n", passed, run.count);
        said = now;
    }
}

/* Returns how many seeds passed; *failed: another one did not. */
static uint64_t seeds_run(bool *failed) {
    uint64_t started = 0;
    uint64_t passed = 0;
    uint64_t under_way = 0;
    while (under_way != 0 || (started < run.count && !*failed)) {
        if (under_way < run.jobs && started < run.count && !*failed) {
            if (seed_start(run.first + started++) < 0) {
                perror("fork");
                exit(2);
            }
            under_way++;
            continue;
        }
        int status = 0;
        wait(&status);
        under_way--;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
            progress_print(++passed);
        } else if (WIFEXITED(status) && WEXITSTATUS(status) == 1) {
            *failed = true;
        } else { /* a fault of the simulator itself: this is no finding */
            exit(2);
        }
    }
    return passed;
}

static const char *refusal_name(size_t error) { return r4_error_name((enum r4_error)error) + sizeof("R4_ERR_") - 1; }

/* Prints the counts that are not 0, with their names or numbers. */
static void counts_print(const char *title, const uint64_t *counts, size_t count, const char *(*name)(size_t)) {
    size_t column = (size_t)printf("%s", title);
    for (size_t i = 0; i < count; i++) {
        if (counts[i] != 0) {
            column += (size_t)(name == NULL ? printf("%zu: ", i) : printf("%s ", name(i)));
            column += (size_t)printf("%lu, ", counts[i]);
        }
        if (column > MAIN_COLUMNS) {
            putchar('\n');
            column = 0;
        }
    }
    putchar('\n');
}

static void totals_print(uint64_t passed) {
    const struct sim_totals *totals = sim_totals;
    uint64_t calls = 0;
    uint64_t successes = 0;
    for (size_t i = 0; i < R4_COUNT(totals->calls); i++) {
        calls += totals->calls[i];
        successes += totals->successes[i];
    }
    counts_print("calls through n proxies: ", totals->chains, R4_COUNT(totals->chains), NULL);
    counts_print("calls into n other windows: ", totals->crossings, R4_COUNT(totals->crossings), NULL);
    printf("audits saw %lu received roots lent on, %lu parked, %lu parked RemoteRefs\n", totals->lent_on,
           totals->parked_roots, totals->parked_refs);
    counts_print("refused: ", totals->refusals, R4_ERROR_COUNT, refusal_name);
    printf("%lu proxies written, %lu single-use ones used up\n", totals->proxies, totals->once);
    printf("%lu touches, %lu faults, %lu messages, %lu forged, %lu operations resumed, %lu calls made again,\n"
           "%lu capabilities and %lu loans inside their own loans audited\n",
           totals->touches, totals->faults, totals->messages, totals->forged, totals->resumed, totals->again,
           totals->capabilities, totals->handed_back);
    schedule_print_calls();
    printf("%lu seeds passed: %lu steps, %lu calls of which %lu succeeded\n", passed, totals->steps, calls, successes);
}

/* What a long run has never reached was not tested: then the programs have to be made better. */
static bool is_covered(void) {
    const struct sim_totals *totals = sim_totals;
    bool covered = totals->handed_back != 0 && totals->messages != 0 && totals->resumed != 0 && totals->again != 0 &&
                   totals->once != 0;
    for (uint32_t operation = 0; operation < R4_OP_DEBUG_EXIT; operation++) {
        if (totals->successes[operation] * MAIN_SELDOM < run.count) {
            printf("%s succeeded %lu times\n", program_operation_name(operation), totals->successes[operation]);
            covered = false;
        }
    }
    if (totals->lent_on == 0 || totals->parked_roots == 0) {
        printf("no received root was lent on, or none died with its cap page\n");
        covered = false;
    }
    for (uint32_t hops = 0; hops <= MAIN_HOPS; hops++) {
        if (totals->chains[hops] == 0 || totals->crossings[hops / 4] == 0) {
            printf("no call through %u proxies, or into %u other windows\n", hops, hops / 4);
            covered = false;
        }
    }
    return covered || run.count < MAIN_COVERAGE;
}

static void usage(void) {
    fputs("usage: r4sim KERNEL.o [--seed N | --seeds COUNT [--first N]] [--steps N] [--audit N] [--jobs N]\n"
          "             [--trace] [--progress SECONDS] [--expect NAME] [--broken TEXT]\n",
          stderr);
    exit(2);
}

static void arguments_read(int count, char **arguments) {
    static const struct option options[] = {
        {"seed", 1, NULL, 'n'},   {"seeds", 1, NULL, 'c'},    {"first", 1, NULL, 'f'}, {"steps", 1, NULL, 's'},
        {"audit", 1, NULL, 'a'},  {"jobs", 1, NULL, 'j'},     {"trace", 0, NULL, 't'}, {"expect", 1, NULL, 'e'},
        {"broken", 1, NULL, 'b'}, {"progress", 1, NULL, 'p'}, {NULL, 0, NULL, 0}};
    sim.options.steps = 2000;
    sim.options.audit = MAIN_AUDIT;
    for (int option; (option = getopt_long(count, arguments, "", options, NULL)) != -1;) {
        uint64_t value = optarg == NULL ? 0 : strtoull(optarg, NULL, 10);
        switch (option) {
        case 'n':
        case 'f':
            run.first = value;
            break;
        case 'c':
            run.count = value;
            break;
        case 's':
            sim.options.steps = value;
            break;
        case 'a':
            sim.options.audit = value;
            break;
        case 'j':
            run.jobs = value;
            break;
        case 'p':
            run.progress = (time_t)value;
            break;
        case 't':
            sim.options.trace = true;
            break;
        case 'e':
            run.expect = optarg;
            sim.options.brief = true;
            break;
        case 'b':
            run.broken = optarg;
            break;
        default:
            usage();
        }
    }
    if (optind + 1 != count || run.count == 0 || run.jobs == 0) {
        usage();
    }
    sim.options.kernel = arguments[optind];
}

int main(int count, char **arguments) {
    bool failed = false;
    arguments_read(count, arguments);
    sim_totals = mmap(NULL, sizeof(*sim_totals), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (sim_totals == MAP_FAILED) {
        perror("mmap");
        return 2;
    }
    uint64_t passed = seeds_run(&failed);
    if (run.expect != NULL) {
        printf("%s: %s after %lu of %lu seeds\n", run.expect, failed ? "caught" : "NOT caught", passed + failed,
               run.count);
        return failed ? 0 : 1;
    }
    if (failed || !is_covered()) {
        return 1;
    }
    totals_print(passed);
    return 0;
}
