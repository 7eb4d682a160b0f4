import Base
import Foundation
import TestSupport
import Testing

@Suite struct FileLockTests {
    private let folder = TemporaryFolder()
    private let path: String

    init() throws {
        path = folder.file("a.lock")
    }

    @Test func oneHasItAtATime() throws {
        let lock = try FileLock(path, holder: "process 1")
        #expect(throws: FileLock.Problem.inUse(by: "process 1")) { try FileLock(path, holder: "process 2") }
        #expect(throws: FileLock.Problem.inUse(by: "process 1")) { try FileLock.check(path) }
        lock.release()
        try FileLock.check(path)
        let next = try FileLock(path)
        #expect(throws: FileLock.Problem.inUse(by: "process 1")) { try FileLock.check(path) }
        withExtendedLifetime((lock, next)) {}
    }

    @Test func aCheckLeavesNoTrace() throws {
        try FileLock.check(path)
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func aLinkIsNotFollowed() throws {
        let other = try folder.write("other", Array("text".utf8))
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: other)
        #expect(throws: FileLock.Problem.self) { try FileLock(path, holder: "process 1") }
        #expect(try String(contentsOfFile: other, encoding: .utf8) == "text")
    }
}
