import Files
package import Foundation

/// Files that only their user may read.
package enum PrivateFile {
    /// The most that is read of a file: far more than any secret, far less than `/dev/zero` has.
    package static let largest = 64 << 10

    /// Reads a small file.
    ///
    /// - Parameters:
    ///   - limit: The most that is read, in bytes.
    ///   - check: Refuses a file for what it is; without a check, a pipe is waited for.
    /// - Throws: `FileProblem`.
    package static func read(
        _ path: String, atMost limit: Int = largest, checking check: ((stat) throws(FileProblem) -> Void)? = nil
    ) throws(FileProblem) -> (bytes: [UInt8], isOpenToOthers: Bool) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | (check == nil ? 0 : O_NONBLOCK))
        guard descriptor >= 0 else { throw FileProblem(errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileProblem(errno) }

        try check?(status)

        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = Foundation.read(descriptor, &buffer, buffer.count)
            guard count >= 0 else {
                if errno == EINTR { continue }
                throw FileProblem(errno)
            }
            if count == 0 { break }
            bytes += buffer.prefix(count)
            guard bytes.count <= limit else { throw FileProblem(reason: "is larger than \(limit >> 10) KiB") }
        }
        return (bytes, isOpenToOthers(status))
    }

    /// What to tell of a secret's file that users other than its owner may read or write; nil where none may.
    package static func exposure(of path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0, isOpenToOthers(status) else { return nil }
        return "\(path) can be read by other users: chmod 600 it"
    }

    private static func isOpenToOthers(_ status: stat) -> Bool {
        // A pipe is there for one reader.
        status.st_mode & S_IFMT == S_IFREG && status.st_mode & 0o077 != 0
    }

    /// Writes a file whole or not at all, 0600, in a folder that is made 0700 if it is missing.
    ///
    /// - Throws: `FileProblem`.
    static func write(_ bytes: [UInt8], to path: String) throws(FileProblem) {
        let folder = PathParts(path).folder
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw FileProblem(reason: "its folder cannot be made")
        }
        let temporary = "\(path).\(getpid()).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileProblem(errno) }
        var code = fchmod(descriptor, 0o600) == 0 ? AllBytes.write(bytes, to: descriptor) : errno
        if code == 0, fsync(descriptor) != 0 { code = errno }
        close(descriptor)
        if code == 0, rename(temporary, path) != 0 { code = errno }
        guard code == 0 else {
            unlink(temporary)
            throw FileProblem(code)
        }
    }
}

/// What is wrong with a file, to be put behind its name: `is missing`.
package struct FileProblem: Error {
    package let reason: String
    package let isMissing: Bool

    package init(reason: String) {
        self.reason = reason
        isMissing = false
    }

    init(_ code: Int32) {
        isMissing = code == ENOENT || code == ENOTDIR
        reason = isMissing ? "is missing" : "cannot be read or written (\(String(cString: strerror(code))))"
    }
}
