import Testing

@testable import Control

@Suite("Lines on the wire")
struct LineReaderTests {
    private func lines(_ pieces: [String], limit: Int = 8) throws -> [String] {
        var reader = LineReader(limit: limit)
        return try pieces.flatMap { try reader.take(Array($0.utf8)) }.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(
        "are the same however the bytes come",
        arguments: [
            ["one\ntwo\nhalf"], ["o", "n", "e", "\n", "two\nha", "lf"], ["one\ntw", "o\n", "half"],
            ["one", "\ntwo", "\n"],
        ])
    func pieces(pieces: [String]) throws {
        #expect(try lines(pieces) == ["one", "two"])
    }

    @Test("may be empty")
    func empty() throws {
        #expect(try lines(["\n\na\n"]) == ["", "", "a"])
        #expect(try lines([]).isEmpty)
    }

    @Test("are as long as the limit, and no longer, whole or not")
    func limit() throws {
        #expect(try lines(["12345678\n12345678\n"]) == ["12345678", "12345678"])
        #expect(throws: LineReader.TooLong(limit: 8)) { try lines(["123456789\n"]) }
        #expect(throws: LineReader.TooLong(limit: 8)) { try lines(["1234", "5678", "9"]) }
    }
}
