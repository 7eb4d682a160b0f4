import Foundation

/// A descriptor that bytes are written to, whole. Blocks until its reader has taken them.
///
/// Not a `FileHandle`: that ends the process where it cannot write.
struct ByteOutput: Sendable {
    let descriptor: Int32

    /// - Throws: `OutputFailure` where it takes no more.
    func write(_ bytes: [UInt8]) throws(OutputFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0, errno == EAGAIN {
                var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&wait, 1, -1)
            } else if count == 0 || errno != EINTR {
                throw OutputFailure(reason: String(cString: strerror(errno)), isClosedPipe: errno == EPIPE)
            }
        }
    }
}

/// Why an output takes no more, in the system's words.
struct OutputFailure: Error {
    let reason: String
    /// Whether it is a pipe that nobody reads any more.
    let isClosedPipe: Bool
}
