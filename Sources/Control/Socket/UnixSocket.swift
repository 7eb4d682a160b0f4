import Foundation

/// A stream socket between two processes of this machine. It closes with the last reference to it, so that no thread
/// reads from a descriptor that has become another file's.
final class UnixSocket: Sendable {
    let descriptor: Int32

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    /// A new one.
    convenience init() throws(SystemProblem) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw SystemProblem() }
        self.init(descriptor)
    }

    deinit {
        close(descriptor)
    }

    /// Ends it in both directions: whoever reads from it, or writes, is told at once.
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

    /// How long `read`, or `write` and `connect`, wait at most; zero for ever.
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
