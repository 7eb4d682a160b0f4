import Base
package import Foundation

/// The places of b2watch's files, by the XDG base directory specification. Each place is independent: a missing one is
/// an error only for callers that ask for it.
public struct Places: Sendable, Hashable {
    private let stateFolder: String?
    private let configurationFolder: String?

    /// - Parameter environment: The process's environment.
    public init(environment: [String: String]) {
        func folder(_ variable: String, below home: String) -> String? {
            // The specification: a relative path is invalid and to be ignored.
            if let path = environment[variable], path.hasPrefix("/") { return "\(path)/b2watch" }
            guard let path = environment["HOME"], path.hasPrefix("/") else { return nil }
            return "\(path)/\(home)/b2watch"
        }
        stateFolder = folder("XDG_STATE_HOME", below: ".local/state")
        configurationFolder = folder("XDG_CONFIG_HOME", below: ".config")
    }

    /// `$XDG_STATE_HOME/b2watch`, or `~/.local/state/b2watch`.
    public var state: String {
        get throws(PlacesError) {
            guard let stateFolder else { throw .noState }
            return stateFolder
        }
    }

    /// `$XDG_CONFIG_HOME/b2watch`, or `~/.config/b2watch`.
    public var configuration: String {
        get throws(PlacesError) {
            guard let configurationFolder else { throw .noConfiguration }
            return configurationFolder
        }
    }

    /// The record of all deliveries, unless `--history` names another.
    public var history: String { get throws(PlacesError) { "\(try state)/history.sqlite" } }

    /// The log of b2watch's own actions and warnings; the older files next to it end in `.1` to `.4`.
    public var log: String { get throws(PlacesError) { "\(try state)/b2watch.log" } }

    /// The user's settings; the file may be missing.
    public var settings: String { get throws(PlacesError) { "\(try configuration)/config.yaml" } }

    /// The journals of what has to be undone at Backblaze, a file for each connection to a bucket.
    public var connections: String { get throws(PlacesError) { "\(try state)/connections" } }

    /// The lists of rules that changes at Backblaze have replaced, a file for each bucket.
    public var replacedRules: String { get throws(PlacesError) { "\(try state)/rules" } }

    /// The files of comparisons of buckets with the record.
    public var comparisons: String { get throws(PlacesError) { "\(try state)/reconcile" } }

    /// The state of the screen at its end, restored at the next start.
    public var view: String { get throws(PlacesError) { "\(try state)/view.json" } }

    /// The signing secrets that the user has saved.
    public var secrets: String { get throws(PlacesError) { "\(try configuration)/secrets" } }

    /// The rules that the user has named as ones that do not sign.
    public var unsignedRules: String { get throws(PlacesError) { "\(try configuration)/unsigned-rules" } }
}

/// The reason why no place for files is known.
public enum PlacesError: Error, Sendable, CustomStringConvertible {
    case noState
    case noConfiguration

    public var description: String {
        switch self {
        case .noState:
            "neither HOME nor XDG_STATE_HOME is set, so there is no place for the history: set one of them, or give --history FILE"
        case .noConfiguration:
            "neither HOME nor XDG_CONFIG_HOME is set, so there is no place for secrets: set one of them"
        }
    }
}

// MARK: - Private files

/// Files that only their user may read.
package enum PrivateFile {
    /// The most that is read of a file: far more than any secret, far less than `/dev/zero` has.
    package static let largest = 64 << 10

    /// Reads a small file.
    ///
    /// - Parameters:
    ///   - limit: The most bytes that are read.
    ///   - check: Refuses unsuitable files; without a check, a pipe is waited for.
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

    /// Returns a warning about a secret's file that users other than its owner may read or write; nil if none may.
    package static func exposure(of path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0, isOpenToOthers(status) else { return nil }
        return "\(path) can be read by other users: chmod 600 it"
    }

    private static func isOpenToOthers(_ status: stat) -> Bool {
        // A pipe has only one reader.
        status.st_mode & S_IFMT == S_IFREG && status.st_mode & 0o077 != 0
    }

    /// Writes a file whole or not at all, 0600, in a folder that is made 0700 if it is missing.
    ///
    /// - Throws: `FileProblem`.
    package static func write(_ bytes: [UInt8], to path: String) throws(FileProblem) {
        let folder = PathParts(path).folder
        do {
            try PrivateFolder.make(folder)
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

/// A problem of a file, to follow its name: `is missing`.
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

// MARK: - The user's group

/// The group that many systems create for each user, with nobody else in it.
enum UserGroup {
    /// Returns whether a group is the user's own: of the user's name, without other members. If this cannot be found
    /// out the group counts as shared.
    static func isOwn(_ group: gid_t) -> Bool {
        guard let user = userName(), let (name, members) = named(group) else { return false }
        return name == user && members.allSatisfy { $0 == user }
    }

    private static func userName() -> String? {
        var (entry, found) = (passwd(), UnsafeMutablePointer<passwd>?.none)
        var buffer = [CChar](repeating: 0, count: 16 << 10)
        guard getpwuid_r(geteuid(), &entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
        return entry.pw_name.map { String(cString: $0) }
    }

    private static func named(_ id: gid_t) -> (name: String, members: [String])? {
        var (entry, found) = (Foundation.group(), UnsafeMutablePointer<group>?.none)
        var buffer = [CChar](repeating: 0, count: 64 << 10)
        guard getgrgid_r(id, &entry, &buffer, buffer.count, &found) == 0, found != nil, let name = entry.gr_name
        else { return nil }
        var members: [String] = []
        var next = entry.gr_mem
        while let member = next?.pointee {
            members.append(String(cString: member))
            next = next?.advanced(by: 1)
        }
        return (String(cString: name), members)
    }
}
