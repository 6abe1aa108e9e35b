/* SPDX-License-Identifier: MIT
 *
 * What the processor refuses: a fault stops the thread, which can be started again.
 */
#include "lib/cap.h"
#include "lib/frame.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/window.h"
#include "suite/proxies.h"
#include "suite/runner.h"
#include "suite/themes.h"

#define RETURN_INSTRUCTION 0xc3U

static volatile uint64_t seen;

/* --- runners --- */

static _Noreturn void read_word(uint64_t address) {
    for (;;) {
        seen = *(volatile uint64_t *)address;
        runner_end();
    }
}

static _Noreturn void write_word(uint64_t address) {
    for (;;) {
        *(volatile uint64_t *)address = 1;
        runner_end();
    }
}

static _Noreturn void call_code(uint64_t address) {
    for (;;) {
        ((void (*)(void))address)();
        runner_end();
    }
}

/* --- cases --- */

static void read_nowhere(void) {
    uint32_t thread = runner_run(test_arena(), read_word, PLACE);
    CHECK(!runner_has_ended());
    space_map(make(R4_CAP_FRAME), PLACE, R4_READ); /* now there is something: the same instruction once more */
    seen = 1;
    runner_go_on(thread);
    CHECK(runner_has_ended() && seen == 0);
}

static void write_read_only(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    space_map(frame, PLACE, R4_READ);
    uint32_t thread = runner_run(test_arena(), write_word, PLACE);
    CHECK(!runner_has_ended() && *(volatile uint64_t *)PLACE == 0);
    ALLOWED(r4_frame_protect(r4_own(frame), R4_READ | R4_WRITE));
    runner_go_on(thread);
    CHECK(runner_has_ended() && *(volatile uint64_t *)PLACE == 1);
    ALLOWED(r4_frame_protect(r4_own(frame), R4_READ)); /* no stale translation lets it through */
    runner_again(thread, write_word, PLACE);
    CHECK(!runner_has_ended());
}

static void run_data(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    space_map(frame, PLACE, R4_READ | R4_WRITE);
    *(volatile uint8_t *)PLACE = RETURN_INSTRUCTION;
    uint32_t thread = runner_run(test_arena(), call_code, PLACE);
    CHECK(!runner_has_ended());
    ALLOWED(r4_frame_protect(r4_own(frame), R4_READ | R4_EXEC));
    runner_go_on(thread);
    CHECK(runner_has_ended());
}

static void use_after_unmap(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    space_map(frame, PLACE, R4_READ | R4_WRITE);
    uint32_t thread = runner_run(test_arena(), write_word, PLACE);
    CHECK(runner_has_ended());
    ALLOWED(r4_frame_unmap(r4_own(frame)));
    runner_again(thread, write_word, PLACE);
    CHECK(!runner_has_ended());
}

/* Into this program's own cap page, over a capability. */
static void write_capability(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint64_t before = r4_slot_word(slot, 0);
    (void)runner_run(test_arena(), write_word, (uintptr_t)r4_slot(slot));
    CHECK(!runner_has_ended() && r4_slot_word(slot, 0) == before);
}

static void run_proxies(void) {
    (void)runner_run(test_arena(), call_code, (uintptr_t)r4_proxy(proxy_index(0)));
    CHECK(!runner_has_ended());
}

static void kernel_addresses(void) {
    uint32_t thread = runner_run(test_arena(), read_word, 0xffffffff80000000ULL);
    CHECK(!runner_has_ended());
    runner_again(thread, read_word, 0xffff800000000000ULL);
    CHECK(!runner_has_ended());
    runner_again(thread, read_word, 1ULL << 63); /* not canonical: no address at all */
    CHECK(!runner_has_ended());
}

/* Not canonical: whichever address the processor reports, to go on there is the thread's fault once more. */
static void jump_nowhere(void) {
    uint32_t thread = runner_run(test_arena(), call_code, 1ULL << 63);
    CHECK(!runner_has_ended());
    runner_go_on(thread);
    CHECK(!runner_has_ended());
}

static void null_page(void) {
    (void)runner_run(test_arena(), read_word, 0);
    CHECK(!runner_has_ended());
}

static const struct test tests[] = {
    {"reading where nothing is mapped; it goes on once something is mapped", read_nowhere, 1},
    {"writing to a frame that is mapped for reading", write_read_only, 1},
    {"running data", run_data, 1},
    {"writing after the unmap", use_after_unmap, 1},
    {"writing to one's own capabilities", write_capability, 1},
    {"running a proxy page", run_proxies, 1},
    {"reading the kernel's addresses", kernel_addresses, 1},
    {"jumping to no address, and going on there", jump_nowhere, 1},
    {"reading at 0", null_page, 1},
};

const struct theme theme_fault = {"fault", tests, R4_COUNT(tests), 1};
