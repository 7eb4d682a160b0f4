internal import NIOCore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Why the listener could not start.
public enum ListenerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Another program listens there.
    case inUse(ListenAddress)
    /// This user may not take the port.
    case notPermitted(ListenAddress)
    /// No network interface of this machine has the address.
    case notOfThisMachine(ListenAddress)
    /// The host name has no address.
    case unresolved(ListenAddress)
    /// Anything else, in the system's words.
    case failed(ListenAddress, String)

    init(_ error: any Error, at address: ListenAddress) {
        guard let error = error as? IOError else {
            self = .failed(address, String(describing: error))
            return
        }
        self =
            switch error.errnoCode {
            case EADDRINUSE: .inUse(address)
            case EACCES, EPERM: .notPermitted(address)
            case EADDRNOTAVAIL: .notOfThisMachine(address)
            case let code: .failed(address, String(cString: strerror(code)))
            }
    }

    /// A sentence: what failed, where, and what to try.
    public var description: String {
        switch self {
        case .inUse(let address):
            "another program listens on \(address): stop it, or choose another address with --listen HOST:PORT"
                + " (port 0 takes a free one)"
        case .notPermitted(let address):
            "not allowed to listen on \(address)"
                + (address.port < 1_024
                    ? ": ports below 1024 are the administrator's; choose a higher one, such as \(higher(address))"
                    : ": choose another address with --listen HOST:PORT")
        case .notOfThisMachine(let address):
            "\(address.host) is no address of this machine: listen on 127.0.0.1 or 0.0.0.0, or on one that it has"
        case .unresolved(let address):
            "the name \u{201C}\(address.host)\u{201D} has no address: write an IP address, such as 127.0.0.1"
        case .failed(let address, let problem):
            "cannot listen on \(address): \(problem)"
        }
    }

    private func higher(_ address: ListenAddress) -> ListenAddress {
        ListenAddress(host: address.host, port: 8_080)
    }
}
