/* SPDX-License-Identifier: MIT
 *
 * What the compiler can be told beyond C. A hot path is one function: what belongs to it is always inlined; what it
 * seldom needs is out of line, so that the path holds only the test.
 */
#ifndef R4_PURE_COMPILER_H
#define R4_PURE_COMPILER_H

#define likely(condition)   __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)
/* True, and the compiler may use it, in the callers too that this is inlined into: they need no test of their own. */
#define promise(condition) ((condition) ? (void)0 : __builtin_unreachable())
#define always_inline      inline __attribute__((__always_inline__))
#define noinline           __attribute__((__noinline__))
#define cold               __attribute__((__noinline__, __cold__)) /* seldom called: out of line, in its own section */

#endif
