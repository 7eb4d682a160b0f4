#include "mapped.h"
#include "terminal.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE};
enum { fatal_count = sizeof fatal / sizeof *fatal };

// Everything that a handler needs is prepared here, because it may neither allocate nor lock. `armed` is set after the
// rest was written, and cleared by the thread that restores first.
static struct {
    int terminal;
    struct termios modes;
    char restore[512];
    size_t restore_length;
    char last_words[1024];
    size_t last_words_length;
} ready;
static atomic_bool armed = false;
static struct sigaction before[fatal_count];
// Whether a crash continues with the previous handler, or ends the process.
static bool chains = false;
static pthread_once_t exit_hook = PTHREAD_ONCE_INIT;

static void put(const char *text, size_t length) {
    while (length > 0) {
        ssize_t written = write(ready.terminal, text, length);
        if (written <= 0) return;
        text += written;
        length -= (size_t)written;
    }
}

static void restore_terminal(bool crashed) {
    if (!atomic_exchange(&armed, false)) return;
    put(ready.restore, ready.restore_length);
    tcsetattr(ready.terminal, TCSANOW, &ready.modes);
    if (crashed) put(ready.last_words, ready.last_words_length);
}

static void on_crash(int number, siginfo_t *info, void *context) {
    if (number == SIGBUS && mapped_file_fault(info)) return;
    restore_terminal(true);
    for (int i = 0; i < fatal_count; i++)
        if (fatal[i] == number && chains) sigaction(number, &before[i], NULL);
    if (!chains) signal(number, SIG_DFL);
    // The signal is blocked while this runs: it reaches the previous handler, or ends the process, when this returns.
    raise(number);
}

static void on_exit_unannounced(void) {
    restore_terminal(false);
}

static void hook_exit(void) {
    atexit(on_exit_unannounced);
}

static size_t keep(char *to, size_t room, const char *from, size_t length) {
    size_t kept = length < room ? length : room;
    memcpy(to, from, kept);
    return kept;
}

void terminal_crash_arm(int terminal, const struct termios *modes, const char *restore, size_t restore_length,
                        const char *last_words, size_t last_words_length) {
    terminal_crash_disarm();
    ready.terminal = terminal;
    ready.modes = *modes;
    ready.restore_length = keep(ready.restore, sizeof ready.restore, restore, restore_length);
    ready.last_words_length = keep(ready.last_words, sizeof ready.last_words, last_words, last_words_length);
    pthread_once(&exit_hook, hook_exit);
    // Swift's own handler asks the user to press a key, and prints pages. It runs only if this variable requests it.
    chains = getenv("SWIFT_BACKTRACE") != NULL;

    struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < fatal_count; i++) sigaction(fatal[i], &action, &before[i]);
    atomic_store(&armed, true);
}

void terminal_crash_disarm(void) {
    if (!atomic_exchange(&armed, false)) return;
    for (int i = 0; i < fatal_count; i++) sigaction(fatal[i], &before[i], NULL);
}
