/* SPDX-License-Identifier: MIT
 *
 * One list of errors for kernel, coordinator, user programs and peers, each with the text that is printed for it.
 * A refused operation changes nothing. Values are ABI: append only.
 */
#ifndef R4_ERR_H
#define R4_ERR_H

#define R4_ERROR_LIST(X)                                                                                               \
    X(R4_OK, "success")                                                                                                \
    X(R4_ERR_EMPTY, "the slot is empty")                                                                               \
    X(R4_ERR_ADDRESS, "no cap page or proxy page at that window index")                                                \
    X(R4_ERR_FOREIGN_CLUSTER, "the cap address names another cluster")                                                 \
    X(R4_ERR_ASID, "the cap address names an address space that this call cannot use")                                 \
    X(R4_ERR_TYPE, "the capability has another type")                                                                  \
    X(R4_ERR_OPERATION, "no such operation")                                                                           \
    X(R4_ERR_RIGHTS, "the capability lacks a right that the operation needs")                                          \
    X(R4_ERR_TTL, "the time to live would not fall")                                                                   \
    X(R4_ERR_DEPTH, "the derivation would be deeper than 63")                                                          \
    X(R4_ERR_BADGE, "the source has a badge already, or its type takes none")                                          \
    X(R4_ERR_BUSY, "the capability is being revoked or made")                                                          \
    X(R4_ERR_OCCUPIED, "the destination slot is not empty")                                                            \
    X(R4_ERR_RETIRED, "the slot has had its last version")                                                             \
    X(R4_ERR_ARGUMENT, "an argument has a value that the operation does not know")                                     \
    X(R4_ERR_ALIGNMENT, "an address or offset is not aligned to the size")                                             \
    X(R4_ERR_RANGE, "an address or offset lies outside what is allowed")                                               \
    X(R4_ERR_WATERMARK, "the offset lies below the watermark of the untyped")                                          \
    X(R4_ERR_SPACE, "the untyped has no room for that many objects")                                                   \
    X(R4_ERR_CHILDREN, "the untyped has been used: revoke it first")                                                   \
    X(R4_ERR_MAPPED, "the capability is mapped already")                                                               \
    X(R4_ERR_NOT_MAPPED, "the capability is not mapped")                                                               \
    X(R4_ERR_NO_TABLE, "a page table is missing on the way to that address")                                           \
    X(R4_ERR_ENTRY, "something is mapped at that address already")                                                     \
    X(R4_ERR_NO_ASID, "the address space has no identifier, or none is left")                                          \
    X(R4_ERR_NOT_CONFIGURED, "the thread has no address space")                                                        \
    X(R4_ERR_RUNNING, "the thread is running or ready")                                                                \
    X(R4_ERR_NO_RECEIVE_SLOT, "the peer has no receive slot posted")                                                   \
    X(R4_ERR_FULL, "no record is left for that")                                                                       \
    X(R4_ERR_OVERLAP, "the range meets memory that the receiver owns or knows as a loan")                              \
    X(R4_ERR_NOT_CONNECTED, "the peer has not connected yet")                                                          \
    X(R4_ERR_CLUSTER_DOWN, "the other cluster is down")                                                                \
    X(R4_ERR_LOANED, "a received root capability ends only by the lender's revoke")                                    \
    X(R4_ERR_REVOKED, "what the operation worked on was revoked meanwhile")                                            \
    X(R4_ERR_PROTOCOL, "the peer sent something that the protocol does not allow")                                     \
    X(R4_ERR_VERSION, "the proxy means an earlier content of its target slot")                                         \
    X(R4_ERR_PROXY, "the operation needs the capability itself, not a proxy")                                          \
    X(R4_ERR_NO_PROXY, "the cap address names no proxy")                                                               \
    X(R4_ERR_ONCE, "a single-use proxy cannot serve for that")                                                         \
    X(R4_ERR_CHANGED, "the single-use proxy was used or changed meanwhile")                                            \
    X(R4_ERR_PROXY_PAGE, "a proxy page has one capability and one mapping")                                            \
    X(R4_ERR_ASSIGNED, "the address space has its identifier already")

#define R4_ERROR_ENUM(name, text) name,
enum r4_error { R4_ERROR_LIST(R4_ERROR_ENUM) R4_ERROR_COUNT };
#undef R4_ERROR_ENUM

/* The text of an error; "unknown error" for a value outside the list. Never null. */
const char *r4_error_text(enum r4_error error);

/* The name of an error as in this list ("R4_ERR_BUSY"). Never null. */
const char *r4_error_name(enum r4_error error);

#endif
