import Foundation
import TestSupport

/// The two ends of a pipe that no child process inherits by accident.
package struct PipeEnds {
    package let reading: Int32
    package let writing: Int32

    package init() {
        var ends: [Int32] = [-1, -1]
        precondition(GNU.pipe2(&ends, O_CLOEXEC) == 0, "no pipe is available: \(String(cString: strerror(errno)))")
        reading = ends[0]
        writing = ends[1]
    }

    /// Reads the next byte; returns nil at the end.
    ///
    /// - Throws: `WaitedInVain`.
    package func byte(within limit: Duration = .patience) throws -> UInt8? {
        Blocking.check()
        var state = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
        guard poll(&state, 1, Int32(limit / .milliseconds(1))) > 0 else {
            throw WaitedInVain(for: "a byte in a pipe", seeing: "nothing")
        }
        var byte: UInt8 = 0
        return read(reading, &byte, 1) == 1 ? byte : nil
    }
}

/// The output of a child process, read by its own thread as it arrives.
package final class Output: Sendable {
    private struct Read: Sendable {
        var bytes: [UInt8] = []
        /// The number of newlines in it.
        var lines = 0
        var hasEnded = false
    }

    private let read = Watched(Read())

    /// Reads until the other end is closed, and closes this one.
    package init(_ descriptor: Int32) {
        Thread.detachNewThread { [read] in
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = Foundation.read(descriptor, &buffer, buffer.count)
                if count > 0 {
                    let lines = buffer.prefix(count).count { $0 == UInt8(ascii: "\n") }
                    read.change { read in
                        read.bytes += buffer.prefix(count)
                        read.lines += lines
                    }
                } else if count == 0 || errno != EINTR {
                    break
                }
            }
            close(descriptor)
            read.change { $0.hasEnded = true }
        }
    }

    /// The output up to now.
    package var text: String { String(decoding: read.now.bytes, as: UTF8.self) }

    /// Waits until the other end is closed, and returns the whole output.
    package func whole() throws -> String {
        guard read.wait(for: { $0.hasEnded ? true : nil }) != nil else {
            throw WaitedInVain(for: "the end of the output", seeing: text)
        }
        return text
    }

    /// Waits for the first lines, and returns them.
    package func lines(_ count: Int) throws -> [Substring] {
        // Decoded only once enough of it is there.
        let isThere = read.wait { read in
            let isEnough = read.lines >= count
            return isEnough || read.hasEnded ? isEnough : nil
        }
        guard isThere == true else { throw WaitedInVain(for: "\(count) lines", seeing: text) }
        return Array(text.split(separator: "\n", omittingEmptySubsequences: false).prefix(count))
    }

    /// Waits for the first line that contains a text, and returns it.
    @discardableResult
    package func line(with part: String) throws -> Substring {
        let line: Substring?? = read.wait { read in
            let lines = String(decoding: read.bytes, as: UTF8.self).split(
                separator: "\n", omittingEmptySubsequences: false)
            let line = lines.dropLast().first { $0.contains(part) }
            return line != nil || read.hasEnded ? .some(line) : nil
        }
        guard case .some(.some(let line)) = line else { throw WaitedInVain(for: "a line with “\(part)”", seeing: text) }
        return line
    }
}
