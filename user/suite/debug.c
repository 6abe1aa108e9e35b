/* SPDX-License-Identifier: MIT
 *
 * The Debug capability.
 */
#include "lib/debug.h"
#include "lib/cap.h"
#include "suite/proxies.h"
#include "suite/themes.h"

static enum r4_error write_count(uint64_t count) {
    return r4_syscall(r4_debug(), R4_OP_DEBUG_WRITE, count, 0, 0, 0).error;
}

/* A line, as soon as the log has room for it. */
static enum r4_error write_line(void) {
    enum r4_error error = R4_ERR_FULL;
    while (error == R4_ERR_FULL) {
        error = r4_debug_write(r4_debug(), "# 24 bytes in one call\n", R4_DEBUG_WRITE_MAX - 1);
    }
    return error;
}

static void write_refusals(void) {
    REFUSED(R4_ERR_ARGUMENT, write_count(0));
    REFUSED(R4_ERR_ARGUMENT, write_count(R4_DEBUG_WRITE_MAX + 1));
    REFUSED(R4_ERR_ARGUMENT, write_count(UINT64_MAX));
    ALLOWED(write_line());
}

static void counters(void) {
    REFUSED(R4_ERR_ARGUMENT, r4_debug_stat(r4_debug(), R4_STAT_COUNT).error);
    REFUSED(R4_ERR_ARGUMENT, r4_debug_stat(r4_debug(), (enum r4_stat)UINT32_MAX).error);
    for (uint32_t stat = 0; stat < R4_STAT_COUNT; stat++) {
        ALLOWED(r4_debug_stat(r4_debug(), (enum r4_stat)stat).error);
    }
    CHECK(r4_debug_stat(r4_debug(), R4_STAT_CORES_IDLE).value < r4_info()->core_count);
}

static void wait_refusals(void) {
    const struct r4_root_info *info = r4_info();
    REFUSED(R4_ERR_ARGUMENT, r4_debug_wait(r4_debug(), info->cluster, 0).error);
    REFUSED(R4_ERR_ARGUMENT, r4_debug_wait(r4_debug(), info->cluster_count, 0).error);
    REFUSED(R4_ERR_ARGUMENT, r4_debug_wait(r4_debug(), UINT32_MAX, 0).error);
    if (info->cluster_count > 1) {
        struct r4_proxy_content content = content_for(info->slot_debug);
        uint32_t other = (info->cluster + 1) % info->cluster_count;
        ALLOWED(r4_debug_wait(put(0, content), other, 0).error);
        content.flags = R4_PROXY_ONCE;
        REFUSED(R4_ERR_ONCE, r4_debug_wait(put(0, content), other, 0).error);
        ALLOWED(r4_debug_wait(r4_debug(), (info->cluster + 1) % info->cluster_count, 0)
                    .error); /* it has reached 0 already */
    }
}

static void exit_refusals(void) {
    uint32_t weak = copy_with(r4_info()->slot_debug, R4_ALL_RIGHTS & ~R4_CONTROL);
    struct r4_proxy_content content = content_for(r4_info()->slot_debug);
    content.rights = R4_ALL_RIGHTS & ~R4_CONTROL;
    REFUSED(R4_ERR_RIGHTS, r4_debug_exit(r4_own(weak), 0));
    REFUSED(R4_ERR_RIGHTS, r4_debug_exit(put(0, content), 0));
    ALLOWED(r4_cap_delete(r4_own(weak)));
}

static void through_a_proxy(void) {
    struct r4_proxy_content content = content_for(r4_info()->slot_debug);
    content.rights = 0;
    content.flags = R4_PROXY_ONCE;
    r4_cap_t cap = put(0, content);
    REFUSED(R4_ERR_ARGUMENT, r4_debug_stat(cap, R4_STAT_COUNT).error);
    ALLOWED(r4_debug_stat(cap, R4_STAT_CORES_IDLE).error);
    REFUSED(R4_ERR_EMPTY, r4_debug_stat(cap, R4_STAT_CORES_IDLE).error);
    ALLOWED(r4_debug_milestone(put_for(0, r4_info()->slot_debug), 0));
}

static const struct test tests[] = {
    {"write: 1 to 24 bytes", write_refusals, 1},
    {"stat: only counters that exist", counters, 1},
    {"wait: for another cluster", wait_refusals, 1},
    {"exit: only with CONTROL", exit_refusals, 1},
    {"stat and milestone through proxies without any right", through_a_proxy, 1},
};

const struct theme theme_debug = {"debug", tests, R4_COUNT(tests), 1};
