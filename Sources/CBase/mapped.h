// What the handlers of signals share.

#ifndef CBASE_MAPPED_H
#define CBASE_MAPPED_H

#include <signal.h>
#include <stdbool.h>

/// Finds out whether a fault is an access to a page of a mapped file that is no longer there, and replaces the mapping:
/// returns true if the instruction may run again. For the handlers of SIGBUS.
bool mapped_file_fault(const siginfo_t *info);

#endif
