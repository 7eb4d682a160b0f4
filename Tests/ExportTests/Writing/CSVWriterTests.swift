import Export
import History
import Notifications
import Testing

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
        "are quoted where RFC 4180 wants it",
        arguments: [
            ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\""), ("\"", "\"\"\"\""), ("a\nb", "\"a\nb\""),
            ("a\r\nb", "\"a\r\nb\""),
            ("a\rb", "\"a\rb\""), ("a b", "a b"), (" a", "\" a\""), ("a;b", "\"a;b\""), ("", ""), ("日本,語", "\"日本,語\""),
            ("e\u{301}", "e\u{301}"), ("a'b", "a'b"), ("x\u{0}y", "x\u{0}y"), ("\u{202E}gpj", "\u{202E}gpj"),
            (",\u{301}", "\",\u{301}\""), ("\"\u{301}", "\"\"\"\u{301}\""),
        ])
    func quoting(name: String, expected: String) {
        // Compared by bytes: canonically equal is not the same here.
        #expect(Array(cell(name).utf8) == Array(expected.utf8))
        #expect(Array(cell(name, verbatim: true).utf8) == Array(expected.utf8))
    }

    @Test(
        "are no formulas",
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

    @Test("with verbatim are what came")
    func verbatim() {
        #expect(cell("=1+1", verbatim: true) == "=1+1")
        #expect(cell("\t=1", verbatim: true) == "\"\t=1\"")
    }

    @Test("hold numbers as numbers, whatever their sign, and what is absent as nothing")
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

    @Test("have times as B2 sent them, if asked")
    func epoch() {
        let options = ExportOptions(columns: [ExportColumn.all[0]], timestamps: .epochMilliseconds)
        let line = ExportFormat.csv.writer(options).text(.sample())
        #expect(line == "1767262272345,b2:ObjectCreated:Upload,cat.jpg,1024,4_z1,1767262273000")
    }
}
