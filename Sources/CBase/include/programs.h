// Starting a program: what has to happen between vfork and exec, and therefore must be C.

#ifndef CBASE_PROGRAMS_H
#define CBASE_PROGRAMS_H

#include <sys/types.h>

/// The step that failed in `program_start`.
enum {
    PROGRAM_FAILED_TO_START = 1,
    PROGRAM_FAILED_TO_CHANGE_FOLDER = 2,
};

/// Starts a program in a session of its own, with default signal handling, and with three open descriptors.
///
/// It becomes the reaper of its descendants (PR_SET_CHILD_SUBREAPER, which execve keeps): a descendant whose
/// parent ends becomes a child of the program, so that all of them are found below it for as long as it runs.
///
/// `folder` is null for the folder of this process. `input` and `output` must be 3 or higher; the program gets them as
/// its standard input, and as its standard output and error.
/// If `ends_with_parent` is not 0, the kernel sends the program SIGTERM when the thread that called this function ends, even
/// if this process is killed.
/// Returns the process id. Returns -1, with `errno` and `*failure` set, if the program cannot be started.
pid_t program_start(const char *path, char *const arguments[], char *const variables[], const char *folder, int input,
                    int output, int ends_with_parent, int *failure);

#endif
