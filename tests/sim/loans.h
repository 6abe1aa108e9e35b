/* SPDX-License-Identifier: MIT
 *
 * Calls about loans, for the seeds in which most are: memory goes on from cluster to cluster, whole or in parts; cap
 * pages that lie in it, or hold what was lent and received, come and go.
 */
#ifndef R4_SIM_LOANS_H
#define R4_SIM_LOANS_H

#include "chooser.h"

void loans_post(struct chooser *chooser);
void loans_handoff(struct chooser *chooser);
void loans_split(struct chooser *chooser);
void loans_map_page(struct chooser *chooser);
void loans_move(struct chooser *chooser);
void loans_revoke(struct chooser *chooser);
void loans_delete(struct chooser *chooser);

#endif
