import Export
import History
import Notifications
import TestSupport
import Testing

@Suite("Columns that are added")
struct ExportColumnTests {
    @Test("stand behind the five, in the order asked for")
    func order() throws {
        let columns = try ExportColumn.columns("status, signature,bucket")
        let writer = ExportFormat.csv.writer(ExportOptions(columns: columns))
        #expect(writer.head.first?.hasSuffix("Object Version ID,Status,Signature,Bucket") == true)
        #expect(writer.text(.sample()).hasSuffix(",4_z1,200,valid,photos"))
    }

    @Test("a name that is none, or is there twice, is refused with those that there are")
    func names() {
        #expect(throws: ExportColumnError.unknown("colour")) { try ExportColumn.columns("status,colour") }
        #expect(throws: ExportColumnError.unknown("")) { try ExportColumn.columns("status,") }
        #expect(throws: ExportColumnError.twice("status")) { try ExportColumn.columns("status,status") }
        #expect(ExportColumnError.unknown("colour").description.contains("received, signature"))
        #expect(Set(ExportColumn.all.map(\.name)).count == ExportColumn.all.count)
        #expect(Set(ExportColumn.all.map(\.header)).count == ExportColumn.all.count)
    }

    @Test("name no secret that vouches for nothing")
    func secret() throws {
        let writer = ExportFormat.csv.writer(ExportOptions(columns: try ExportColumn.columns("secret")))
        #expect(writer.text(.sample()).hasSuffix(",prod"))
        #expect(writer.text(.sample(verdict: .invalid)).hasSuffix(","))
    }

    @Test("hold what only the delivery knows, of each event of a batch")
    func batch() async throws {
        let events = ["a", "b", "c"].map { (id: String) in
            SampleEvent(id: id, object: id).with("accountId", json: "\"=\(id)\"")
        }
        let history = try await History.holding([.sample(events)])
        defer { history.close() }
        let columns = try ExportColumn.columns("position,events,from,account,event-version,answer")
        let export = Export(
            .matching(.everything, through: 3), by: ExportFormat.csv.writer(ExportOptions(columns: columns)))
        let lines = try export.text(of: history).split(separator: "\r\n").dropFirst().map { line in
            line.split(separator: ",", omittingEmptySubsequences: false).suffix(6).joined(separator: " ")
        }
        #expect(lines == ["1 3 203.0.113.7 '=a 1 OK", "2 3 203.0.113.7 '=b 1 OK", "3 3 203.0.113.7 '=c 1 OK"])
    }

    @Test("have each alone what they have among all: what it needs is read")
    func alone() async throws {
        let events = ["a", "b"].map { SampleEvent(id: $0, object: $0) }
        let history = try await History.holding([
            .sample(events), .sample(body: Array("no JSON".utf8)), .sample(events),
        ])
        defer { history.close() }
        func lines(_ columns: [ExportColumn]) throws -> [[Substring]] {
            let writer = ExportFormat.tsv.writer(ExportOptions(columns: columns))
            return try Export(.matching(.everything, through: 5), by: writer).text(of: history).split(separator: "\n")
                .map { $0.split(separator: "\t", omittingEmptySubsequences: false) }
        }
        let all = try lines(ExportColumn.all)
        #expect(all.count == 5)
        for (index, column) in ExportColumn.all.enumerated() {
            #expect(
                try lines([column]).map(\.last) == all.map { $0[ExportColumn.sheetCount + index] }, "\(column.name)")
        }
    }
}
