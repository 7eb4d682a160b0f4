#define _GNU_SOURCE
#include "terminal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

static const struct {
    int number;
    uint32_t bit;
} watched[] = {
    {SIGWINCH, TERMINAL_RESIZED},
    {SIGCONT, TERMINAL_CONTINUED},
    {SIGTSTP, TERMINAL_STOP_ASKED},
};
enum { watched_count = sizeof watched / sizeof *watched };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;  // of the next two
static struct sigaction before[watched_count];
static bool is_watching = false;

// The event is made once and never closed, so a handler that still runs on another thread always finds it.
static atomic_int event = -1;
static atomic_uint caught = 0;

static void catch_signal(int number) {
    for (int i = 0; i < watched_count; i++)
        if (watched[i].number == number) atomic_fetch_or(&caught, watched[i].bit);
    terminal_event_signal(atomic_load(&event));
}

int terminal_signals_watch(void) {
    pthread_mutex_lock(&lock);
    if (atomic_load(&event) < 0) atomic_store(&event, terminal_event_create());
    if (!is_watching && atomic_load(&event) >= 0) {
        struct sigaction action = {.sa_handler = catch_signal, .sa_flags = SA_RESTART};
        sigemptyset(&action.sa_mask);
        for (int i = 0; i < watched_count; i++) sigaction(watched[i].number, &action, &before[i]);
        is_watching = true;
    }
    pthread_mutex_unlock(&lock);
    return atomic_load(&event);
}

void terminal_signals_unwatch(void) {
    pthread_mutex_lock(&lock);
    if (is_watching) {
        for (int i = 0; i < watched_count; i++) sigaction(watched[i].number, &before[i], NULL);
        is_watching = false;
    }
    pthread_mutex_unlock(&lock);
}

uint32_t terminal_signals_take(void) {
    return atomic_exchange(&caught, 0);
}

void terminal_stop_self(void) {
    struct sigaction action = {.sa_handler = SIG_DFL}, old;
    sigemptyset(&action.sa_mask);
    sigaction(SIGTSTP, &action, &old);

    sigset_t stop, mask;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    pthread_sigmask(SIG_UNBLOCK, &stop, &mask);
    // To this very thread: so the whole process has stopped, and goes on, before this returns.
    pthread_kill(pthread_self(), SIGTSTP);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);

    sigaction(SIGTSTP, &old, NULL);
}
