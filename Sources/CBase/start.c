#define _GNU_SOURCE
#include "programs.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/// Closes all descriptors but the first three. All of ours are closed on exec anyway; those of a library may not be.
static void close_others(void) {
#ifdef SYS_close_range
    if (syscall(SYS_close_range, 3, ~0U, 0) == 0) return;
#endif
    for (int descriptor = 3; descriptor < 4096; descriptor++) close(descriptor);
}

/// Runs in the child, which shares this process's memory until it calls execve: it may only make system calls.
static void start(const char *path, char *const arguments[], char *const variables[], const char *folder, int input,
                  int output, int ends_with_parent, int *failure) {
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
    close_others();
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
    pid_t child = vfork();
    if (child == 0) {
        start(path, arguments, variables, folder, input, output, ends_with_parent, &step);
        code = errno;
        _exit(127);
    }
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
