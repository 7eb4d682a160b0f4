internal import Export
internal import Files
internal import Foundation

/// A CSV file, opened for one batch and locked as long as this is there, so that two that append to it take turns.
final class CSVFile {
    let path: String
    /// Whether it was made just now.
    let isNew: Bool
    private let descriptor: Int32

    /// Opens it; where `creates` is set, it is made 0600 if it is missing.
    ///
    /// - Returns: Nil where it is missing and is not to be made.
    static func open(_ path: String, creates: Bool) throws(CSVProblem) -> CSVFile? {
        // A pipe that nobody reads must not keep us waiting; O_APPEND puts whatever is written behind all others'.
        let flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
        for _ in 0..<3 {
            var isNew = false
            var descriptor = Foundation.open(path, flags)
            if descriptor < 0, errno == ENOENT {
                guard creates else { return nil }
                descriptor = Foundation.open(path, flags | O_CREAT | O_EXCL, 0o600)
                isNew = descriptor >= 0
                if descriptor < 0, errno == EEXIST {
                    // Somebody else was faster, or it is a link to what is missing, which is made then.
                    guard Self.isLink(path) else { continue }
                    descriptor = Foundation.open(path, flags | O_CREAT, 0o600)
                    isNew = descriptor >= 0
                }
            }
            guard descriptor >= 0 else {
                throw CSVProblem(path, opening: errno, isLink: Self.isLink(path))
            }
            let file = CSVFile(path, descriptor, isNew: isNew)
            if try file.lock() { return file }
        }
        throw CSVProblem(path, "is being replaced again and again: close what writes it", mayPass: true)
    }

    private init(_ path: String, _ descriptor: Int32, isNew: Bool) {
        self.path = path
        self.descriptor = descriptor
        self.isNew = isNew
    }

    deinit {
        close(descriptor)
    }

    /// - Returns: False where the file is no longer the one in its place.
    private func lock() throws(CSVProblem) -> Bool {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw CSVProblem(path, opening: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw CSVProblem(path, "is no regular file: name a file for the rows", mayPass: false)
        }
        // A program that is just being started holds what its parent held, for a moment.
        var tries = 0
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0, tries < 40 {
            tries += 1
            usleep(25_000)
        }
        guard tries < 40 else {
            throw CSVProblem(
                path, "is locked by another program, which is appending to it: b2watch tries again", mayPass: true,
                after: .seconds(1))
        }
        var place = stat()
        return stat(path, &place) == 0 && place.st_ino == status.st_ino && place.st_dev == status.st_dev
    }

    /// In bytes.
    func size() throws(CSVProblem) -> Int64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw CSVProblem(path, opening: errno) }
        return Int64(status.st_size)
    }

    /// Reads a stretch; less of it where the file ends.
    func read(at offset: Int64, _ count: Int) throws(CSVProblem) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: max(0, count))
        var filled = 0
        while filled < bytes.count {
            let result = bytes.withUnsafeMutableBytes { buffer in
                pread(
                    descriptor, buffer.baseAddress?.advanced(by: filled), buffer.count - filled,
                    off_t(offset) + off_t(filled))
            }
            if result > 0 {
                filled += result
            } else if result == 0 || errno != EINTR {
                guard result == 0 else { throw CSVProblem(path, opening: errno) }
                break
            }
        }
        return Array(bytes.prefix(filled))
    }

    /// Writes bytes behind all others, and waits until they are on the disk.
    ///
    /// - Throws: `CSVProblem`; nothing of them is in the file then, unless it says that this is not known.
    func append(_ bytes: [UInt8]) throws(CSVProblem) {
        let size = try size()
        let code = Self.write(bytes, to: descriptor)
        guard code != 0 else {
            if isNew { Self.syncFolder(of: WholeFile.resolved(path)) }
            return
        }
        var problem = CSVProblem(path, writing: code)
        if ftruncate(descriptor, off_t(size)) != 0 { problem.isUnsure = true }
        throw problem
    }

    /// Cuts it off.
    func cut(to size: Int64) throws(CSVProblem) {
        guard ftruncate(descriptor, off_t(size)) == 0, fsync(descriptor) == 0 else {
            throw CSVProblem(path, writing: errno)
        }
    }

    /// Writes bytes, and waits until they are on the disk.
    ///
    /// - Returns: The error's number; 0 where all are there.
    static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        let code = AllBytes.write(bytes, to: descriptor)
        return code == 0 && fsync(descriptor) != 0 ? errno : code
    }

    private static func isLink(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    static func syncFolder(of path: String) {
        let descriptor = Foundation.open(PathParts(path).folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
