import Base
import Foundation
import History
import Notifications
import Sending
import Settings
import Testing
import TestSupport

@testable import Actions

@Suite("Rows in a file")
struct CSVActionTests {
    let folder = TemporaryFolder()
    var path: String { folder.file("events.csv") }

    private func action(
        _ columns: [String] = [], isVerbatim: Bool = false, _ change: (inout CSVSettings) -> Void = { _ in }
    ) -> CSVAction {
        let options = SheetOptions(columns: SheetColumn.more.filter { columns.contains($0.name ?? "") })
        var settings = CSVSettings(path: path, writer: "rows", options: options, isVerbatim: isVerbatim)
        change(&settings)
        return CSVAction(settings, now: { Timestamp(milliseconds: 0) })
    }

    private func bytes() throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

    /// Without a byte-order mark.
    private func text() throws -> String {
        let text = String(decoding: try bytes(), as: UTF8.self)
        return text.hasPrefix("\u{FEFF}") ? String(text.unicodeScalars.dropFirst()) : text
    }

    @Test("follow one header line, and contain no formula")
    func rows() throws {
        let action = action(["bucket"])
        #expect(action.perform([.numbered(1)], batch: 1).outcomes == [.done])
        let report = action.perform([.numbered(2, object: "=HYPERLINK(\"http://x\",\"y\")"), .numbered(3)], batch: 2)
        #expect(report.outcomes == [.done, .done] && report.exchange?.outcome == "2 rows appended")
        let start = "2026-01-01T10:11:12.345Z,b2:ObjectCreated:Upload,"
        let end = ",4_zaea8c5bc362ae55070130333_f117c7bd5d6c6597c,mySampleBucket\r\n"
        #expect(
            try text() == "Event Timestamp,Event Type,Object Name,Object Size,Object Version ID,Bucket\r\n"
                + start + "photos/1.jpg,1" + end
                + start + "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\",2" + end
                + start + "photos/3.jpg,3" + end)
        #expect(try TemporaryFolder.mode(of: path) == 0o600)
    }

    @Test("follow the file's own header and newlines, and a last line without a newline")
    func ownHeader() throws {
        _ = try folder.write("events.csv", "\u{FEFF}Notes,object size,\"Object Name\",Notes\nmine,7,a.jpg,")
        #expect(action(["bucket"]).perform([.numbered(8)], batch: 1).outcomes == [.done])
        #expect(try text() == "Notes,object size,\"Object Name\",Notes\nmine,7,a.jpg,\n,8,photos/8.jpg,\n")
        _ = try folder.write("events.csv", "Object Name")
        #expect(action(isVerbatim: true).perform([.numbered(8, object: "=1")], batch: 2).outcomes == [.done])
        #expect(try text() == "Object Name\r\n=1\r\n")
    }

    @Test("have the separators and decimals of the settings, and a byte-order mark on request")
    func separated() throws {
        let action = action {
            $0.separator = .semicolon
            $0.hasDecimalComma = true
            $0.hasByteOrderMark = true
            $0.options.timestamps = .date
        }
        #expect(
            action.perform([.numbered(1, object: "a;=1+1"), .numbered(2, object: "b")], batch: 1).outcomes.count == 2)
        #expect(action.perform([.numbered(3, object: "c")], batch: 2).outcomes == [.done])
        let start = "2026-01-01 10:11:12,345;b2:ObjectCreated:Upload;"
        let end = ";4_zaea8c5bc362ae55070130333_f117c7bd5d6c6597c\r\n"
        #expect(
            String(decoding: try bytes(), as: UTF8.self)
                == "\u{FEFF}Event Timestamp;Event Type;Object Name;Object Size;Object Version ID\r\n"
                + start + "\"a;'=1+1\";1" + end + start + "b;2" + end + start + "c;3" + end)
        // The note is gone, so the rows themselves are searched.
        unlink(action.note.path)
        #expect(action.recover([.numbered(3, object: "c")], batch: 2).outcomes == [.done])
    }

    @Test(
        "are not written into a file with another separator, which is named",
        arguments: [
            (
                ";", CSVSeparator.comma,
                "is separated by semicolons, and “separator” is comma: set “separator: semicolon”"
            ),
            ("\t", .comma, "is separated by tabs, and “separator” is comma: set “separator: tab”"),
            (",", .semicolon, "is separated by commas, and “separator” is semicolon: set “separator: comma”"),
        ])
    func otherSeparator(_ found: String, _ set: CSVSeparator, _ words: String) throws {
        _ = try folder.write("events.csv", "\u{FEFF}\"Event Timestamp\"\(found)Event Type\(found)Object Name\n")
        guard
            case .hold(let reason, nil) = action([], isVerbatim: false, change(set)).perform([.numbered(1)], batch: 1)
                .outcomes[0]
        else {
            Issue.record("rows of another kind were appended")
            return
        }
        #expect(reason.hasPrefix("\(path) \(words)"), "\(reason)")
        #expect(throws: CSVProblem.self) { try action([], isVerbatim: false, change(set)).test(.numbered(1)) }
        let right = CSVSeparator.allCases.first { String(decoding: [$0.byte], as: UTF8.self) == found }
        #expect(
            action([], isVerbatim: false, change(try #require(right))).perform([.numbered(1)], batch: 1).outcomes == [
                .done
            ])
        #expect(try text().hasSuffix("Upload\(found)photos/1.jpg\n"))
    }

    private func change(_ separator: CSVSeparator) -> (inout CSVSettings) -> Void { { $0.separator = separator } }

    @Test("are not written into a file of UTF-16, or after a line for one program only")
    func otherForms() throws {
        func reason() -> String {
            if case .hold(let reason, nil) = action().perform([.numbered(1)], batch: 1).outcomes[0] {
                reason
            } else {
                ""
            }
        }
        _ = try folder.write("events.csv", [0xFF, 0xFE] + Array("E\0v\0\n\0".utf8))
        #expect(reason().contains("is UTF-16: save it as UTF-8"))
        _ = try folder.write("events.csv", "sep=;\nEvent Type;Object Name\n")
        #expect(reason().contains("begins with the line “sep=;”: remove that line"))
    }

    @Test("cause one warning if a heading was renamed, even if b2watch was not running")
    func renamed() throws {
        let action = action()
        #expect(action.perform([.numbered(1)], batch: 1).warning == nil)
        _ = try folder.write("events.csv", text().replacingOccurrences(of: "Object Name", with: "File"))
        let report = action.perform([.numbered(2)], batch: 2)
        #expect(report.outcomes == [.done])
        #expect(
            report.warning?.contains("the heading “Object Name” (it is “File” now) is gone from the first line of")
                == true)
        #expect(action.perform([.numbered(3)], batch: 3).warning == nil)
        _ = try folder.write("events.csv", text().replacingOccurrences(of: "Object Size", with: "Bytes"))
        let next = self.action().perform([.numbered(4)], batch: 4).warning
        #expect(next?.contains("the heading “Object Size” is gone from") == true)
        #expect(self.action().perform([.numbered(5)], batch: 5).warning == nil)
    }

    @Test("can be written for programs of other languages")
    func settings() throws {
        func read(_ settings: [(String, ConfigurationNode.Content)]) -> (settings: CSVSettings?, problems: [String]) {
            let surroundings = ActionSurroundings(
                http: InProcessHTTP([:]), environment: [:], folder: "/etc", now: { Timestamp(milliseconds: 0) })
            var reading = ActionReading.sample("rows", [("file", .text("a.csv"))] + settings)
            let action = ActionKind.csv.read(&reading, surroundings) as? CSVAction
            reading.finish()
            return (action?.settings, reading.problems.map(\.text))
        }
        #expect(read([("separator", .text(";"))]).settings?.separator == .semicolon)
        #expect(read([("separator", .text("tab"))]).settings?.separator == .tab)
        let german = try #require(
            read([("separator", .text("semicolon")), ("decimal-separator", .text(",")), ("bom", .text("yes"))]).settings
        )
        #expect(german.hasDecimalComma && german.hasByteOrderMark)
        #expect(
            read([("separator", .text("|"))]).problems.first?.hasSuffix("expected is comma, semicolon or tab") == true)
    }

    @Test("are written to the target of a link, which is created if it is missing")
    func link() throws {
        let target = folder.file("real.csv")
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
        #expect(action().perform([.numbered(1)], batch: 1).outcomes == [.done])
        #expect(action().perform([.numbered(2)], batch: 2).outcomes == [.done])
        #expect(try TemporaryFolder.mode(of: target) == 0o600)
        #expect(try text().split(separator: "\r\n").count == 3)

        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: folder.file("none/real.csv"))
        guard case .hold(let reason, nil) = action().perform([.numbered(3)], batch: 3).outcomes[0] else {
            Issue.record("written into no folder")
            return
        }
        #expect(reason.contains("it is a link to a file in a folder that is missing"))
    }

    @Test("are refused by a file of another kind, with a remedy")
    func refused() throws {
        _ = try folder.write("events.csv", "a,b\n1,2\n")
        guard case .hold(let reason, nil) = action().perform([.numbered(1)], batch: 1).outcomes[0] else {
            Issue.record("a header of somebody else's was taken")
            return
        }
        #expect(reason.contains("has none of b2watch's headers") && reason.contains("Event Timestamp,"))
        #expect(throws: CSVProblem.self) { try action().test(.numbered(1)) }

        try folder.remove("events.csv")
        try #require(mkfifo(path, 0o600) == 0)
        #expect(
            action().perform([.numbered(1)], batch: 1).outcomes == [
                .hold("\(path) is not a regular file: name a file for the rows")
            ])
        try folder.remove("events.csv")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        #expect(
            action().perform([.numbered(1)], batch: 1).outcomes == [
                .hold("\(path) is a folder: name a file for the rows")
            ])
        try folder.remove("events.csv")

        let lost = CSVAction(
            CSVSettings(path: folder.file("no/such.csv"), writer: "rows"), now: { Timestamp(milliseconds: 0) })
        guard case .hold(let missing, nil) = lost.perform([.numbered(1)], batch: 1).outcomes[0] else {
            Issue.record("a folder that is missing is not waited for")
            return
        }
        #expect(missing.contains("its folder is missing"))
    }

    @Test("wait while another process appends")
    func locked() throws {
        let holder = try #require(try CSVFile.open(path, creates: true))
        guard case .retry(let reason, .seconds(1)?, .action) = action().perform([.numbered(1)], batch: 1).outcomes[0]
        else {
            Issue.record("a locked file was written")
            return
        }
        #expect(reason.contains("locked by another program"))
        guard case .unknown = action().recover([.numbered(1)], batch: 1).outcomes[0] else {
            Issue.record("a locked file was tested")
            return
        }
        withExtendedLifetime(holder) {}
    }

    @Test("can be tested without being written")
    func trial() throws {
        let sentence = try action(["rule"]).test(.numbered(1))
        #expect(sentence.hasSuffix("Object Version ID, Rule") && access(path, F_OK) != 0)
        let preview = String(decoding: try action().preview([.numbered(1)]), as: UTF8.self)
        #expect(preview.hasPrefix("Event Timestamp,") && preview.contains("photos/1.jpg") && access(path, F_OK) != 0)
        _ = action().perform([.numbered(1)], batch: 1)
        #expect(try action().test(.numbered(1)).contains("can be written; filled are Event Timestamp"))
        #expect(!String(decoding: try action().preview([.numbered(2)]), as: UTF8.self).hasPrefix("Event"))
    }

    @Test("with an unknown outcome are written exactly once, wherever the process ended", arguments: [true, false])
    func torn(hasNote: Bool) throws {
        let first = ActionItem.awkward(2), second = ActionItem.awkward(4, from: 3)
        for before in [[], first] {
            for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) { try folder.remove(name) }
            let action = action()
            if !before.isEmpty { _ = action.perform(before, batch: 1) }
            let old = before.isEmpty ? Data() : try bytes()
            #expect(action.perform(second, batch: 2).outcomes.allSatisfy { $0 == .done })
            let whole = try bytes()
            let note = try Data(contentsOf: URL(fileURLWithPath: action.note.path))
            if !hasNote { unlink(action.note.path) }
            for length in old.count...whole.count {
                // In some cases the rest of the row is there, as zeros.
                let zeros = hasNote && length % 3 == 0 ? [UInt8](repeating: 0, count: min(4, whole.count - length)) : []
                _ = try folder.write("events.csv", Array(whole.prefix(length)) + zeros)
                if hasNote { try note.write(to: URL(fileURLWithPath: action.note.path)) }
                let outcomes = action.recover(second, batch: 2).outcomes
                let rest = zip(second, outcomes).filter { $1 != .done }.map(\.0)
                #expect(rest.count < second.count || length < whole.count)
                if !rest.isEmpty { _ = action.perform(rest, batch: 3) }
                if !hasNote { unlink(action.note.path) }
                let now = try bytes()
                let isRight = now == whole
                #expect(isRight, "broken off at byte \(length) of \(whole.count)")
                if !isRight { return }
            }
        }
    }

    @Test("that are equal to others are distinguished by the note")
    func same() throws {
        let action = action()
        let twins = [ActionItem.numbered(1), .numbered(1)]
        _ = action.perform([twins[0]], batch: 1)
        // Ended before the second batch was begun.
        #expect(action.recover([twins[1]], batch: 2).outcomes != [.done])
        _ = action.perform([twins[1]], batch: 3)
        #expect(action.recover([twins[1]], batch: 3).outcomes == [.done])
        #expect(try text().components(separatedBy: "photos/1.jpg").count == 3)
    }

    @Test("are found after an edit by a person, and in the form of earlier settings")
    func changed() throws {
        let action = action()
        _ = action.perform([.numbered(1), .numbered(2)], batch: 1)
        let lines = try text()
        _ = try folder.write(
            "events.csv",
            lines.replacingOccurrences(of: "Object Version ID\r\n", with: "Object Version ID\r\n,,mine,,\r\n")
                + ",,also mine,,\r\n")
        #expect(action.recover([.numbered(1), .numbered(2)], batch: 1).outcomes == [.done, .done])
        let epoch = CSVAction(
            CSVSettings(path: path, writer: "rows", options: SheetOptions(timestamps: .epochMilliseconds)),
            now: { Timestamp(milliseconds: 0) })
        #expect(epoch.recover([.numbered(1), .numbered(2)], batch: 1).outcomes == [.done, .done])
    }

    @Test("are found by the note although the verdicts of their deliveries have changed")
    func verdicts() throws {
        let action = action(["verdict"])
        var items = [ActionItem.numbered(1), .numbered(2)]
        for index in items.indices { items[index].row.verdict = .unverified }
        _ = action.perform(items, batch: 1)
        for index in items.indices { items[index].row.verdict = .valid }
        #expect(action.recover(items, batch: 1).outcomes == [.done, .done])
        // One of them is no longer asked for, and half of the other is missing.
        let size = try bytes().count
        truncate(path, off_t(size - 3))
        #expect(action.recover([items[0]], batch: 1).outcomes == [.done])
        let report = action.recover([items[1]], batch: 1)
        #expect(report.outcomes != [.done])
        #expect(try text().components(separatedBy: "photos/").count == 2 && text().hasSuffix("unverified\r\n"))
    }

    @Test("are not written if the note cannot be written")
    func noNote() throws {
        let action = action()
        #expect(action.perform([.numbered(1)], batch: 1).outcomes == [.done])
        let old = try bytes()
        unlink(action.note.path)
        try FileManager.default.createDirectory(atPath: action.note.path, withIntermediateDirectories: false)
        guard case .hold(let reason, nil) = action.perform([.numbered(2)], batch: 2).outcomes[0] else {
            Issue.record("a row was written without a note")
            return
        }
        #expect(reason.hasPrefix(action.note.path) && reason.contains("b2watch notes there what it appends"))
        #expect(try bytes() == old)
        rmdir(action.note.path)
        #expect(action.perform([.numbered(2)], batch: 3).outcomes == [.done])
        #expect(action.note.answer(batch: 2) == .notBegun)
        // Torn: the rows were not written then.
        truncate(action.note.path, 50)
        #expect(action.note.answer(batch: 3) == .notBegun)
    }

    @Test("are all written, once each, after many crashes")
    func crashes() throws {
        var random = SeededGenerator(seed: 17)
        let action = action()
        var expected = CSVLayout(action.settings).headerLine
        var batch: Int64 = 0
        for round in 0..<60 {
            var waiting = ActionItem.awkward(Int.random(in: 1...20, using: &random), from: round * 20)
            for item in waiting { expected += CSVLayout(action.settings).line(item) }
            while !waiting.isEmpty {
                batch += 1
                let before = (try? Data(contentsOf: URL(fileURLWithPath: path)).count) ?? 0
                _ = action.perform(waiting, batch: batch)
                if Bool.random(using: &random) { break }
                let after = try Data(contentsOf: URL(fileURLWithPath: path)).count
                truncate(path, off_t(Int.random(in: before...after, using: &random)))
                let outcomes = action.recover(waiting, batch: batch).outcomes
                waiting = zip(waiting, outcomes).filter { $1 != .done }.map(\.0)
            }
        }
        let isRight = try bytes() == Data(expected)
        #expect(isRight)
    }
}
