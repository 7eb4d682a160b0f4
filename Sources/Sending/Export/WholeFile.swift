import Base
import Foundation
import Synchronization

/// A file that appears complete or not at all: it is written next to its place, 0600, and renamed when it is on the
/// disk. The file that was in its place stays until then.
///
/// A target that is not a regular file, such as a pipe or a device, is written directly.
///
/// One thread writes it, and only that thread closes it: after another thread closed the descriptor, its number could
/// be a socket's before the writer has finished.
public final class WholeFile: Sendable {
    private enum Output {
        /// A target that is not a regular file, before the first byte: opening a pipe waits for a reader.
        case unopened
        case open(Int32)
        case closed
    }

    private struct State {
        var output: Output
        /// The file next to its place, as long as it exists.
        var temporary: String?
        /// Whether it was given up.
        var isAbandoned = false
    }

    /// As it was given.
    public let path: String
    /// With links followed.
    private let place: String
    /// Never locked while the disk is waited for.
    private let state: Mutex<State>

    /// Creates the file next to its place.
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
                state = Mutex(State(output: .unopened))
                return
            }
        }
        place = Self.resolved(path)
        // Not made of the file's name, which may be as long as a name can be.
        let name = ".b2watch-\(UInt64.random(in: 0...UInt64.max)).part"
        let temporary = PathParts(place).folder + "/" + name
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            let code = errno
            let reason = code == ENOENT || code == ENOTDIR ? "its folder is missing" : String(cString: strerror(code))
            throw WholeFileError(path: path, reason: reason)
        }
        state = Mutex(State(output: .open(descriptor), temporary: temporary))
    }

    /// Returns its final path, with links followed, including a link to a missing file.
    public static func resolved(_ path: String) -> String {
        var path = path
        // As many links as the system follows. Those that lead in a circle are left to be refused by it.
        for _ in 0..<40 {
            if let resolved = realpath(path, nil) {
                defer { free(resolved) }
                return String(cString: resolved)
            }
            guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { break }
            path = target.hasPrefix("/") ? target : PathParts(path).folder + "/" + target
        }
        return path
    }

    /// Writes bytes after the previous ones. Only the writer calls it, like `finish` and `discard`.
    ///
    /// - Throws: `WholeFileError`; the file must then be discarded.
    public func write(_ bytes: [UInt8]) throws(WholeFileError) {
        let code = AllBytes.write(bytes, to: try descriptor())
        guard code == 0 else { throw WholeFileError(path: path, code) }
    }

    /// Puts the file in its place, once it is on the disk.
    ///
    /// - Parameter isCancelled: Asked a last time before it is in its place.
    /// - Throws: `WholeFileError`; nothing is left of it then.
    public func finish(unless isCancelled: () -> Bool = { false }) throws(WholeFileError) {
        let descriptor = try descriptor()
        defer { discard() }
        let isBeside = state.withLock { $0.temporary != nil }
        guard !isBeside || fsync(descriptor) == 0 else { throw WholeFileError(path: path, errno) }
        let code: Int32 = state.withLock { state in
            guard !state.isAbandoned else { return ECANCELED }
            guard let temporary = state.temporary else { return 0 }
            guard !isCancelled() else { return ECANCELED }
            guard rename(temporary, place) == 0 else { return errno }
            state.temporary = nil
            return 0
        }
        guard code == 0 else { throw WholeFileError(path: path, code) }
        guard isBeside else { return }
        // The file is whole whether or not the folder can be synchronised.
        let folder = open(PathParts(place).folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            Foundation.close(folder)
        }
    }

    /// Leaves nothing of it, unless it is finished.
    public func discard() {
        abandon()
        let output = state.withLock { state in
            defer { state.output = .closed }
            return state.output
        }
        if case .open(let descriptor) = output { close(descriptor) }
    }

    /// Removes the file, unless it is finished, and prevents it from appearing. May be called from any thread, and
    /// returns at once; the writer still closes it.
    public func abandon() {
        state.withLock { state in
            state.isAbandoned = true
            if let temporary = state.temporary { unlink(temporary) }
            state.temporary = nil
        }
    }

    /// Returns the descriptor to write to.
    private func descriptor() throws(WholeFileError) -> Int32 {
        switch state.withLock({ $0.isAbandoned ? .closed : $0.output }) {
        case .open(let descriptor): return descriptor
        case .closed: throw WholeFileError(path: path, ECANCELED)
        case .unopened:
            let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY)
            guard descriptor >= 0 else { throw WholeFileError(path: path, errno) }
            state.withLock { $0.output = .open(descriptor) }
            return descriptor
        }
    }
}

/// The reason why a file cannot be written.
public struct WholeFileError: Error, Sendable, CustomStringConvertible {
    public let path: String
    /// In the system's words, or ours.
    public let reason: String
    /// Whether it is a pipe without a reader.
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
