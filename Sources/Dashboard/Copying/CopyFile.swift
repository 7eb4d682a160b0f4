import Foundation

/// A file for what is too large to copy: a new one each time, that only its user may read.
enum CopyFile {
    /// Writes a file whole or not at all, in a folder that is made 0700 if it is missing.
    ///
    /// - Returns: Its path.
    /// - Throws: `CopyFailure.file`.
    static func write(_ bytes: [UInt8], as name: String, in folder: String) throws(CopyFailure) -> String {
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .file("What is copied is too large for a terminal, and the folder \(folder) cannot be made.")
        }
        for number in 1...1_000 {
            let path = "\(folder)/\(number == 1 ? name : "\(number)-\(name)")"
            let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
            if descriptor < 0, errno == EEXIST { continue }
            guard descriptor >= 0, fill(descriptor, with: bytes) else {
                let problem = String(cString: strerror(errno))
                if descriptor >= 0 { unlink(path) }
                throw .file("What is copied is too large for a terminal, and \(path) cannot be written: \(problem).")
            }
            return path
        }
        throw .file("What is copied is too large for a terminal, and \(folder) is full of earlier copies: remove some.")
    }

    /// Writes and closes; `errno` says why not.
    private static func fill(_ descriptor: Int32, with bytes: [UInt8]) -> Bool {
        var isWritten = fchmod(descriptor, 0o600) == 0
        var rest = bytes[...]
        while isWritten, !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 { rest = rest.dropFirst(count) } else if count == 0 || errno != EINTR { isWritten = false }
        }
        let problem = errno
        guard close(descriptor) == 0, isWritten else {
            if !isWritten { errno = problem }
            return false
        }
        return true
    }
}
