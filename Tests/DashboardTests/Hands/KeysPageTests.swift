import Foundation
import Testing

@testable import Dashboard

@Suite("The page of keys")
struct KeysPageTests {
    @Test("is what docs/keys.md says; with B2WATCH_WRITE_DOCS set, it is written there")
    func document() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/keys.md")
        if ProcessInfo.processInfo.environment["B2WATCH_WRITE_DOCS"] != nil {
            try KeysPage.markdown.write(to: file, atomically: true, encoding: .utf8)
        }
        let written = try String(contentsOf: file, encoding: .utf8)
        #expect(written == KeysPage.markdown, "run the tests once with B2WATCH_WRITE_DOCS=1")
    }
}
