// Under the thread sanitizer alone: Swift's Mutex waits in a library that the sanitizer does not see, so it would report a race for
// each lock that one thread has waited for. The functions here wrap those of the library and report the lock.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer) && defined(__x86_64__) && defined(__linux__)

#define _GNU_SOURCE
#include <dlfcn.h>

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

__attribute__((used, visibility("hidden"))) void *sanitized_lock, *sanitized_try_lock, *sanitized_unlock;

__attribute__((constructor)) static void find_functions(void) {
    sanitized_lock = dlsym(RTLD_NEXT, LOCK);
    sanitized_try_lock = dlsym(RTLD_NEXT, TRY_LOCK);
    sanitized_unlock = dlsym(RTLD_NEXT, UNLOCK);
}

// Swift passes the lock in r13, which a function leaves as it is, and the first argument in edi.
__asm__(
    ".text\n"
    ".globl \"" LOCK "\"\n.type \"" LOCK "\", @function\n\"" LOCK "\":\n"
    "  pushq %rbp\n  movq %rsp, %rbp\n  pushq %r13\n  subq $8, %rsp\n"
    "  callq *sanitized_lock(%rip)\n"
    "  movq %r13, %rdi\n  callq __tsan_acquire@PLT\n"
    "  addq $8, %rsp\n  popq %r13\n  popq %rbp\n  retq\n"
    ".globl \"" TRY_LOCK "\"\n.type \"" TRY_LOCK "\", @function\n\"" TRY_LOCK "\":\n"
    "  pushq %rbp\n  movq %rsp, %rbp\n  pushq %r13\n  pushq %rbx\n"
    "  callq *sanitized_try_lock(%rip)\n"
    "  movl %eax, %ebx\n  testb $1, %al\n  je 1f\n"
    "  movq %r13, %rdi\n  callq __tsan_acquire@PLT\n"
    "1: movl %ebx, %eax\n  popq %rbx\n  popq %r13\n  popq %rbp\n  retq\n"
    ".globl \"" UNLOCK "\"\n.type \"" UNLOCK "\", @function\n\"" UNLOCK "\":\n"
    "  pushq %rbp\n  movq %rsp, %rbp\n  pushq %r13\n  subq $8, %rsp\n"
    "  movq %r13, %rdi\n  callq __tsan_release@PLT\n"
    "  callq *sanitized_unlock(%rip)\n"
    "  addq $8, %rsp\n  popq %r13\n  popq %rbp\n  retq\n");

#endif
#endif
