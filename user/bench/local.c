/* SPDX-License-Identifier: MIT
 *
 * Figures inside one cluster: the list of them.
 */
#include "bench/bench.h"
#include "bench/caps.h"
#include "bench/copies.h"
#include "bench/death.h"
#include "bench/figure.h"
#include "bench/mapping.h"
#include "bench/other_cores.h"
#include "bench/proxies.h"
#include "bench/under_way.h"
#include "bench/untyped.h"
#include "lib/info.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/x86/clock.h"

#define UNDISTURBED_CLUSTERS 8U

#define SETTLE_US 10000U /* until all other cores have halted after the boot */

void bench_local(void) {
    r4_spin_us(SETTLE_US);
    figure_calibrate();
    copies_begin();
    caps_measure();
    mapping_measure();
    death_measure();
    copies_end();
    untyped_measure();
    proxies_measure();
    must(memory_reset(), "clean-up");
    /* Else no call is preempted at a chosen moment: another core runs it, or another cluster still boots and rings. */
    bool undisturbed = r4_info()->core_count == 1 && r4_info()->cluster_count <= UNDISTURBED_CLUSTERS;
    if (figure_is_exact() && undisturbed) {
        under_way_measure();
        death_behind_measure();
    }
    other_cores_measure();
}
