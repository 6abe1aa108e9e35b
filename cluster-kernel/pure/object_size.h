/* SPDX-License-Identifier: MIT
 *
 * Sizes of the objects whose structures the kernel owns, as log2 of bytes. object/thread.h and object/pd.h assert that
 * the structures fit.
 */
#ifndef R4_PURE_OBJECT_SIZE_H
#define R4_PURE_OBJECT_SIZE_H

#define THREAD_LOG2 12U
#define PD_LOG2     14U

#define NOTIFICATION_LOG2 6U

#endif
