import Base
import History
import Notifications
import Sending
import Testing
import TestSupport

@Suite("Rows as CSV")
struct CSVWriterTests {
    private func line(_ row: String, verbatim: Bool = false) -> String {
        let options = ExportOptions(isVerbatim: verbatim)
        return ExportFormat.csv.writer(options).text(.sample(object: .string(row)))
    }

    /// The object's cell in a line of the sample row.
    private func cell(_ name: String, verbatim: Bool = false) -> String {
        let line = line(name, verbatim: verbatim)
        let start = "2026-01-01T10:11:12.345Z,b2:ObjectCreated:Upload,"
        let end = ",1024,4_z1"
        #expect(line.hasPrefix(start) && line.hasSuffix(end))
        return String(decoding: line.utf8.dropFirst(start.utf8.count).dropLast(end.utf8.count), as: UTF8.self)
    }

    @Test("have exactly the sheet's five columns, and CRLF")
    func columns() {
        let writer = ExportFormat.csv.writer(ExportOptions())
        #expect(writer.head == ["Event Timestamp,Event Type,Object Name,Object Size,Object Version ID"])
        #expect(writer.newline == [13, 10])
        #expect(writer.text(.sample()) == "2026-01-01T10:11:12.345Z,b2:ObjectCreated:Upload,cat.jpg,1024,4_z1")
    }

    @Test(
        "are quoted as RFC 4180 requires",
        arguments: [
            ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\""), ("\"", "\"\"\"\""), ("a\nb", "\"a\nb\""),
            ("a\r\nb", "\"a\r\nb\""),
            ("a\rb", "\"a\rb\""), ("a b", "a b"), (" a", "\" a\""), ("a;b", "\"a;b\""), ("", ""), ("日本,語", "\"日本,語\""),
            ("e\u{301}", "e\u{301}"), ("a'b", "a'b"), ("x\u{0}y", "x\u{0}y"), ("\u{202E}gpj", "\u{202E}gpj"),
            (",\u{301}", "\",\u{301}\""), ("\"\u{301}", "\"\"\"\u{301}\""),
        ])
    func quoting(name: String, expected: String) {
        // Compared by bytes, because canonically equal texts differ here.
        #expect(Array(cell(name).utf8) == Array(expected.utf8))
        #expect(Array(cell(name, verbatim: true).utf8) == Array(expected.utf8))
    }

    @Test(
        "are never formulas",
        arguments: [
            ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "\"'\t'=1\""),
            ("\r=1", "\"'\r'=1\""), ("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\""),
            ("\n=1", "\"'\n'=1\""), ("a;=1", "\"a;'=1\""), ("a,+1", "\"a,'+1\""), ("a\t@x", "\"a\t'@x\""),
            ("a; =1", "\"a; =1\""), ("a;b=1", "\"a;b=1\""), ("＝1", "'＝1"), ("＋1", "'＋1"), ("－1", "'－1"), ("＠A", "'＠A"),
            ("a＝1", "a＝1"),
            ("a=1", "a=1"), ("'=1", "'=1"), ("=\u{301}", "'=\u{301}"),
        ])
    func formulas(name: String, expected: String) {
        #expect(Array(cell(name).utf8) == Array(expected.utf8))
        #expect(!cell(name, verbatim: true).utf8.starts(with: "'=1+".utf8))
    }

    @Test("with verbatim are as received")
    func verbatim() {
        #expect(cell("=1+1", verbatim: true) == "=1+1")
        #expect(cell("\t=1", verbatim: true) == "\"\t=1\"")
    }

    @Test("have numbers as numbers, whatever their sign, and nothing for absent values")
    func oddFields() {
        let writer = ExportFormat.csv.writer(ExportOptions())
        let negative = EventRow.sample(type: .null, size: .integer(-5), version: .absent, time: .integer(-1))
        #expect(writer.text(negative) == "1969-12-31T23:59:59.999Z,,cat.jpg,-5,")
        let far = EventRow.sample(type: .null, size: .integer(.min), version: .absent, time: .integer(.min))
        #expect(writer.text(far) == "\(Int64.min),,cat.jpg,\(Int64.min),")
        let odd = EventRow.sample(
            type: .other(json: "true"), object: .other(json: #"["=1",{"a":2}]"#), size: .other(json: "-1.5e3"),
            version: .integer(7), time: .string("=soon"))
        #expect(writer.text(odd) == #"'=soon,true,"[""=1"",{""a"":2}]",-1.5e3,7"#)
    }

    @Test("have times as B2 sent them, on request")
    func epoch() {
        let options = ExportOptions(columns: [ExportColumn.all[0]], timestamps: .epochMilliseconds)
        let line = ExportFormat.csv.writer(options).text(.sample())
        #expect(line == "1767262272345,b2:ObjectCreated:Upload,cat.jpg,1024,4_z1,1767262273000")
    }
}

