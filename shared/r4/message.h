/* SPDX-License-Identifier: MIT
 *
 * Messages between clusters: one cache line each. Between clusters, an index and a generation name a loan, never a
 * pointer. The receiver checks every field as if the sender were hostile. mailbox.h states the memory order.
 */
#ifndef R4_MESSAGE_H
#define R4_MESSAGE_H

#include <r4/types.h>

enum r4_message_kind {
    R4_MESSAGE_NONE,
    R4_MESSAGE_HELLO,  /* "my epoch is source_epoch, I believe that yours is target_epoch" (0 = I do not know) */
    R4_MESSAGE_OFFER,  /* lender -> borrower: loan, generation, base, size, ttl */
    R4_MESSAGE_ACCEPT, /* borrower -> lender */
    R4_MESSAGE_REFUSE, /* borrower -> lender, with the reason in error */
    R4_MESSAGE_REVOKE, /* lender -> borrower */
    R4_MESSAGE_DONE,   /* borrower -> lender; error R4_OK: the memory is unused; else why it could not be swept */
    R4_MESSAGE_KIND_COUNT
};

struct r4_message {
    uint32_t kind;         /* enum r4_message_kind */
    uint32_t error;        /* enum r4_error; of REFUSE and DONE */
    uint32_t source_epoch; /* the sender's own */
    uint32_t target_epoch; /* of the receiver, as the sender knows it */
    uint32_t loan;         /* index in the pair's loan table: all kinds but HELLO */
    uint32_t generation;   /* of that loan */
    uint64_t base;         /* OFFER: physical, bytes, aligned to size */
    uint32_t size_log2;    /* OFFER: 21 or more */
    uint32_t ttl;          /* OFFER: of the capability that the receiver creates, 0..R4_TTL_MAX - 1 */
    uint64_t reserved[2];
    uint32_t reserved_word;
    uint32_t sequence; /* written last, with release: see mailbox.h */
};
R4_SIZE(struct r4_message, R4_LINE_SIZE);
R4_OFFSET(struct r4_message, sequence, 60);

#endif
