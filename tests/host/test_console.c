/* SPDX-License-Identifier: MIT
 *
 * The serial port's settings: good ones, none, and each that is refused, which leaves COM1.
 */
#include "core/console.h"
#include "suite.h"

static struct console console;
static struct refusal why;

static void expect(const char *command, unsigned port, unsigned divisor) {
    ck_assert(console_read(command, &console, &why));
    ck_assert_uint_eq(console.port, port);
    ck_assert_uint_eq(console.divisor, divisor);
}

START_TEST(test_good) {
    expect("", 0x3f8, 1);
    expect("program=demo", 0x3f8, 1);
    expect("serial=0x2f8", 0x2f8, 1);
    expect("program=demo serial=0x3e8,9600 slice_us=5", 0x3e8, 12);
    expect("serial=760,115200", 0x2f8, 1);
    expect("serial=0xfff8,2", 0xfff8, 57600);
    expect("serial=none", 0, 1);
    expect("serial=0x2f8 serial=none", 0, 1);
    expect("serial=none serial=0x2f8", 0x2f8, 1);
}
END_TEST

static void expect_refused(const char *command, const char *what) {
    ck_assert(!console_read(command, &console, &why));
    ck_assert_str_eq(why.text, what);
    ck_assert_uint_eq(console.port, 0x3f8);
    ck_assert_uint_eq(console.divisor, 1);
}

START_TEST(test_refused) {
    static const char *const ports[] = {"serial=",       "serial=com1",  "serial=0",
                                        "serial=0xfff9", "serial=,9600", "serial=0x100000003f8"};
    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
        expect_refused(ports[i], "serial= names no I/O port: COM1 is used");
    }
    static const char *const forms[] = {"serial=0x2f8:9600", "serial=0x2f8,", "serial=0x2f8,fast",
                                        "serial=0x2f8,9600n8"};
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        expect_refused(forms[i], "serial= is not none, PORT or PORT,BAUD: COM1 is used");
    }
    static const char *const rates[] = {"serial=0x2f8,0", "serial=0x2f8,1", "serial=0x2f8,9601", "serial=0x2f8,230400"};
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        expect_refused(rates[i], "serial= has a rate that does not divide 115200: COM1 is used");
    }
}
END_TEST

SUITE_MAIN("console", test_good, test_refused)