// MARK: - TSV

@Suite("Rows as TSV")
struct TSVWriterTests {
    @Test(
        "have the same cells as in CSV, with a tab between them",
        arguments: [
            "a\tb", "\ta", "a\nb", "a\r\nb", #"a\tb"#, "a\"b", "\"a\"", "\t=1", "a\t=1", "=1", "\n=1", "＝1", "日本",
            " a ", "a;b,c",
        ])
    func cells(name: String) throws {
        func cells(_ format: ExportFormat, _ separator: UInt8) throws -> [String] {
            let line = format.writer(ExportOptions()).text(.sample(object: .string(name)))
            return try #require(CSVRecord.first(of: Array(line.utf8) + [0x0A], separator: separator)).cells
        }
        let tsv = try cells(.tsv, CSVRecord.tab)
        #expect(try tsv.count == 5 && tsv == cells(.csv, CSVRecord.comma))
    }

    @Test("are unchanged if a cell needs no quotes")
    func plain() {
        let line = ExportFormat.tsv.writer(ExportOptions()).text(.sample(object: .string("日本 1")))
        #expect(line == "2026-01-01T10:11:12.345Z\tb2:ObjectCreated:Upload\t日本 1\t1024\t4_z1")
    }

    @Test("have the sheet's headers")
    func headers() {
        let writer = ExportFormat.tsv.writer(ExportOptions())
        #expect(writer.head == [SheetRow.headers.joined(separator: "\t")])
        #expect(writer.newline == [10])
    }
}

// MARK: - Columns

@Suite("Additional columns")
struct ExportColumnTests {
    @Test("follow the five in the requested order")
    func order() throws {
        let columns = try ExportColumn.columns("status, signature,bucket")
        let writer = ExportFormat.csv.writer(ExportOptions(columns: columns))
        #expect(writer.head.first?.hasSuffix("Object Version ID,Status,Signature,Bucket") == true)
        #expect(writer.text(.sample()).hasSuffix(",4_z1,200,valid,photos"))
    }

    @Test("with an unknown or repeated name are refused with a list of names")
    func names() {
        #expect(throws: ExportColumnError.unknown("colour")) { try ExportColumn.columns("status,colour") }
        #expect(throws: ExportColumnError.unknown("")) { try ExportColumn.columns("status,") }
        #expect(throws: ExportColumnError.twice("status")) { try ExportColumn.columns("status,status") }
        #expect(ExportColumnError.unknown("colour").description.contains("received, signature"))
        #expect(Set(ExportColumn.all.map(\.name)).count == ExportColumn.all.count)
        #expect(Set(ExportColumn.all.map(\.header)).count == ExportColumn.all.count)
    }

    @Test("name no secret that proves nothing")
    func secret() throws {
        let writer = ExportFormat.csv.writer(ExportOptions(columns: try ExportColumn.columns("secret")))
        #expect(writer.text(.sample()).hasSuffix(",prod"))
        #expect(writer.text(.sample(verdict: .invalid)).hasSuffix(","))
    }

    @Test("have values that only the delivery contains, for each event of a batch")
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

    @Test("have the same values alone as together: everything they need is read")
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
