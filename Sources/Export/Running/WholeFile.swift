import Foundation
import Synchronization

/// A file that appears whole or not at all: written beside its place, 0600, and renamed when it is on the disk. What
/// was in its place before stays as it is until then.
///
/// What is no regular file, such as a pipe or a device, is written to as it is.
public final class WholeFile: Sendable {
    private struct State {
        var descriptor: Int32
        /// The file beside its place, as long as it is there.
        var temporary: String?
    }

    /// As it was given.
    public let path: String
    /// With links followed.
    private let place: String
    private let state: Mutex<State>

    /// Makes the file beside its place.
    ///
    /// - Throws: `WholeFileError`.
    public init(_ path: String) throws(WholeFileError) {
        self.path = path
        var status = stat()
        let isThere = stat(path, &status) == 0
        if !isThere, errno == ELOOP { throw WholeFileError(path: path, ELOOP) }
        if isThere {
            let kind = status.st_mode & S_IFMT
            guard kind != S_IFDIR else { throw WholeFileError(path: path, reason: "it is a folder") }
            guard access(path, W_OK) == 0 else { throw WholeFileError(path: path, errno) }
            guard kind == S_IFREG else {
                place = path
                let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY)
                guard descriptor >= 0 else { throw WholeFileError(path: path, errno) }
                state = Mutex(State(descriptor: descriptor, temporary: nil))
                return
            }
        }
        place = Self.resolved(path)
        // Not made of the file's name, which may be as long as a name can be.
        let name = ".b2watch-\(UInt64.random(in: 0...UInt64.max)).part"
        let temporary = Self.folder(of: place) + "/" + name
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            let code = errno
            let reason = code == ENOENT || code == ENOTDIR ? "its folder is missing" : String(cString: strerror(code))
            throw WholeFileError(path: path, reason: reason)
        }
        state = Mutex(State(descriptor: descriptor, temporary: temporary))
    }

    /// Where it will be, with links followed, also one that leads to nothing yet.
    public static func resolved(_ path: String) -> String {
        var path = path
        // As many links as the system follows. Those that lead in a circle are left to be refused by it.
        for _ in 0..<40 {
            if let resolved = realpath(path, nil) {
                defer { free(resolved) }
                return String(cString: resolved)
            }
            guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { break }
            path = target.hasPrefix("/") ? target : folder(of: path) + "/" + target
        }
        return path
    }

    /// Writes bytes behind those before.
    ///
    /// - Throws: `WholeFileError`; what was written is to be discarded then.
    public func write(_ bytes: [UInt8]) throws(WholeFileError) {
        let descriptor = state.withLock { $0.descriptor }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count == 0 || errno != EINTR {
                throw WholeFileError(path: path, count == 0 ? ENOSPC : errno)
            }
        }
    }

    /// Puts the file in its place, once it is on the disk.
    ///
    /// - Throws: `WholeFileError`; nothing is left of it then.
    public func finish() throws(WholeFileError) {
        let code: Int32 = state.withLock { state in
            guard state.descriptor >= 0 else { return ECANCELED }
            defer { Self.close(&state) }
            guard let temporary = state.temporary else { return 0 }
            guard fsync(state.descriptor) == 0, rename(temporary, place) == 0 else { return errno }
            state.temporary = nil
            return 0
        }
        guard code == 0 else { throw WholeFileError(path: path, code) }
        // The file is whole whether or not the folder can be synchronised.
        let folder = open(Self.folder(of: place), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            Foundation.close(folder)
        }
    }

    /// Leaves nothing of it, unless it is finished. From any thread.
    public func discard() {
        state.withLock { Self.close(&$0) }
    }

    private static func close(_ state: inout State) {
        if let temporary = state.temporary { unlink(temporary) }
        if state.descriptor >= 0 { Foundation.close(state.descriptor) }
        state = State(descriptor: -1, temporary: nil)
    }

    private static func folder(of path: String) -> String {
        let folder = (path as NSString).deletingLastPathComponent
        return folder.isEmpty ? "." : folder
    }
}

/// Why a file cannot be written.
public struct WholeFileError: Error, Sendable, CustomStringConvertible {
    public let path: String
    /// In the system's words, or ours.
    public let reason: String
    /// Whether it is a pipe that nobody reads any more.
    public let isClosedPipe: Bool

    init(path: String, reason: String) {
        self.path = path
        self.reason = reason
        isClosedPipe = false
    }

    init(path: String, _ code: Int32) {
        self.path = path
        reason = String(cString: strerror(code))
        isClosedPipe = code == EPIPE
    }

    public var description: String { "\(path) cannot be written: \(reason). Nothing is changed there" }
}
