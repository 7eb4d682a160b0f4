import Foundation

/// The parts of a path: a name in a folder, separated like `dirname` and `basename` do.
///
/// Foundation's `deletingLastPathComponent` traps on a path of one character other than a slash.
public struct PathParts: Sendable, Hashable {
    /// The folder: `.` if the path names no folder. Only the root ends in a slash.
    public let folder: String
    /// The name without slashes after it: `/` for the root itself.
    public let name: String

    public init(_ path: String) {
        // Compared as bytes, because a combining mark after a slash would make it another character.
        let bytes = path.utf8
        let slash = UInt8(ascii: "/")
        guard let last = bytes.lastIndex(where: { $0 != slash }) else {
            folder = path.isEmpty ? "." : "/"
            name = path.isEmpty ? "" : "/"
            return
        }
        let end = bytes.index(after: last)
        guard let start = bytes[..<end].lastIndex(of: slash) else {
            folder = "."
            name = String(path[..<end])
            return
        }
        name = String(path[bytes.index(after: start)..<end])
        folder =
            bytes[..<start].lastIndex { $0 != slash }.map { String(path[..<bytes.index(after: $0)]) } ?? "/"
    }
}

/// A folder that only its user may enter.
public enum PrivateFolder {
    /// Creates a folder, and those around it, unless it is there already.
    public static func make(_ path: String) throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }
}

// MARK: - Writing

/// Bytes that are written to a file whole, in however many calls.
public enum AllBytes {
    /// Writes bytes at the file's position, one after another. This does not wait until they are on the disk.
    ///
    /// - Returns: The error's number if not all of them were written, otherwise 0.
    public static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count == 0 || errno != EINTR {
                return count == 0 ? ENOSPC : errno
            }
        }
        return 0
    }
}

// MARK: - Watching

/// Reports with inotify when files of a folder change, appear or disappear. Nothing runs while nothing happens.
public final class FileWatch: Sendable {
    /// The changes since the last look.
    public struct Seen: Sendable, Equatable {
        /// The contents of a watched file may have changed.
        public internal(set) var isChanged = false
        /// The requested files that appeared, disappeared or were replaced.
        public internal(set) var moved: Set<String> = []
    }

    private static let inFolder = UInt32(
        IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
    private static let inFile = UInt32(IN_MODIFY)

    private let folder: String
    private let contents: [String]
    private let names: Set<String>
    private let queue: Int32
    private let stopping: (reading: Int32, writing: Int32)

    /// Watches files of a folder.
    ///
    /// - Parameters:
    ///   - contents: The names of those whose contents are watched; they need not exist.
    ///   - names: Those of which also the appearance and disappearance is reported.
    /// - Returns: Nil if the system has no file watch left.
    public init?(_ folder: String, contents: [String], names: Set<String> = []) {
        self.folder = folder
        self.contents = contents
        self.names = names.union(contents)
        queue = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        var ends: [Int32] = [-1, -1]
        guard queue >= 0, pipe(&ends) == 0 else {
            if queue >= 0 { close(queue) }
            return nil
        }
        stopping = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // Where the folder may not be listed, the files themselves have to do.
        inotify_add_watch(queue, folder, Self.inFolder)
        watchContents()
    }

    deinit {
        for descriptor in [queue, stopping.reading, stopping.writing] { close(descriptor) }
    }

    /// Ends `wait`, now and for ever.
    public func stop() {
        var byte: UInt8 = 0
        _ = write(stopping.writing, &byte, 1)
    }

    /// Waits until something is seen; with a limit only if one is given.
    ///
    /// - Returns: An empty value if the time was up first; nil once it is stopped.
    public func wait(atMost limit: Duration? = nil) -> Seen? {
        var ends = [
            pollfd(fd: queue, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stopping.reading, events: Int16(POLLIN), revents: 0),
        ]
        let milliseconds = limit.map { Int32(max(1, $0 / .milliseconds(1))) } ?? -1
        while poll(&ends, 2, milliseconds) < 0, errno == EINTR {}
        return ends[1].revents == 0 ? readEvents() : nil
    }

    /// Watches the contents of the files. A watch follows the file, not its name: a new file of the same name needs a
    /// new watch.
    private func watchContents() {
        for name in contents { inotify_add_watch(queue, "\(folder)/\(name)", Self.inFile) }
    }

    private func readEvents() -> Seen {
        var seen = Seen()
        let header = MemoryLayout<inotify_event>.size
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(queue, &buffer, buffer.count)
            guard count > 0 else { break }
            buffer.withUnsafeBytes { bytes in
                var offset = 0
                while offset + header <= count {
                    let event = bytes.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
                    let end = min(count, offset + header + Int(event.len))
                    let name = String(decoding: bytes[(offset + header)..<end].prefix { $0 != 0 }, as: UTF8.self)
                    note(event.mask, name, &seen)
                    offset = end
                }
            }
        }
        if !seen.moved.isEmpty { watchContents() }
        return seen
    }

    private func note(_ mask: UInt32, _ name: String, _ seen: inout Seen) {
        if mask & UInt32(IN_Q_OVERFLOW) != 0 {
            // Lost reports may have been about anything.
            seen.isChanged = true
            seen.moved = names
        } else if name.isEmpty {
            if mask & UInt32(IN_MODIFY) != 0 { seen.isChanged = true }
            if mask & UInt32(IN_DELETE_SELF | IN_MOVE_SELF) != 0 { seen.moved = names }
        } else if names.contains(name) {
            seen.moved.insert(name)
        }
    }
}
