import Base
import Dispatch
import Foundation
import History
import Notifications
import Sending
import Synchronization
import Terminal
import Testing
import TestSupport

@testable import Dashboard

@Suite("x, exporting")
struct ExportingTests {
    @Test("names a file with the day and the format, which Tab changes, and writes all rows listed")
    func allRows() {
        var user = User.watching(5)
        user.press(.character("x"))
        #expect(user.screen.contains("export to  b2watch-2026-11-24.csv"))
        #expect(user.screen.contains("5 rows, in the order of arrival, as [csv] tsv  jsonl  curl"))
        user.press(.tab, .tab)
        #expect(user.screen.contains("b2watch-2026-11-24.jsonl"))
        user.press(.backTab, .enter)
        #expect(
            user.exports == [
                ExportRequest(
                    rows: .matching(.everything, through: 5), format: "tsv", path: "b2watch-2026-11-24.tsv",
                    timestamps: .rfc3339)
            ])
        #expect(user.screen.contains("Exporting… X cancels"))
        user.report(
            ExportOutcome.moved(ExportProgress(unit: .events, written: 1_234, looked: 1, total: 4)), of: user.waiting[0]
        )
        #expect(user.screen.contains("Exporting: 25 %, 1,234 events … X cancels"))
        user.finishExport(
            .success(
                .written(
                    ExportProgress(unit: .events, written: 5, leftOut: 1, looked: 5, total: 5), path: "a\u{1b}.tsv")))
        #expect(
            user.screen.contains("5 events written to a\\x1b.tsv. 1 request without a readable event left out."))
        #expect(!user.screen.contains("Exporting"))
    }

    @Test("offers the sheet's columns, those shown as well, and all there are")
    func columns() {
        var user = User.watching(5)
        user.press(.character("x"))
        #expect(user.screen.contains("columns [the sheet's 5] with those shown, 9  all 25"))
        user.press(.down)
        #expect(user.screen.contains("[with those shown, 9]"))
        user.press(.enter)
        #expect(user.exports.first?.columns == ["received", "signature", "bucket", "rule"])
        user.finishExport(.success(.cancelled))
        user.press(.character("x"), .up, .enter)
        #expect(user.exports.last?.columns == ExportColumn.all.map(\.name))
        user.finishExport(.success(.cancelled))
        user.press(.character("x"), .up, .tab, .tab)
        #expect(user.screen.contains("there are no columns to choose"))
        user.press(.down)
        #expect(user.screen.contains("jsonl has no columns: it contains each delivery completely."))
        user.press(.enter)
        #expect(user.exports.last?.columns == [])
    }

    @Test("a name of one's own stays when the format changes; nothing is written without one, or with Esc")
    func names() {
        var user = User.watching(1)
        user.press(.character("x"), .control("u"), .enter)
        #expect(user.exports.isEmpty && user.screen.contains("The file has no name yet."))
        user.type("x")
        user.press(.tab, .enter)
        #expect(user.exports.first?.path == "x" && user.exports.first?.format == "tsv")
        user.finishExport(.failure(EffectFailure(ExportRefusal(description: "x cannot be written"))))
        #expect(user.screen.contains("x cannot be written."))
        user.press(.character("x"), .escape)
        #expect(user.exports.count == 1 && !user.screen.contains("export to"))
    }

    @Test("of rows that were selected, writes those")
    func selected() {
        var user = User.watching(5)
        user.press(.character("g"), .character(" "), .character(" "), .character("x"))
        #expect(user.screen.contains("2 rows selected, in the order of arrival"))
        user.press(.enter)
        #expect(user.exports.first?.rows == .chosen([1, 2]))
    }

    @Test("asks before it replaces a file, and X or Esc cancels")
    func replacing() {
        var user = User.watching(1)
        user.press(.character("x"), .enter)
        user.finishExport(.success(.exists(user.exports[0])))
        #expect(user.screen.contains("b2watch-2026-11-24.csv is there. Replace it? (y/n)"))
        user.press(.character("n"))
        #expect(user.exports.count == 1)
        user.press(.character("x"), .enter)
        user.finishExport(.success(.exists(user.exports[1])))
        user.press(.character("y"))
        #expect(user.exports.count == 3 && user.exports[2].mayReplace)
        user.press(.character("x"))
        #expect(user.screen.contains("An export is running: X cancels it."))
        user.press(.character("X"))
        #expect(user.screen.contains("The export was cancelled: no file was written."))
    }

    @Test("with no row there is nothing to export")
    func nothing() {
        var user = User(holding: [.prod])
        user.press(.character("2"), .character("x"))
        #expect(user.screen.contains("No row to export."))
    }
}

@Suite("Writing an export", .blocking)
struct ExporterTests {
    private typealias Told = Result<ExportOutcome, EffectFailure>

    private func request(_ path: String) -> ExportRequest {
        ExportRequest(rows: .matching(.everything, through: 0), format: "csv", path: path, timestamps: .rfc3339)
    }

    /// Writes a file on a thread of its own; nil where that takes too long.
    private func result(
        of exporter: Exporter, _ request: ExportRequest, while body: (Cancellation) -> Void = { _ in }
    ) -> Told? {
        let (told, cancellation, worker) = (Watched<Told?>(nil), Cancellation(), Worker("export"))
        worker.async {
            let asking = Asking<ExportOutcome>(cancellation) { _ in }
            let result = Result { try exporter.export(request, asking) }.mapError(EffectFailure.init)
            told.change { $0 = result }
        }
        body(cancellation)
        return told.wait { $0 }
    }

    @Test("waits for nobody at a pipe, which it refuses")
    func pipe() throws {
        let folder = TemporaryFolder()
        let path = folder.file("pipe.csv")
        #expect(mkfifo(path, 0o600) == 0)
        let exporter = Exporter(try History(.memory).reader)
        let result = result(of: exporter, request(path))
        guard case .failure(let failure)? = result else {
            Issue.record("told: \(String(describing: result))")
            return
        }
        #expect("\(failure.sentence)".contains("pipe.csv is not a regular file"))
    }

    @Test("tells of one that is cancelled what has become of it", arguments: 0..<20)
    func cancelled(round: Int) throws {
        let folder = TemporaryFolder()
        let exporter = Exporter(try History(.memory).reader)
        let result = result(of: exporter, request(folder.file("a.csv"))) { cancellation in
            cancellation.cancel()
            if !round.isMultiple(of: 2) { exporter.end() }
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        switch result {
        case .success(.written)?: #expect(names == ["a.csv"])
        case .success(.cancelled)?: #expect(names.isEmpty)
        default: Issue.record("told: \(String(describing: result))")
        }
    }
}
