/* SPDX-License-Identifier: MIT
 *
 * Figures of untyped memory. Each parent has room for R4_RETYPE_MAX objects. The small object is a notification: 64
 * bytes, which have to be zeroed.
 */
#include "bench/untyped.h"
#include "bench/caps.h"
#include "bench/figure.h"
#include "lib/cap.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/untyped.h"
#include "lib/x86/clock.h"

#define SMALL_LOG2    6U
#define COUNT_LOG2    6U /* of R4_RETYPE_MAX */
#define REVOKES       16U
#define REVOKE_FRAMES 512U
#define REVOKE_RUNS   (REVOKE_FRAMES / R4_RETYPE_MAX) /* each needs its own window page: 127 slots hold one */
_Static_assert(R4_RETYPE_MAX == 1U << COUNT_LOG2, "a parent holds what one retype makes");

/* An untyped with room for R4_RETYPE_MAX objects, and slots for them. The memory has held such objects before. */
struct parent {
    uint32_t slot;
    uint32_t objects;
    enum r4_cap_type type;
    uint32_t size_log2;
};

/* Objects number `before` to `before + count - 1`. */
static struct r4_objects objects_of(const struct parent *parent, uint32_t before, uint32_t count) {
    uint64_t offset = (uint64_t)before << parent->size_log2;
    return (struct r4_objects){parent->type, parent->size_log2, count, offset, parent->objects + before};
}

static void objects_make_all(const struct parent *parent) {
    must(r4_untyped_retype(r4_own(parent->slot), objects_of(parent, 0, R4_RETYPE_MAX)), "retype");
}

static struct parent parent_begin(enum r4_cap_type type, uint32_t size_log2) {
    struct parent parent = {0, 0, type, size_log2};
    parent.slot = memory_create(R4_CAP_UNTYPED, size_log2 + COUNT_LOG2, 1);
    parent.objects = slots_take(R4_RETYPE_MAX);
    objects_make_all(&parent);
    must(r4_cap_revoke(r4_own(parent.slot)).error, "revoke");
    return parent;
}

static void parent_end(const struct parent *parent) {
    must(r4_cap_delete(r4_own(parent->slot)), "delete");
    slots_give(parent->objects, R4_RETYPE_MAX);
    slots_give(parent->slot, 1);
}

/* Retypes of `count` objects each, one after the other in memory; per object. */
static void retype_measure(const char *name, enum r4_cap_type type, uint32_t size_log2, uint32_t count) {
    struct figure figure = {name, 0, {0}};
    struct parent parent = parent_begin(type, size_log2);
    for (uint32_t i = 0; i < FIGURE_SAMPLES; i++) {
        uint32_t before = i * count % R4_RETYPE_MAX;
        if (before == 0) {
            must(r4_cap_revoke(r4_own(parent.slot)).error, "revoke");
        }
        struct r4_objects objects = objects_of(&parent, before, count);
        uint64_t begin = r4_ticks();
        enum r4_error error = r4_untyped_retype(r4_own(parent.slot), objects);
        figure_add(&figure, figure_ticks(begin) / count);
        must(error, "retype");
    }
    parent_end(&parent);
    figure_print(&figure, "", FIGURE_LOCAL);
}

/* Deletes the only capability of one small object after the other. */
static void destroy_measure(void) {
    struct figure figure = {"object.destroy", 0, {0}};
    struct parent parent = parent_begin(R4_CAP_NOTIFICATION, SMALL_LOG2);
    objects_make_all(&parent);
    for (uint32_t i = 0; i < R4_RETYPE_MAX; i++) {
        figure_add(&figure, caps_delete_ticks(parent.objects + i));
    }
    parent_end(&parent);
    figure_print(&figure, "", FIGURE_LOCAL);
}

/* Revokes of an untyped of which one small object was made. */
static void revoke_one_measure(void) {
    struct figure figure = {"untyped.revoke.1", 0, {0}};
    struct parent parent = parent_begin(R4_CAP_NOTIFICATION, SMALL_LOG2);
    for (uint32_t i = 0; i < REVOKES; i++) {
        must(r4_untyped_retype(r4_own(parent.slot), objects_of(&parent, 0, 1)), "retype");
        figure_add(&figure, caps_revoke_ticks(parent.slot));
    }
    parent_end(&parent);
    figure_print(&figure, "", FIGURE_LOCAL);
}

/* Revokes of an untyped of which frames were made; per frame. */
static void revoke_frames_measure(void) {
    struct figure figure = {"untyped.revoke.frames", 0, {0}};
    uint32_t cap_pages = space_grow_window(REVOKE_RUNS);
    uint32_t untyped = memory_create(R4_CAP_UNTYPED, R4_LARGE_BITS, 1);
    for (uint32_t i = 0; i < REVOKES; i++) {
        uint32_t frames[REVOKE_RUNS];
        for (uint32_t run = 0; run < REVOKE_RUNS; run++) {
            frames[run] = memory_create_from(untyped, R4_CAP_FRAME, R4_PAGE_BITS, R4_RETYPE_MAX);
        }
        figure_add(&figure, caps_revoke_ticks(untyped) / REVOKE_FRAMES);
        for (uint32_t run = 0; run < REVOKE_RUNS; run++) {
            slots_give(frames[run], R4_RETYPE_MAX);
        }
    }
    must(r4_cap_delete(r4_own(untyped)), "delete");
    slots_give(untyped, 1);
    space_shrink_window(cap_pages, REVOKE_RUNS);
    figure_print(&figure, "", FIGURE_LOCAL);
}

void untyped_measure(void) {
    retype_measure("untyped.retype.1", R4_CAP_NOTIFICATION, SMALL_LOG2, 1);
    retype_measure("untyped.retype.64", R4_CAP_NOTIFICATION, SMALL_LOG2, R4_RETYPE_MAX);
    retype_measure("untyped.retype.frame", R4_CAP_FRAME, R4_PAGE_BITS, 1);
    destroy_measure();
    revoke_one_measure();
    revoke_frames_measure();
}
