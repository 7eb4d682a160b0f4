import Foundation
import Sending
import Testing
import TestSupport

@Suite("A file that is replaced as a whole")
struct WholeFileTests {
    private func names(in folder: TemporaryFolder) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    @Test("appears when it is finished, accessible only to its user")
    func finished() throws {
        let folder = TemporaryFolder()
        let file = try WholeFile(folder.file("a.csv"))
        try file.write(Array("one".utf8))
        #expect(try names(in: folder).contains("a.csv") == false)
        try file.finish()
        #expect(try names(in: folder) == ["a.csv"])
        #expect(try String(contentsOfFile: folder.file("a.csv"), encoding: .utf8) == "one")
        #expect(try TemporaryFolder.mode(of: folder.file("a.csv")) == 0o600)
        file.discard()
        #expect(try names(in: folder) == ["a.csv"])
    }

    @Test("leaves the earlier file, and nothing else, if it is discarded")
    func discarded() throws {
        let folder = TemporaryFolder()
        _ = try folder.write("a.csv", "before")
        let file = try WholeFile(folder.file("a.csv"))
        try file.write(Array("half".utf8))
        file.discard()
        file.discard()
        #expect(throws: WholeFileError.self) { try file.write([1]) }
        #expect(throws: WholeFileError.self) { try file.finish() }
        #expect(try names(in: folder) == ["a.csv"])
        #expect(try String(contentsOfFile: folder.file("a.csv"), encoding: .utf8) == "before")
    }

    /// Returns the files that this process has open in a folder, by number.
    private func open(in folder: TemporaryFolder) throws -> [String] {
        let files = FileManager.default
        return try files.contentsOfDirectory(atPath: "/proc/self/fd").filter { number in
            let target = try? files.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)")
            return target?.hasPrefix(folder.path + "/") == true
        }
    }

    @Test("disappears at once when another thread abandons it, and only its writer closes it")
    func abandoned() throws {
        let folder = TemporaryFolder()
        let file = try WholeFile(folder.file("a.csv"))
        try file.write(Array("half".utf8))
        let descriptors = try open(in: folder)
        #expect(descriptors.count == 1)
        file.abandon()
        #expect(try names(in: folder).isEmpty)
        // Otherwise its number could belong to another file or socket while the writer still writes.
        #expect(try open(in: folder) == descriptors)
        #expect(throws: WholeFileError.self) { try file.write([1]) }
        #expect(throws: WholeFileError.self) { try file.finish() }
        file.discard()
        #expect(try open(in: folder).isEmpty)
        #expect(try names(in: folder).isEmpty)
    }

    @Test("does not appear if it is cancelled at the last moment")
    func cancelled() throws {
        let folder = TemporaryFolder()
        _ = try folder.write("a.csv", "before")
        let file = try WholeFile(folder.file("a.csv"))
        try file.write(Array("after".utf8))
        #expect(throws: WholeFileError.self) { try file.finish(unless: { true }) }
        #expect(try names(in: folder) == ["a.csv"])
        #expect(try String(contentsOfFile: folder.file("a.csv"), encoding: .utf8) == "before")
        #expect(try open(in: folder).isEmpty)
    }

    @Test("replaces the target of a link, not the link")
    func link() throws {
        let folder = TemporaryFolder()
        _ = try folder.write("real.csv", "before", mode: 0o644)
        try FileManager.default.createSymbolicLink(atPath: folder.file("link.csv"), withDestinationPath: "real.csv")
        let file = try WholeFile(folder.file("link.csv"))
        try file.write(Array("after".utf8))
        try file.finish()
        #expect(try names(in: folder) == ["link.csv", "real.csv"])
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder.file("link.csv")) == "real.csv")
        #expect(try String(contentsOfFile: folder.file("real.csv"), encoding: .utf8) == "after")
    }

    @Test("is created at the missing target of a link, and the link stays")
    func danglingLink() throws {
        let folder = TemporaryFolder()
        let files = FileManager.default
        try files.createDirectory(atPath: folder.file("there"), withIntermediateDirectories: false)
        try files.createSymbolicLink(atPath: folder.file("there/second.csv"), withDestinationPath: "real.csv")
        try files.createSymbolicLink(atPath: folder.file("link.csv"), withDestinationPath: "there/second.csv")
        let file = try WholeFile(folder.file("link.csv"))
        try file.write(Array("rows".utf8))
        try file.finish()
        #expect(try files.destinationOfSymbolicLink(atPath: folder.file("link.csv")) == "there/second.csv")
        #expect(try files.destinationOfSymbolicLink(atPath: folder.file("there/second.csv")) == "real.csv")
        #expect(try String(contentsOfFile: folder.file("there/real.csv"), encoding: .utf8) == "rows")
    }

    @Test("is not created if links lead in a circle, or into a missing folder")
    func uselessLinks() throws {
        let folder = TemporaryFolder()
        let files = FileManager.default
        try files.createSymbolicLink(atPath: folder.file("circle"), withDestinationPath: "circle")
        try files.createSymbolicLink(atPath: folder.file("away"), withDestinationPath: "no/real.csv")
        #expect(throws: WholeFileError.self) { try WholeFile(folder.file("circle")) }
        #expect { try WholeFile(folder.file("away")) } throws: { "\($0)".contains("its folder is missing") }
        #expect(try names(in: folder) == ["away", "circle"])
    }

    @Test("may have the longest possible name")
    func longName() throws {
        let folder = TemporaryFolder()
        let name = String(repeating: "n", count: 255)
        let file = try WholeFile(folder.file(name))
        try file.finish()
        #expect(try names(in: folder) == [name])
    }

    @Test("reports what prevents it")
    func refused() throws {
        let folder = TemporaryFolder()
        #expect { try WholeFile(folder.path) } throws: { "\($0)".contains("it is a folder") }
        #expect { try WholeFile(folder.file("no/a.csv")) } throws: { "\($0)".contains("its folder is missing") }
        let full = try WholeFile("/dev/full")
        #expect { try full.write([1]) } throws: { "\($0)".contains("No space left") }
    }
}
