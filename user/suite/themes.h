/* SPDX-License-Identifier: MIT
 *
 * The themes, in the order in which they run: one per file.
 */
#ifndef R4_SUITE_THEMES_H
#define R4_SUITE_THEMES_H

#include "suite/test.h"

extern const struct theme theme_address, theme_copy, theme_cap, theme_untyped, theme_frame, theme_order, theme_fault,
    theme_proxy_page, theme_page_table, theme_cap_page, theme_thread, theme_asid, theme_debug, theme_proxy,
    theme_through, theme_chain, theme_grantee, theme_once, theme_link, theme_depth, theme_self_reference,
    theme_race_proxies, theme_race_revokes, theme_race_memory, theme_library, theme_post;

/* Between clusters 0 and 1, and among 0, 1 and 2, which run their parts at the same time, step by step. */
extern const struct theme theme_lender, theme_borrower, theme_first, theme_second, theme_third;

/* False: the theme is the part of another cluster. */
bool peer_is_here(const struct theme *theme);

#endif
