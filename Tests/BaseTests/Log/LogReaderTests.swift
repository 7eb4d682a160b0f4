import Base
import Foundation
import Notifications
import Testing
import TestSupport

/// Windows of the log: over all its files, from both ends, whatever they contain.
@Suite struct LogReaderTests {
    /// Returns a log of this number of lines in several files.
    private func log(_ count: Int) throws -> TestLog {
        let log = try TestLog(limit: 400, kept: 40)
        let writer = try log.writer()
        for index in 0..<count {
            try writer.append(LogLine.sample("\(index)", at: 1_795_538_580_123 + Int64(index)).bytes)
        }
        return log
    }

    @Test func noLogHasNoEntries() throws {
        let log = try TestLog()
        for anchor in [WindowRequest<LogPlace>.Anchor.newest, .oldest, .row(LogPlace(inode: 1, offset: 5))] {
            #expect(try log.entries(anchor, before: 5, after: 5) == ListWindow<LogEntry>())
        }
    }

    @Test func theEndsTellExactlyWhetherThereAreMore() throws {
        let log = try log(50)
        for others in [0, 1, 7, 30, 48, 49, 60] {
            let count = min(50, others + 1)
            let newest = try log.entries(.newest, before: others, after: 3)
            #expect(newest.rows.map(\.text) == (50 - count..<50).map(String.init))
            #expect(newest.hasOlder == (count < 50) && !newest.hasNewer)
            let oldest = try log.entries(.oldest, before: 3, after: others)
            #expect(oldest.rows.map(\.text) == (0..<count).map(String.init))
            #expect(oldest.hasNewer == (count < 50) && !oldest.hasOlder)
        }
    }

    @Test func anEntryIsReadWithItsNeighbours() throws {
        let log = try log(50)
        let all = try log.entries(.oldest, after: 99).rows
        #expect(all.map(\.time?.milliseconds) == (0..<50).map { 1_795_538_580_123 + $0 })
        for (index, entry) in all.enumerated() {
            let window = try log.entries(.row(entry.id), before: 3, after: 4)
            #expect(window.rows == Array(all[max(0, index - 3)...min(49, index + 4)]))
            #expect(window.hasOlder == (index > 3) && window.hasNewer == (index < 45))
        }
    }

    @Test func aPlaceStaysWhileTheFileIsRotated() throws {
        let log = try log(5)
        let place = try log.entries(.oldest).rows[0].id
        let writer = try log.writer()
        for index in 5..<60 { try writer.append(LogLine.sample("\(index)").bytes) }
        #expect(try log.entries(.row(place), after: 1).rows.map(\.text) == ["0", "1"])
        let gone = try log.entries(.row(LogPlace(inode: .max, offset: 7)), before: 5, after: 1)
        #expect(gone.rows.map(\.text) == ["0", "1"])
    }

    @Test func whatEndsWithoutANewlineIsReadTwiceTheSame() throws {
        let log = try TestLog()
        _ = try log.folder.write("b2watch.log", "one\n\ntwo\nthr")
        #expect(try log.entries(.newest, before: 9).rows.map(\.text) == ["one", "", "two", "thr"])
        #expect(try log.entries(.oldest, after: 9).rows.map(\.text) == ["one", "", "two", "thr"])
    }

    /// Lines of all lengths, some far longer than a block, and bytes that are not UTF-8.
    @Test func bothDirectionsFindTheSameLinesInWhateverIsThere() throws {
        var generator = SeededGenerator(seed: 3)
        let log = try TestLog()
        var bytes: [UInt8] = []
        for _ in 0..<60 {
            let length = [0, 5, 100, 65_535, 65_536, 200_000].randomElement(using: &generator) ?? 0
            bytes += (0..<Int.random(in: 0...length, using: &generator)).map { _ in
                UInt8.random(in: 11...255, using: &generator)
            }
            bytes.append(10)
        }
        _ = try log.folder.write("b2watch.log", bytes)
        let all = try log.entries(.oldest, after: 100_000).rows
        #expect(try log.entries(.newest, before: 100_000).rows == all)
        #expect(all.count >= 60)
        for index in stride(from: 0, to: all.count, by: 7) {
            let window = try log.entries(.row(all[index].id), before: 2, after: 2)
            #expect(window.rows == Array(all[max(0, index - 2)...min(all.count - 1, index + 2)]))
        }
    }

    @Test func aLogOfAnyLengthIsReadFromItsEnd() throws {
        let log = try TestLog()
        // A hole of a terabyte, which could never be read completely.
        _ = try log.folder.write("b2watch.log", "first\n")
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: log.path))
        try handle.seek(toOffset: 1 << 40)
        try handle.write(contentsOf: Data("\nlast but one\nlast\n".utf8))
        try handle.close()
        #expect(try log.entries(.newest, before: 1).rows.map(\.text) == ["last but one", "last"])
        #expect(try log.entries(.oldest).rows.map(\.text) == ["first"])
    }

    @Test func thePlaceNearestToATimeIsFoundInAnyFile() throws {
        let start: Int64 = 1_795_538_580_123
        #expect(try LogReader(try TestLog().path).place(nearestTo: stretch(start)) == nil)
        let log = try log(50)
        let reader = LogReader(log.path, kept: 40)
        for (moment, index) in [(start - 5_000, 0), (start, 0), (start + 17, 17), (start + 49, 49), (start + 900, 49)] {
            let place = try #require(try reader.place(nearestTo: stretch(moment)))
            #expect(try log.entries(.row(place)).rows.first?.text == "\(index)")
        }
    }

    private func stretch(_ start: Int64) -> Range<Timestamp> {
        Timestamp(milliseconds: start)..<Timestamp(milliseconds: start + 1)
    }
}

// MARK: - Following

@Suite("Following the log", .blocking)
struct LogFollowerTests {
    @Test("reports lines of other processes, including the first ones")
    func follows() throws {
        let log = try TestLog(limit: 500, kept: 3)
        let moves = Monitor(0)
        let follower = try #require(LogFollower(log.path) { moves.change { $0 += 1 } })
        let writer = try log.writer()
        try writer.append(LogLine.sample("first").bytes)
        let first = try moves.require("a line") { $0 > 0 ? $0 : nil }
        // Also after a rotation.
        for index in 0..<50 { try writer.append(LogLine.sample("line \(index)").bytes) }
        try moves.require("more lines") { $0 > first ? true : nil }
        withExtendedLifetime(follower) {}
    }
}
