import Foundation

/// TCP sockets on 127.0.0.1. None is passed on to a child process.
package enum Loopback {
    package struct Unable: Error, CustomStringConvertible {
        package let description: String

        fileprivate init(_ what: String) {
            description = "\(what): \(String(cString: strerror(errno)))"
        }
    }

    /// Returns a socket that listens on a free port, and the port.
    package static func listening() throws -> (socket: Int32, port: Int) {
        let (socket, port) = try bound()
        guard listen(socket, 64) == 0 else { throw Unable("no socket that listens") }
        return (socket, port)
    }

    /// Returns a port on which nothing listens at the moment.
    package static func freePort() throws -> Int {
        let (socket, port) = try bound()
        close(socket)
        return port
    }

    /// Returns a socket that is connected to a port.
    package static func connected(to port: Int) throws -> Int32 {
        let descriptor = socket()
        var address = address(port)
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else {
            defer { close(descriptor) }
            throw Unable("no connection to port \(port)")
        }
        return descriptor
    }

    private static func bound() throws -> (socket: Int32, port: Int) {
        let descriptor = socket()
        var address = address(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw Unable("no free port") }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    private static func socket() -> Int32 {
        Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    }

    private static func address(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = in_port_t(port).bigEndian
        return address
    }
}
