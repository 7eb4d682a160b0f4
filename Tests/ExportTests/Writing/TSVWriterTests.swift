import Export
import History
import Notifications
import Testing

@Suite("Rows as TSV")
struct TSVWriterTests {
    @Test(
        "stay on their line and in their cell",
        arguments: [
            ("a\tb", #"a\tb"#), ("a\nb", #"a\nb"#), ("a\r\nb", #"a\r\nb"#), (#"a\tb"#, #"a\\tb"#), ("a\"b", "a\"b"),
            ("\t=1", #"'\t=1"#), ("=1", "'=1"), ("\n=1", #"'\n=1"#), ("＝1", "'＝1"), ("日本", "日本"),
        ])
    func escaping(name: String, expected: String) {
        let line = ExportFormat.tsv.writer(ExportOptions()).text(.sample(object: .string(name)))
        #expect(line == "2026-01-01T10:11:12.345Z\tb2:ObjectCreated:Upload\t\(expected)\t1024\t4_z1")
    }

    @Test("have the sheet's headers")
    func headers() {
        let writer = ExportFormat.tsv.writer(ExportOptions())
        #expect(writer.head == [SheetRow.headers.joined(separator: "\t")])
        #expect(writer.newline == [10])
    }
}
