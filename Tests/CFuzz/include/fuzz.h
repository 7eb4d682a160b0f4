#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

/// Hands libFuzzer the counters that were reached so far, and those nearby; it never sees the others. Looking at all counters of
/// the program after each input would take longer than most inputs.
///
/// - Parameter nearby: The counters before and behind a reached one that are handed over too.
/// - Returns: How many that are.
size_t fuzz_watch(size_t nearby);

/// Returns the number of all counters.
size_t fuzz_counters(void);

/// Runs libFuzzer.
int fuzz_drive(int *count, char ***arguments, int (*run)(const uint8_t *bytes, size_t count));

#endif
