/* SPDX-License-Identifier: MIT
 *
 * Names and texts of the errors, from the one list in err.h.
 */
#include <r4/err.h>
#include <r4/types.h>

#define ERROR_TEXT(name, text) text,
#define ERROR_NAME(name, text) #name,

static const char *const texts[] = {R4_ERROR_LIST(ERROR_TEXT)};
static const char *const names[] = {R4_ERROR_LIST(ERROR_NAME)};

const char *r4_error_text(enum r4_error error) {
    return (unsigned)error < R4_COUNT(texts) ? texts[error] : "unknown error";
}

const char *r4_error_name(enum r4_error error) {
    return (unsigned)error < R4_COUNT(names) ? names[error] : "R4_ERR_UNKNOWN";
}
