import Foundation
import TestSupport

/// The lock with which SQLite keeps other processes from writing, locked without SQLite.
///
/// In WAL mode that is a POSIX lock on byte 120 of the `-shm` file, WAL_WRITE_LOCK.
/// Source: sqlite.org/walformat.html, 2.3.1.
package final class ForeignLock {
    package struct NotHad: Error {
        package let reason: String
    }

    private let descriptor: Int32
    private var isHeld = true

    /// Waits for the lock, which others lock only briefly.
    package init(on history: String) throws {
        descriptor = open(history + "-shm", O_RDWR | O_CLOEXEC)
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        lock.l_start = 120
        lock.l_len = 1
        Blocking.check()
        let end = ContinuousClock.now + .patience
        while fcntl(descriptor, F_SETLK, &lock) != 0 {
            guard errno == EAGAIN || errno == EACCES, .now < end else {
                throw NotHad(reason: String(cString: strerror(errno)))
            }
            usleep(1_000)
        }
    }

    package func release() {
        if isHeld { close(descriptor) }
        isHeld = false
    }

    deinit {
        release()
    }
}
