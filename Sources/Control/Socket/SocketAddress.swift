import Files
import Foundation

/// A place for a Unix socket, whatever the length of its path.
enum SocketAddress {
    /// What the kernel's address holds at most, with a zero at its end.
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

/// What the system says went wrong.
struct SystemProblem: Error, Hashable, CustomStringConvertible {
    let code: Int32

    init(_ code: Int32 = errno) {
        self.code = code
    }

    var description: String { String(cString: strerror(code)) }
}
