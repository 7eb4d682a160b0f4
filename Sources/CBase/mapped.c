#include "mapped.h"
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// The files that were found cut, by the hashes of their paths. The handler writes them, under `busy`.
enum { cut_count = 64 };
static _Atomic uint64_t cut[cut_count];
static atomic_uint cuts = 0;
static atomic_flag busy = ATOMIC_FLAG_INIT;
static struct sigaction before;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static uint64_t hash(const char *text) {
    uint64_t hash = 14695981039346656037u;
    for (; *text; text++) hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash;
}

// Of SQLite's index of a write-ahead log, which it maps: the end of its name.
static const char suffix[] = "-shm";
// A line of /proc/self/maps, under `busy`: `start-end mode offset device inode     path`.
static char line[4096 + 128];

struct mapping {
    uintptr_t start, end;
    // Such as "rw-s".
    const char *mode;
    // Empty where no file is mapped.
    const char *path;
};

static const char *number(const char *text, uintptr_t *value) {
    for (*value = 0;; text++) {
        if (*text >= '0' && *text <= '9')
            *value = *value * 16 + (uintptr_t)(*text - '0');
        else if (*text >= 'a' && *text <= 'f')
            *value = *value * 16 + (uintptr_t)(*text - 'a' + 10);
        else
            return text;
    }
}

// Reads `line`.
static struct mapping mapping(void) {
    struct mapping found;
    const char *text = number(line, &found.start);
    text = number(text + (*text == '-'), &found.end);
    text += strspn(text, " ");
    found.mode = text;
    for (int field = 0; field < 4; field++) {
        text += strcspn(text, " ");
        text += strspn(text, " ");
    }
    found.path = text;
    return found;
}

// Finds the mapping that contains an address. Calls only functions that are allowed in a signal handler.
static bool find(uintptr_t address, struct mapping *found) {
    int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (maps < 0) return false;
    char buffer[1024];
    size_t length = 0;
    bool is_found = false;
    ssize_t count;
    while (!is_found && ((count = read(maps, buffer, sizeof buffer)) > 0 || (count < 0 && errno == EINTR))) {
        for (ssize_t i = 0; i < count && !is_found; i++) {
            if (buffer[i] != '\n') {
                if (length < sizeof line - 1) line[length++] = buffer[i];
                continue;
            }
            line[length] = '\0';
            length = 0;
            *found = mapping();
            is_found = address >= found->start && address < found->end;
        }
    }
    close(maps);
    return is_found;
}

static bool replace(uintptr_t address) {
    struct mapping found;
    if (!find(address, &found)) return false;
    size_t length = strlen(found.path);
    bool is_index = length >= sizeof suffix - 1 && strcmp(found.path + length - (sizeof suffix - 1), suffix) == 0;
    // Another thread had the same fault just before.
    if (length == 0 && found.mode[3] == 'p') return atomic_load(&cuts) > 0;
    if (!is_index || found.mode[3] != 's') return false;
    void *memory = mmap((void *)found.start, found.end - found.start, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (memory == MAP_FAILED) return false;
    atomic_store(&cut[atomic_fetch_add(&cuts, 1) % cut_count], hash(found.path));
    return true;
}

bool mapped_file_fault(const siginfo_t *info) {
    if (info == NULL || info->si_code != BUS_ADRERR) return false;
    int error = errno;
    while (atomic_flag_test_and_set(&busy)) continue;
    bool is_over = replace((uintptr_t)info->si_addr);
    atomic_flag_clear(&busy);
    errno = error;
    return is_over;
}

static void on_fault(int number, siginfo_t *info, void *context) {
    if (mapped_file_fault(info)) return;
    // When this returns the instruction that caused the fault runs again, and its fault reaches the previous handler,
    // or ends the process.
    sigaction(number, &before, NULL);
    if (info->si_code <= 0) raise(number);
}

static void watch(void) {
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &before);
}

void mapped_files_watch(void) {
    pthread_once(&once, watch);
}

uint32_t mapped_file_cuts(const char *path) {
    uint64_t name = hash(path);
    uint32_t count = 0;
    for (int i = 0; i < cut_count; i++) count += atomic_load(&cut[i]) == name;
    return count;
}
