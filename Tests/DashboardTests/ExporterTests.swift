import Dispatch
import Export
import Foundation
import History
import Notifications
import Synchronization
import TestSupport
import Testing

@testable import Dashboard

@Suite("Writing an export", .blocking)
struct ExporterTests {
    private typealias Told = Result<ExportOutcome, EffectFailure>

    private func request(_ path: String) -> ExportRequest {
        ExportRequest(rows: .matching(.everything, through: 0), format: "csv", path: path, timestamps: .rfc3339)
    }

    /// What is told of an export, once it is; nil where nothing is.
    private func told(_ export: (@escaping @Sendable (Told) -> Void) -> Void) -> Told? {
        let told = Watched<Told?>(nil)
        export { result in told.change { $0 = result } }
        return told.wait { $0 }
    }

    @Test("waits for nobody at a pipe, which it refuses")
    func pipe() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("pipe.csv")
        #expect(mkfifo(path, 0o600) == 0)
        let exporter = Exporter(try History(.memory).reader)
        let result = told { exporter.export(request(path), progress: { _ in }, then: $0) }
        guard case .failure(let failure)? = result else {
            Issue.record("told: \(String(describing: result))")
            return
        }
        #expect("\(failure.sentence)".contains("pipe.csv is no ordinary file"))
    }

    @Test("tells of one that is cancelled what has become of it", arguments: 0..<20)
    func cancelled(round: Int) throws {
        let folder = try TemporaryFolder()
        let exporter = Exporter(try History(.memory).reader)
        let result = told {
            exporter.export(request(folder.file("a.csv")), progress: { _ in }, then: $0)
            if round.isMultiple(of: 2) { exporter.cancel() } else { exporter.end() }
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        switch result {
        case .success(.written)?: #expect(names == ["a.csv"])
        case .success(.cancelled)?: #expect(names.isEmpty)
        default: Issue.record("told: \(String(describing: result))")
        }
    }
}
