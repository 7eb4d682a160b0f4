#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

/// A place in the program; the compiler writes one for each counter.
struct place {
    uintptr_t address, flags;
};

static uint8_t *counters, *counters_end;
static const struct place *places;

// The linker (--wrap) sends the calls of the instrumented modules here, and those of this file to libFuzzer.
void __real___sanitizer_cov_8bit_counters_init(uint8_t *start, uint8_t *end);
void __real___sanitizer_cov_pcs_init(const struct place *start, const struct place *end);
int LLVMFuzzerRunDriver(int *count, char ***arguments, int (*run)(const uint8_t *bytes, size_t count));

void __wrap___sanitizer_cov_8bit_counters_init(uint8_t *start, uint8_t *end) {
    counters = start;
    counters_end = end;
}

void __wrap___sanitizer_cov_pcs_init(const struct place *start, const struct place *end) {
    (void)end;
    places = start;
}

size_t fuzz_counters(void) { return counters_end - counters; }

size_t fuzz_watch(size_t nearby) {
    size_t count = fuzz_counters(), watched = 0;
    for (size_t index = 0; index < count;) {
        if (!counters[index]) {
            index++;
            continue;
        }
        size_t start = index > nearby ? index - nearby : 0, last = index;
        for (index++; index < count && index <= last + 2 * nearby; index++) {
            if (counters[index]) last = index;
        }
        size_t end = last + nearby + 1 < count ? last + nearby + 1 : count;
        __real___sanitizer_cov_8bit_counters_init(counters + start, counters + end);
        __real___sanitizer_cov_pcs_init(places + start, places + end);
        watched += end - start;
        index = end;
    }
    memset(counters, 0, count);
    return watched;
}

int fuzz_drive(int *count, char ***arguments, int (*run)(const uint8_t *bytes, size_t count)) {
    return LLVMFuzzerRunDriver(count, arguments, run);
}
