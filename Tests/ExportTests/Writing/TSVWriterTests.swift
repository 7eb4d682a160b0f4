import Export
import History
import Notifications
import Testing

@Suite("Rows as TSV")
struct TSVWriterTests {
    @Test(
        "hold the same cells as those of CSV, with a tab between them",
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

    @Test("are as they are where a cell needs no quotes")
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
