// The little that must be C: what Swift cannot import, and what has to run inside a signal handler.

#ifndef CBASE_TERMINAL_H
#define CBASE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Only declared: Swift has it from Glibc, and a type must not belong to two modules.
struct termios;

// Columns.

/// The columns that a Unicode scalar fills: 0 for a combining mark, -1 for what cannot be shown.
/// Asks libc's table for C.UTF-8, the one that ncurses asks too, whatever locale the process runs in.
int32_t terminal_columns(uint32_t scalar);

// Events: a descriptor that another thread, or a signal handler, makes readable.

/// A new event, or -1.
int terminal_event_create(void);
/// Makes the event readable. Safe in a signal handler.
void terminal_event_signal(int event);
/// Makes the event unreadable until it is signalled again.
void terminal_event_clear(int event);

// Signals, as an event and a set of bits.

enum {
    TERMINAL_RESIZED = 1,
    TERMINAL_CONTINUED = 2,
    TERMINAL_STOP_ASKED = 4,
};

/// Catches SIGWINCH, SIGCONT and SIGTSTP. Returns the event that they signal (always the same one), or -1.
int terminal_signals_watch(void);
/// Restores the previous handlers.
void terminal_signals_unwatch(void);
/// Returns the signals caught since the last call. Clear the event before the call, so that no signal is lost in
/// between.
uint32_t terminal_signals_take(void);
/// Stops this process like Ctrl-Z, and returns once it is continued. If no process could continue it (an orphaned
/// process group), returns at once.
void terminal_stop_self(void);

// Crashes.

/// Prepares for a crash: from now on a crash, or an unexpected exit, writes `restore` to the terminal, sets its modes
/// to `modes` and, if it was a crash, writes `last_words`. The texts are copied; too long ones are cut.
void terminal_crash_arm(int terminal, const struct termios *modes, const char *restore, size_t restore_length,
                        const char *last_words, size_t last_words_length);
/// Ends the preparation for a crash.
void terminal_crash_disarm(void);

// Files that are mapped into memory. Access to a page that is no longer in the file, because the file was truncated,
// ends a process with SIGBUS.

/// Prevents that such a page of an index of SQLite's write-ahead log (`…-shm`) ends this process: the
/// mapping becomes private memory of zeros, which SQLite treats as an index to rebuild. Code that uses the file must
/// call `mapped_file_cuts` before it relies on the data it has read and before it commits.
void mapped_files_watch(void);
/// Returns the number of times that a mapping of the file with this path was replaced in this way.
uint32_t mapped_file_cuts(const char *path);

#endif
