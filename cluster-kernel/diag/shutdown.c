/* SPDX-License-Identifier: MIT
 *
 * The end of a run. Only this cluster writes its own header; all clusters read all headers.
 */
#include "diag/shutdown.h"
#include "cluster/addresses.h"
#include "cluster/doorbell.h"
#include "diag/console.h"
#include "diag/log.h"

void shutdown_finish(uint32_t code) {
    struct r4_header *header = own_header();
    atomic_store_explicit(&header->exit_code, code, memory_order_relaxed);
    /* The exit code, the log and the last milestone before the state: pairs with shutdown_check() and will_go_on(). The
     * doorbell makes every peer check after this store, so no fence is needed. */
    atomic_store_explicit(&header->state, R4_CLUSTER_FINISHED, memory_order_release);
    doorbell_ring_all();
    shutdown_check();
}

void shutdown_check(void) {
    uint32_t panicked = 0;
    uint32_t failed = 0;
    for (uint32_t number = 0; number < cluster_count(); number++) {
        /* Pairs with shutdown_finish() and say() in panic.c of that cluster: its exit code and its log. */
        uint32_t state = atomic_load_explicit(&header_of(number)->state, memory_order_acquire);
        if (state != R4_CLUSTER_FINISHED && state != R4_CLUSTER_SILENT) {
            return;
        }
        panicked += state == R4_CLUSTER_SILENT;
        failed += state == R4_CLUSTER_FINISHED &&
                  atomic_load_explicit(&header_of(number)->exit_code, memory_order_relaxed) != 0;
    }
    if (!console_is_own()) {
        return;
    }
    console_finish();
    const char *verdict = failed != 0 ? "failure" : panicked != 0 ? "panic" : "success";
    log_end("end: %s (%u cluster%s, %u failed, %u panicked)", verdict, cluster_count(), cluster_count() == 1 ? "" : "s",
            failed, panicked);
    machine_exit(failed != 0 ? SHUTDOWN_FAILED : panicked != 0 ? SHUTDOWN_PANICKED : SHUTDOWN_SUCCESS);
}
