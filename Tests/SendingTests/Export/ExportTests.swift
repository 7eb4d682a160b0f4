import Base
import Foundation
import History
import Notifications
import Sending
import Testing
import TestSupport

@Suite("An export", .blocking)
struct ExportTests {
    private func names(_ export: Export, _ history: History) throws -> [String] {
        try export.text(of: history).split(separator: "\r\n").dropFirst().map {
            String($0.split(separator: ",", omittingEmptySubsequences: false)[2])
        }
    }

    private var csv: any ExportWriter { ExportFormat.csv.writer(ExportOptions()) }
    private var jsonl: any ExportWriter { ExportFormat.jsonl.writer(ExportOptions()) }

    @Test("writes matching deliveries in the order of arrival, up to a given row")
    func matching() async throws {
        let bodies = (0..<1_200).map { Delivery.sample([SampleEvent(id: "\($0)", object: "o\($0)")]) }
        let history = try await History.holding(bodies)
        defer { history.close() }
        #expect(
            try names(Export(.matching(.everything, through: 1_100), by: csv), history) == (0..<1_100).map { "o\($0)" })
        let some = RowPredicate.number(.row, .atLeast, 1_190)
        #expect(
            try names(Export(.matching(some, through: 1_200), by: csv), history) == (1_189..<1_200).map { "o\($0)" })
        #expect(try Export(.matching(.any([]), through: 1_200), by: csv).text(of: history).utf8.count == 70)
        #expect(try names(Export(.rows([5, 99_999, 3, 4]), by: csv), history) == ["o4", "o2", "o3"])
    }

    @Test("reports its progress, and can be cancelled")
    func progress() async throws {
        let history = try await History.holding((0..<1_200).map { .sample([SampleEvent(id: "\($0)")]) })
        defer { history.close() }
        var seen: [ExportProgress] = []
        let export = Export(.matching(.everything, through: 1_200), by: csv)
        let result = try export.run(reading: history.reader, progress: { seen.append($0) }, write: { _ in })
        #expect(result.written == 1_200)
        #expect(seen.map(\.written) == [500, 1_000, 1_200])
        #expect(seen.map(\.percent) == [41, 83, 100])
        #expect(seen.last?.bar(columns: 79) == "[########################] 100 %  1,200 events")
        #expect(seen.last?.bar(columns: 30) == "[########] 100 %  1,200 events")
        #expect(seen.last?.bar(columns: 20) == "100 %  1,200 events")
        #expect(throws: ReadCancelled.self) {
            try export.run(reading: history.reader, isCancelled: { true }, write: { _ in })
        }
    }

    @Test("to a terminal keeps the tabs between cells, and escapes the contents of cells")
    func tabs() async throws {
        let history = try await History.holding([.sample([SampleEvent(object: "a\tb\u{1B}c")])])
        defer { history.close() }
        let tsv = ExportFormat.tsv.writer(ExportOptions())
        let lines = try Export(.matching(.everything, through: 1), by: tsv, isForTerminal: true).text(of: history)
            .split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines[0] == SheetRow.headers.joined(separator: "\t"))
        #expect(lines[1].split(separator: "\t", omittingEmptySubsequences: false)[2] == #""a\tb\x1bc""#)
    }

    @Test("as a table leaves out requests without an event, and reports their number")
    func withoutEvent() async throws {
        let history = try await History.holding([
            .sample(body: Array("no JSON".utf8)), .sample([SampleEvent(object: "a"), SampleEvent(object: "b")]),
        ])
        defer { history.close() }
        var bytes: [UInt8] = []
        let result = try Export(.matching(.everything, through: 3), by: csv).run(reading: history.reader) {
            bytes += $0
        }
        #expect(result.written == 2)
        #expect(result.leftOut == 1)
        #expect(String(decoding: bytes, as: UTF8.self).split(separator: "\r\n").count == 3)
    }

    @Test("as JSON writes each delivery once with all its events if one of them matches")
    func deliveries() async throws {
        let history = try await History.holding([
            .sample(["a", "b", "c"].map { SampleEvent(id: $0, object: $0) }), .sample([SampleEvent(id: "d")]),
        ])
        defer { history.close() }
        let two = RowPredicate.any([.number(.row, .equal, 1), .number(.row, .equal, 3)])
        let lines = try Export(.matching(two, through: 4), by: jsonl).text(of: history).split(separator: "\n")
        #expect(lines.count == 1)
        let record = try #require(try history.reader.delivery(1))
        #expect(Array((lines[0] + "\n").utf8) == DeliveryJSON.line(record))
        // The same in any order.
        #expect(try Export(.rows([3, 4, 1]), by: jsonl).text(of: history).split(separator: "\n").count == 2)
    }

    @Test("continues where a full piece ended, in whatever order the rows are")
    func pieces() async throws {
        let body = String(repeating: "x", count: 100_000)
        let history = try await History.holding(
            (0..<20).map { .sample([SampleEvent(id: "\($0)", object: "\($0) \(body)")]) })
        defer { history.close() }
        let expected = try (1...20).map { id in
            DeliveryJSON.line(try #require(try history.reader.delivery(Int64(id))))
        }
        var pieces: [[UInt8]] = []
        _ = try Export(.matching(.everything, through: 20), by: jsonl).run(reading: history.reader) {
            pieces.append($0)
        }
        #expect(pieces.count > 2)
        #expect(pieces.flatMap(\.self) == expected.flatMap(\.self))
        let backwards = (1...20).reversed().map { Int64($0) } + [99, 3]
        #expect(
            try Export(.rows(backwards), by: jsonl).text(of: history).utf8.elementsEqual(
                expected.reversed().flatMap(\.self)))
        let columns = ExportOptions(columns: try ExportColumn.columns("from,position"))
        let table = try Export(.rows(backwards), by: ExportFormat.tsv.writer(columns)).text(of: history)
        #expect(
            table.split(separator: "\n").dropFirst().map { $0.split(separator: " ")[1].isEmpty }
                == Array(repeating: false, count: 21))
        #expect(table.split(separator: "\n").count == 22)
    }

    @Test("as curl is a valid shell script, and masks possible secrets")
    func curl() async throws {
        var delivery = Delivery.sample([SampleEvent(object: "it's $(touch x) `y`\n\u{1B}[2J")])
        delivery.headers.append(HeaderField("X-Api-Key", "s3cret"))
        let history = try await History.holding([delivery, delivery])
        defer { history.close() }
        func script(_ masking: Masking) throws -> String {
            let writer = ExportFormat.curl.writer(ExportOptions(masking: masking))
            return try Export(.matching(.everything, through: 2), by: writer).text(of: history)
        }
        let masked = try script(.masked)
        #expect(masked.hasPrefix("#!/bin/sh\n"))
        #expect(masked.components(separatedBy: "\ncurl ").count == 3)
        #expect(!masked.contains("s3cret"))
        #expect(masked.unicodeScalars.allSatisfy { $0 == "\n" || (0x20..<0x7F).contains($0.value) })
        #expect(try script(.asReceived).contains("X-Api-Key: s3cret"))

        let shell = ExternalProgram(["sh", "-n", "-c", masked], environment: [:], limit: .patience)
        #expect(shell.run().end == .exited(0))
    }

    @Test("to a terminal contains nothing that could control it, and each record on its own line")
    func terminal() async throws {
        let name = "a\u{1B}[2J\u{9B}31m\u{7}\u{202E}\nb\r\tc"
        let history = try await History.holding([.sample([SampleEvent(object: name)])])
        defer { history.close() }
        for format in ExportFormat.all {
            let export = Export(
                .matching(.everything, through: 1), by: format.writer(ExportOptions()), isForTerminal: true)
            let text = try export.text(of: history)
            // The tabs between the cells are the table's own.
            let ours: Set<Unicode.Scalar> = format.name == "tsv" ? ["\n", "\t"] : ["\n"]
            #expect(
                text.unicodeScalars.allSatisfy {
                    ours.contains($0) || $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value)
                }, "\(format.name)")
            #expect(!text.unicodeScalars.contains("\u{202E}"))
            if format.hasColumns { #expect(text.split(separator: "\n").count == 2, "\(format.name): \(text)") }
        }
    }
}
