#define _GNU_SOURCE
#include "programs.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// The thread sanitizer makes a fork of each vfork, so a child shares no memory and reports its failure through a pipe.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define REPORTS_BY_PIPE
#endif
#endif

/// Closes all descriptors but the first three and one more; -1 for no other. All of ours are closed on exec anyway; those of a
/// library may not be.
static void close_others(int kept) {
#ifdef SYS_close_range
    if (kept < 3) {
        if (syscall(SYS_close_range, 3, ~0U, 0) == 0) return;
    } else if ((kept == 3 || syscall(SYS_close_range, 3, kept - 1, 0) == 0) &&
               syscall(SYS_close_range, kept + 1, ~0U, 0) == 0) {
        return;
    }
#endif
    for (int descriptor = 3; descriptor < 4096; descriptor++)
        if (descriptor != kept) close(descriptor);
}

/// Runs in the child, which shares this process's memory until it calls execve: it may only make system calls.
static void start(const char *path, char *const arguments[], char *const variables[], const char *folder, int input,
                  int output, int ends_with_parent, int report, int *failure) {
    *failure = PROGRAM_FAILED_TO_START;
    // Signals are blocked here, so no handler of this process can run in the child.
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++) sigaction(number, &standard, NULL);
    if (setsid() < 0) return;
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    if (ends_with_parent) prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    if (dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0) return;
    if (folder && chdir(folder) != 0) {
        *failure = PROGRAM_FAILED_TO_CHANGE_FOLDER;
        return;
    }
    close_others(report);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(path, arguments, variables);
}

pid_t program_start(const char *path, char *const arguments[], char *const variables[], const char *folder, int input,
                    int output, int ends_with_parent, int *failure) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    // The child writes to these two; this thread continues when it has called execve or has ended.
    volatile int code = 0;
    int step = 0;
    int report[2] = {-1, -1};
#ifdef REPORTS_BY_PIPE
    if (pipe2(report, O_CLOEXEC) < 0) {
        *failure = PROGRAM_FAILED_TO_START;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        return -1;
    }
#endif
    pid_t child = vfork();
    if (child == 0) {
        start(path, arguments, variables, folder, input, output, ends_with_parent, report[1], &step);
        code = errno;
#ifdef REPORTS_BY_PIPE
        int words[2] = {step, code};
        if (write(report[1], words, sizeof words) < 0) {}
#endif
        _exit(127);
    }
#ifdef REPORTS_BY_PIPE
    int reason = errno, words[2];
    close(report[1]);
    if (child > 0 && read(report[0], words, sizeof words) == sizeof words) step = words[0], code = words[1];
    close(report[0]);
    errno = reason;
#endif
    if (child < 0) {
        code = errno;
        step = PROGRAM_FAILED_TO_START;
    } else if (code != 0) {
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
        child = -1;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    *failure = step;
    errno = code;
    return child;
}
