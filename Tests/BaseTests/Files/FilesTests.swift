import Base
import Foundation
import Testing
import TestSupport

@Suite struct PathPartsTests {
    @Test(
        arguments: [
            ("x", ".", "x"), ("1", ".", "1"), ("~", ".", "~"), (".", ".", "."), ("é", ".", "é"), ("x/", ".", "x"),
            ("x//", ".", "x"), ("/x", "/", "x"), ("/x/", "/", "x"), ("//x", "/", "x"), ("/", "/", "/"),
            ("///", "/", "/"), ("", ".", ""), ("./x", ".", "x"), ("../x", "..", "x"), ("a/b", "a", "b"),
            ("a//b/", "a", "b"), ("/a/b/c.csv", "/a/b", "c.csv"), ("~/x", "~", "x"), ("a/\u{301}b", "a", "\u{301}b"),
        ])
    func areAsTheSystemTellsThem(path: String, folder: String, name: String) {
        let parts = PathParts(path)
        #expect(Array(parts.folder.utf8) == Array(folder.utf8))
        #expect(Array(parts.name.utf8) == Array(name.utf8))
    }
}

// MARK: - Writing

@Suite("Complete writes")
struct AllBytesTests {
    @Test("need more than one call if necessary, and append to earlier bytes")
    func written() throws {
        let folder = TemporaryFolder()
        let path = folder.file("bytes")
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0) }
        #expect(AllBytes.write(bytes, to: descriptor) == 0)
        #expect(AllBytes.write([1, 2], to: descriptor) == 0)
        #expect(AllBytes.write([], to: descriptor) == 0)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(bytes + [1, 2]))
    }

    @Test("that fail leave the error's number")
    func refused() {
        let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
        defer { close(full) }
        #expect(AllBytes.write([1], to: full) == ENOSPC)
        #expect(AllBytes.write([1], to: -1) == EBADF)
    }
}
