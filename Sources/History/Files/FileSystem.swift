import Foundation

/// The file system with a history: its type, and whether it can do what SQLite needs.
struct FileSystem: Sendable, Hashable {
    /// The system's name of the type, such as `ext4`, `nfs4` or `fuse.sshfs`.
    let type: String
    let mountPoint: String

    init(type: String, mountPoint: String) {
        (self.type, self.mountPoint) = (type, mountPoint)
    }

    /// Finds the file system of a file; fails if it is unknown.
    init?(of path: String) {
        guard let table = try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8) else { return nil }
        var status = stat()
        // If the file does not exist, its folder counts.
        guard stat(path, &status) == 0 || stat((path as NSString).deletingLastPathComponent, &status) == 0 else {
            return nil
        }
        self.init(of: path, device: "\(Self.major(status.st_dev)):\(Self.minor(status.st_dev))", table: table)
    }

    /// - Parameters:
    ///   - device: The file's device, in the form of the table.
    ///   - table: The contents of `/proc/self/mountinfo`.
    init?(of path: String, device: String, table: String) {
        let mounts = table.split(separator: "\n").compactMap {
            line -> (device: Substring, point: String, type: String)? in
            let fields = line.split(separator: " ")
            guard fields.count > 6, let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count else { return nil }
            return (fields[2], Self.unescaped(fields[4]), String(fields[dash + 1]))
        }
        let found = mounts.filter { mount in
            let point = mount.point == "/" ? "" : mount.point
            return path == mount.point || path.hasPrefix(point + "/")
        }
        // Some file systems give files another device than the table does. The last mount covers those before it.
        let best = { (mounts: [(device: Substring, point: String, type: String)]) in
            mounts.enumerated().max { ($0.element.point.count, $0.offset) < ($1.element.point.count, $1.offset) }?
                .element
        }
        guard let mount = best(found.filter { $0.device == device }) ?? best(found) else { return nil }
        self.init(type: mount.type, mountPoint: mount.point)
    }

    /// Decodes `\040` and the like, which encode white space and backslashes.
    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = String(decoding: rest.prefix(3), as: UTF8.self)
            if byte == UInt8(ascii: "\\"), let value = UInt8(digits, radix: 8) {
                bytes.append(value)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func major(_ device: dev_t) -> UInt64 {
        let device = UInt64(device)
        return (device >> 8) & 0xfff | (device >> 32) & ~0xfff
    }

    private static func minor(_ device: dev_t) -> UInt64 {
        let device = UInt64(device)
        return device & 0xff | (device >> 12) & ~0xff
    }

    // MARK: - Kinds

    /// Whether other machines may use it too, or its server keeps the locks.
    var isShared: Bool {
        let types = [
            "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "gfs2", "ocfs2",
            "vboxsf",
            "beegfs", "davfs", "prl_fs",
        ]
        return types.contains(type) || type == "fuse" || type.hasPrefix("fuse.")
    }

    /// A description such as `nfs4, mounted at /mnt/share`.
    var words: String { "\(type), mounted at \(mountPoint)" }

    /// A warning about a history here, in a sentence; nil if there is none.
    var warning: String? {
        switch type {
        case _ where isShared:
            "the history is on a network or shared file system (\(words)), which may lose what it has confirmed, or let"
                + " another machine write too: keep it on a local disk, with --history"
        case "overlay", "aufs":
            "the history is in a container's own file system (\(words)), and ends with the container: keep it on a volume"
        case "tmpfs", "ramfs":
            "the history is on a file system in memory (\(words)), and ends with this machine's next start"
        default: nil
        }
    }

    // MARK: - Abilities

    /// Tests with a file that SQLite does not use the functions that SQLite needs: locks, shared memory, and confirmed
    /// writes.
    ///
    /// - Parameter descriptor: The descriptor of a file with some bytes, open for reading and writing.
    /// - Returns: What is missing, as the end of a sentence; nil if nothing is.
    static func problem(with descriptor: Int32, at path: String) -> String? {
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        lock.l_len = 1
        guard fcntl(descriptor, F_SETLK, &lock) == 0 || errno == EAGAIN || errno == EACCES else {
            return sentence("has no locks", errno, at: path)
        }
        lock.l_type = Int16(F_UNLCK)
        _ = fcntl(descriptor, F_SETLK, &lock)
        let page = mmap(nil, 1, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard page != MAP_FAILED else {
            return sentence("cannot share memory between processes (mmap)", errno, at: path)
        }
        munmap(page, 1)
        guard fsync(descriptor) == 0 else {
            return sentence("does not confirm that data is on the disk (fsync)", errno, at: path)
        }
        return nil
    }

    /// Returns a sentence about what a file system cannot do, with its name and a remedy.
    static func sentence(_ problem: String, _ number: Int32, at path: String) -> String {
        let name = FileSystem(of: path).map { " (\($0.words))" } ?? ""
        return
            "its file system\(name) \(problem): \(String(cString: strerror(number))). Keep the history on a local disk"
    }

    /// Returns the reason why a file cannot be created or opened: the system's reason with a remedy, and the file
    /// system if that is the cause.
    static func reason(_ number: Int32, at path: String) -> String {
        let name = FileSystem(of: path).map { " (\($0.words))" } ?? ""
        let words = String(cString: strerror(number))
        switch number {
        case EROFS: return "its file system\(name) is mounted read-only"
        case ENOLCK, EOPNOTSUPP, ENOSYS, ENODEV, EINVAL, EIO, ESTALE, EREMOTEIO:
            return (WriteFailure.reason(ofSystemError: number) ?? words) + name
        default: return WriteFailure.reason(ofSystemError: number) ?? words
        }
    }
}
