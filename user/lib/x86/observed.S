/* SPDX-License-Identifier: MIT
 *
 * What an observer sees: the address that the first instruction reads is the name of the case.
 */
    .text
    .globl observed_begin
    .type observed_begin, @function
observed_begin:
    movzbl (%rdi), %eax
    ret
    .size observed_begin, . - observed_begin

    .globl observed_end
    .type observed_end, @function
observed_end:
    ret
    .size observed_end, . - observed_end

    .section .note.GNU-stack, "", @progbits
