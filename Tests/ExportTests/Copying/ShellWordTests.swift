import Export
import Programs
import TestSupport
import Testing

@Suite("A word of a shell command", .blocking)
struct ShellWordTests {
    @Test("is bare where it may be, and else in quotes")
    func bare() {
        #expect(ShellWord.readable("/home/ann/b2-events_1.sqlite") == "/home/ann/b2-events_1.sqlite")
        #expect(ShellWord.readable("/home/ann/my events") == "'/home/ann/my events'")
        #expect(ShellWord.readable("") == "''")
        #expect(ShellWord.readable("~/a") == "'~/a'")
    }

    @Test("is one line that nothing obeys and nobody expands, and what a shell makes of it is what it was")
    func hostile() throws {
        let text = "/tmp/it's!1 $(id) `id`\n\u{1B}]0;x\u{7}\té\\"
        let word = ShellWord.readable(text)
        #expect(word.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "!") })
        let shell = Program(["sh", "-c", "printf %s \(word)"], environment: [:], limit: .patience)
        #expect(String(decoding: shell.run().output, as: UTF8.self) == text)
    }
}
