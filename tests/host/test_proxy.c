/* SPDX-License-Identifier: MIT
 *
 * libr4's functions on proxies (user/lib/proxy.h): each word as in the picture of <r4/proxy.h>; the serial up to its
 * last value and on from 0; and a proxy that is rewritten while two kernels read it, at full speed.
 */
#include "lib/proxy.h"
#include "proxy_threads.h"

#define WRITES 4000000U

/* Each part of the content goes into its own field. */
START_TEST(test_words) {
    uint64_t state = 79;
    struct r4_proxy proxy = {{0}};
    for (uint32_t i = 1; i <= 20000; i++) {
        struct r4_proxy_content content = {.target = random_next(&state),
                                           .version = (uint32_t)random_next(&state),
                                           .grantee = (uint32_t)random_next(&state),
                                           .rights = (uint32_t)random_below(&state, 4096),
                                           .ttl = (uint32_t)random_below(&state, 16),
                                           .flags = (uint32_t)random_below(&state, 64),
                                           .badge = random_next(&state)};
        EXPECT(r4_proxy_write(&proxy, &content) == i);
        EXPECT(r4_proxy_serial(&proxy) == i);
        EXPECT(proxy.word[0] == (15 | (uint64_t)content.ttl << 6 | (uint64_t)content.flags << 10 | (uint64_t)i << 16 |
                                 (uint64_t)content.rights << 48));
        EXPECT(proxy.word[1] == content.target);
        EXPECT(proxy.word[2] == content.badge);
        EXPECT(proxy.word[3] == (content.grantee | (uint64_t)content.version << 32));
    }
}
END_TEST

/* Clearing keeps the serial; the next write raises it, and after the last serial comes 0. */
START_TEST(test_serial) {
    static const uint32_t serials[] = {0, 1, 0x7fffffff, 0xfffffffe, 0xffffffff};
    static const struct r4_proxy_content content = {.rights = 511, .ttl = 15, .flags = 63};
    for (size_t i = 0; i < R4_COUNT(serials); i++) {
        struct r4_proxy proxy = {{(uint64_t)serials[i] << 16 | ~0xffffffff0000ULL, 1, 2, 3}};
        r4_proxy_clear(&proxy);
        ck_assert_uint_eq(proxy.word[0], (uint64_t)serials[i] << 16);
        ck_assert_uint_eq(r4_proxy_write(&proxy, &content), serials[i] + 1);
        ck_assert_uint_eq(proxy.word[0] >> 16 & 0xffffffff, serials[i] + 1);
        ck_assert_uint_eq(proxy.word[0] & 0xffff, 15 | 15 << 6 | 63 << 10);
    }
}
END_TEST

START_TEST(test_walk) { proxy_trial(WRITES, false); }
END_TEST

START_TEST(test_use) { proxy_trial(WRITES, true); }
END_TEST

SUITE_MAIN("proxy", test_words, test_serial, test_walk, test_use)
