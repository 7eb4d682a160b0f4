// The little that must be C: what Swift cannot import, and what has to run inside a signal handler.

#ifndef CTERMINAL_H
#define CTERMINAL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

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
/// Gives the handlers back that were there before.
void terminal_signals_unwatch(void);
/// What was caught since the last call. Clear the event before, not after, so that no signal is lost between the two.
uint32_t terminal_signals_take(void);
/// Stops this process as Ctrl-Z does, and returns once it is continued. Where nobody could continue it (an orphaned
/// process group), returns at once.
void terminal_stop_self(void);

// Crashes.

/// From now on a crash, or an exit that nobody announced, writes `restore` to the terminal, sets its modes to `modes`
/// and, if it was a crash, writes `last_words`. The texts are copied; too long ones are cut.
void terminal_crash_arm(int terminal, const struct termios *modes, const char *restore, size_t restore_length,
                        const char *last_words, size_t last_words_length);
/// Ends that.
void terminal_crash_disarm(void);

// Files that are mapped into memory. To touch a page that is no longer in the file, because somebody has truncated it,
// ends a process by SIGBUS.

/// From now on, on Linux, such a page of an index of SQLite's write-ahead log (`…-shm`) does not end this process: the
/// mapping becomes private memory of zeros, which SQLite takes for an index that it has to make again. Whoever works with
/// the file has to ask `mapped_file_cuts` before he believes what he has read and before he commits.
void mapped_files_watch(void);
/// How many times a mapping of the file with this path was replaced so.
uint32_t mapped_file_cuts(const char *path);
/// Looks whether a fault is such a one, and replaces the mapping: true where the instruction may run again. For the
/// handlers of SIGBUS.
bool mapped_file_fault(const siginfo_t *info);

#endif
