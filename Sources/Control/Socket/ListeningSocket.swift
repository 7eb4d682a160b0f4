import Files
import Foundation

/// A socket in the file system at which others may call, for its owner's eyes only.
final class ListeningSocket: Sendable {
    let path: String
    private let socket: UnixSocket
    private let inode: UInt64

    /// Makes it, in the place of one that a crash left behind: only who holds the history's lock may do so.
    ///
    /// It appears under its name when it takes calls already, and was never open to others: the mode is set before there
    /// is a file, and the name is given by a rename.
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
        let isBound = try SocketAddress.with(temporary, toConnect: false) { bind(descriptor, $0, $1) == 0 }
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

    /// Takes no more calls, and takes its name away if that is still its own.
    func close() {
        var status = stat()
        if lstat(path, &status) == 0, UInt64(status.st_ino) == inode { unlink(path) }
        socket.end()
    }
}
