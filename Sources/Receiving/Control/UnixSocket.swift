import Base
import Foundation

/// A stream socket between two processes of this machine. It closes with the last reference to it, so that no thread
/// reads from a descriptor that has become another file's.
final class UnixSocket: Sendable {
    let descriptor: Int32

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    /// Creates a socket.
    convenience init() throws(SystemProblem) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw SystemProblem() }
        self.init(descriptor)
    }

    deinit {
        close(descriptor)
    }

    /// Ends it in both directions: threads that read or write on it return at once.
    func end() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// The user who made the other end.
    var peer: uid_t? {
        // struct ucred: process, user, group.
        var credentials: [UInt32] = [0, 0, 0]
        var length = socklen_t(12)
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0, length == 12 else {
            return nil
        }
        return credentials[1]
    }

    /// Sets the time limits of `read`, and of `write` and `connect`; zero for no limit.
    func limit(reading: Duration? = nil, writing: Duration? = nil) {
        for (option, limit) in [(SO_RCVTIMEO, reading), (SO_SNDTIMEO, writing)] {
            guard let limit else { continue }
            var time = timeval(
                tv_sec: Int(limit.components.seconds), tv_usec: Int(limit.components.attoseconds / 1_000_000_000_000))
            setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    /// Waits for bytes.
    ///
    /// - Returns: Nothing at the end.
    func read() throws(SystemProblem) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count >= 0 { return Array(buffer.prefix(count)) }
            if errno != EINTR { throw SystemProblem() }
        }
    }

    /// Writes all of it. Blocks while the other end does not read.
    func write(_ bytes: [UInt8]) throws(SystemProblem) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count >= 0 { rest = rest.dropFirst(count) } else if errno != EINTR { throw SystemProblem() }
        }
    }
}

// MARK: - Listening

/// A socket in the file system that accepts calls, with permissions only for its owner.
final class ListeningSocket: Sendable {
    let path: String
    private let socket: UnixSocket
    private let inode: UInt64

    /// Creates the socket, and replaces one that a crash left behind: only the owner of the history's lock may do so.
    ///
    /// It appears under its name when it already accepts calls, and was never open to others: the mode is set before
    /// the file exists, and the name is given by a rename.
    ///
    /// - Throws: `SystemProblem`.
    init(at path: String) throws(SystemProblem) {
        self.path = path
        var status = stat()
        if lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFSOCK { throw SystemProblem(EEXIST) }
        socket = try UnixSocket()
        let temporary = PathParts(path).folder + "/.b2watch-control.\(getpid())"
        unlink(temporary)
        fchmod(socket.descriptor, 0o600)
        let descriptor = socket.descriptor
        let isBound = try UnixAddress.with(temporary, toConnect: false) { bind(descriptor, $0, $1) == 0 }
        guard isBound else { throw SystemProblem() }
        guard chmod(temporary, 0o600) == 0, listen(descriptor, 16) == 0, lstat(temporary, &status) == 0,
            rename(temporary, path) == 0
        else {
            let problem = SystemProblem()
            unlink(temporary)
            throw problem
        }
        inode = UInt64(status.st_ino)
    }

    /// Waits for a call; nil once it is closed.
    func accept() -> UnixSocket? {
        while true {
            let descriptor = Foundation.accept(socket.descriptor, nil, nil)
            if descriptor >= 0 { return UnixSocket(descriptor) }
            switch errno {
            case EINTR, ECONNABORTED: continue
            // No descriptors or no memory: the call waits for better times, and we with it.
            case EMFILE, ENFILE, ENOBUFS, ENOMEM: usleep(100_000)
            default: return nil
            }
        }
    }

    /// Stops accepting calls, and removes the socket's file if it is still this socket's own.
    func close() {
        var status = stat()
        if lstat(path, &status) == 0, UInt64(status.st_ino) == inode { unlink(path) }
        socket.end()
    }
}

// MARK: - Addresses

/// A place for a Unix socket, whatever the length of its path.
enum UnixAddress {
    /// The most bytes in a kernel's address, with a zero at its end.
    private static let longest = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    /// Calls `body` with the address of a path.
    ///
    /// A path that is too long is reached through a descriptor of its folder or, to connect, of the socket itself.
    ///
    /// - Throws: `SystemProblem`.
    static func with<Result>(
        _ path: String, toConnect: Bool, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) throws(SystemProblem) -> Result {
        if path.utf8.count <= longest { return call(path, body) }
        let folder = PathParts(path).folder
        let descriptor = toConnect ? open(path, openPath | O_CLOEXEC) : open(folder, O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemProblem() }
        defer { close(descriptor) }
        let short = "/proc/self/fd/\(descriptor)" + (toConnect ? "" : "/" + PathParts(path).name)
        guard short.utf8.count <= longest else { throw SystemProblem(ENAMETOOLONG) }
        return call(short, body)
    }

    /// `O_PATH`, which Glibc hides from Swift: a name for the file, and no right to read it.
    private static let openPath: Int32 = 0o10_000_000

    private static func call<Result>(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

/// An error of the system.
struct SystemProblem: Error, Hashable, CustomStringConvertible {
    let code: Int32

    init(_ code: Int32 = errno) {
        self.code = code
    }

    var description: String { String(cString: strerror(code)) }
}
