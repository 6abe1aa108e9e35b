/* SPDX-License-Identifier: MIT
 *
 * The handlers of all operations, one per row of syscall.c's table, in the file of their object. Arguments as
 * <r4/abi.h> states.
 */
#ifndef R4_KERNEL_OBJECT_HANDLERS_H
#define R4_KERNEL_OBJECT_HANDLERS_H

#include "invocation.h"

/* cap.c */
struct outcome cap_copy(struct invocation *invocation);
struct outcome cap_link(struct invocation *invocation);
struct outcome cap_move(struct invocation *invocation);
struct outcome cap_delete(struct invocation *invocation);
struct outcome cap_revoke(struct invocation *invocation);
struct outcome cap_inspect(struct invocation *invocation);

/* untyped.c */
struct outcome untyped_retype(struct invocation *invocation);

/* frame.c */
struct outcome frame_map_call(struct invocation *invocation);
struct outcome frame_map_proxies_call(struct invocation *invocation);
struct outcome frame_protect_call(struct invocation *invocation);
struct outcome frame_unmap_call(struct invocation *invocation);

/* page_table.c */
struct outcome page_table_map_call(struct invocation *invocation);
struct outcome page_table_unmap_call(struct invocation *invocation);

/* cap_page.c */
struct outcome cap_page_map_call(struct invocation *invocation);
struct outcome cap_page_unmap_call(struct invocation *invocation);

/* thread.c */
struct outcome thread_configure_call(struct invocation *invocation);
struct outcome thread_schedule_call(struct invocation *invocation);
struct outcome thread_start_call(struct invocation *invocation);
struct outcome thread_stop_call(struct invocation *invocation);

/* link.c */
struct outcome link_post_call(struct invocation *invocation);
struct outcome link_handoff_remote(struct invocation *invocation);

/* asid_pool.c */
struct outcome asid_pool_assign_call(struct invocation *invocation);

/* debug.c */
struct outcome debug_write(struct invocation *invocation);
struct outcome debug_mark(struct invocation *invocation);
struct outcome debug_wait_remote(struct invocation *invocation);
struct outcome debug_stat(struct invocation *invocation);
struct outcome debug_exit(struct invocation *invocation);

#endif
