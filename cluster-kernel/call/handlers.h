/* SPDX-License-Identifier: MIT
 *
 * The handlers of all operations: one per row of the table in syscall.c, each in the file of its object. <r4/abi.h>
 * describes arguments, results and errors. Only syscall.c calls them, with the cluster lock held.
 */
#ifndef R4_KERNEL_OBJECT_HANDLERS_H
#define R4_KERNEL_OBJECT_HANDLERS_H

#include "call/invocation.h"

/* cap.c */
struct outcome sys_cap_copy(struct invocation *invocation);
struct outcome sys_cap_link(struct invocation *invocation);
struct outcome sys_cap_move(struct invocation *invocation);
struct outcome sys_cap_delete(struct invocation *invocation);
struct outcome sys_cap_revoke(struct invocation *invocation);
struct outcome sys_cap_inspect(struct invocation *invocation);

/* untyped.c */
struct outcome sys_untyped_retype(struct invocation *invocation);

/* frame.c */
struct outcome sys_frame_map(struct invocation *invocation);
struct outcome sys_frame_map_proxies(struct invocation *invocation);
struct outcome sys_frame_protect(struct invocation *invocation);
struct outcome sys_frame_unmap(struct invocation *invocation);

/* page_table.c */
struct outcome sys_page_table_map(struct invocation *invocation);
struct outcome sys_page_table_unmap(struct invocation *invocation);

/* cap_page.c */
struct outcome sys_cap_page_map(struct invocation *invocation);
struct outcome sys_cap_page_unmap(struct invocation *invocation);

/* thread.c */
struct outcome sys_thread_configure(struct invocation *invocation);
struct outcome sys_thread_schedule(struct invocation *invocation);
struct outcome sys_thread_start(struct invocation *invocation);
struct outcome sys_thread_stop(struct invocation *invocation);

/* peer.c */
struct outcome sys_peer_post(struct invocation *invocation);
struct outcome sys_peer_handoff(struct invocation *invocation);

/* asid_pool.c */
struct outcome sys_asid_pool_assign(struct invocation *invocation);

/* debug.c */
struct outcome sys_debug_write(struct invocation *invocation);
struct outcome sys_debug_milestone(struct invocation *invocation);
struct outcome sys_debug_wait(struct invocation *invocation);
struct outcome sys_debug_stat(struct invocation *invocation);
struct outcome sys_debug_exit(struct invocation *invocation);

#endif
