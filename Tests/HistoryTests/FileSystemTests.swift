import Foundation
import TestSupport
import Testing

@testable import History

/// The file system with a history is named, and what it cannot do.
@Suite struct FileSystemTests {
    private static let table = """
        22 1 254:1 / / rw,relatime - ext4 /dev/vda rw
        30 22 0:40 / /mnt/share rw,relatime shared:7 master:2 - nfs4 server:/export rw
        31 22 0:41 / /mnt/my\\040disk rw - fuse.sshfs me@there:/ rw
        32 22 0:42 / /mnt/share/inner rw - tmpfs tmpfs rw
        33 22 0:43 / /mnt/share/inner rw - overlay overlay rw
        """

    @Test(arguments: [
        ("/home/ada/history.sqlite", "254:1", "ext4", "/"),
        ("/mnt/share/a/history.sqlite", "0:40", "nfs4", "/mnt/share"),
        ("/mnt/my disk/history.sqlite", "0:41", "fuse.sshfs", "/mnt/my disk"),
        ("/mnt/share/inner/history.sqlite", "0:43", "overlay", "/mnt/share/inner"),
        // Another device than the table's, as btrfs has it.
        ("/mnt/share/history.sqlite", "0:99", "nfs4", "/mnt/share"), ("/mnt/shared", "0:99", "ext4", "/"),
    ])
    func theMountOfAFileIsFound(_ path: String, _ device: String, _ type: String, _ point: String) {
        #expect(FileSystem(of: path, device: device, table: Self.table) == FileSystem(type: type, mountPoint: point))
    }

    @Test func ofThisMachineOneIsFound() throws {
        let folder = TemporaryFolder()
        let found = try #require(FileSystem(of: folder.file("not there yet")))
        #expect(!found.type.isEmpty && folder.path.hasPrefix(found.mountPoint))
    }

    @Test(arguments: ["nfs", "nfs4", "cifs", "9p", "fuse.sshfs", "fuse", "ceph"])
    func networkFileSystemsAreWarnedOf(_ type: String) throws {
        let fileSystem = FileSystem(type: type, mountPoint: "/mnt/share")
        #expect(fileSystem.isShared)
        let warning = try #require(fileSystem.warning)
        #expect(warning.contains("(\(type), mounted at /mnt/share)") && warning.contains("keep it on a local disk"))
    }

    @Test func localOnesAreNotAndThoseThatEndAreNamed() {
        for type in ["ext4", "xfs", "btrfs", "zfs"] {
            #expect(FileSystem(type: type, mountPoint: "/").warning == nil)
        }
        #expect(FileSystem(type: "overlay", mountPoint: "/").warning?.contains("keep it on a volume") == true)
        #expect(FileSystem(type: "tmpfs", mountPoint: "/").warning?.contains("in memory") == true)
    }

    @Test func whatAFileSystemCannotDoIsASentenceWithItsName() throws {
        let folder = TemporaryFolder()
        let sentence = FileSystem.sentence("has no locks", ENOLCK, at: folder.file("x"))
        #expect(sentence.contains("mounted at") && sentence.hasSuffix("Keep the history on a local disk"))
        #expect(FileSystem.reason(EROFS, at: folder.file("x")).contains("is mounted read-only"))
        #expect(FileSystem.reason(EACCES, at: folder.file("x")).contains("permissions"))
    }
}
