import Foundation

/// A file that is read by its descriptor. Closing it drops the locks that this process has on the file: to be used
/// before SQLite opens it, or where SQLite does not open it at all.
final class PlainFile: ByteSource, Sendable {
    private let descriptor: Int32

    /// Returns nil where the file cannot be opened; `errno` gives the reason.
    init?(_ path: String) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    var size: Int? {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    func bytes(at offset: Int, count: Int) -> [UInt8]? {
        var done = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
            while done < count {
                guard let start = buffer.baseAddress else { break }
                let read = pread(descriptor, start + done, count - done, off_t(offset + done))
                guard read > 0 || (read < 0 && errno == EINTR) else { break }
                done += max(0, read)
            }
            used = done
        }
        return done == count ? bytes : nil
    }
}
