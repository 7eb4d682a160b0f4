internal import Foundation

/// Why nothing can be appended to a file, in a sentence.
struct CSVProblem: Error, CustomStringConvertible {
    let description: String
    /// Whether it may work later without anybody changing the settings.
    let mayPass: Bool
    /// Whether it stays until somebody does something about it.
    var isLasting = true
    let after: Duration?
    /// Whether part of what was appended may be in the file.
    var isUnsure = false

    init(_ path: String, _ text: String, mayPass: Bool, after: Duration? = nil) {
        description = "\(path) \(text)"
        self.mayPass = mayPass
        self.after = after
        isLasting = after == nil
    }

    init(_ path: String, opening code: Int32, isLink: Bool = false) {
        switch code {
        case ENOENT where isLink, ENOTDIR where isLink:
            self.init(
                path, "cannot be made: it is a link to a file in a folder that is missing; make that folder",
                mayPass: true)
        case ENOENT, ENOTDIR: self.init(path, "cannot be made: its folder is missing; make the folder", mayPass: true)
        case EISDIR: self.init(path, "is a folder: name a file for the rows", mayPass: false)
        // A pipe without a reader, or a socket.
        case ENXIO: self.init(path, "is no regular file: name a file for the rows", mayPass: false)
        case EACCES, EPERM, EROFS:
            self.init(
                path, "cannot be written (\(Self.words(code))): let b2watch's user read and write it", mayPass: true)
        default:
            self.init(path, "cannot be opened: \(Self.words(code))", mayPass: true)
            isLasting = false
        }
    }

    init(_ path: String, writing code: Int32) {
        switch code {
        case ENOSPC, EDQUOT, EFBIG:
            self.init(
                path, "cannot grow (\(Self.words(code))): make room; no half row was left, and b2watch tries again",
                mayPass: true)
        default:
            self.init(path, "cannot be written: \(Self.words(code))", mayPass: true)
            isLasting = false
        }
    }

    /// The note beside a file cannot be written.
    init(noting path: String, _ code: Int32) {
        self.init(
            path,
            "cannot be written (\(Self.words(code))): b2watch notes there what it appends; make room, and let its user"
                + " write into that folder", mayPass: true)
    }

    private static func words(_ code: Int32) -> String { String(cString: strerror(code)) }
}
