import Browsing
import History

/// The rows that somebody is told of. A test event tells of nothing that has happened to a bucket.
enum AlertRows {
    /// Events, but for tests.
    static let events = RowPredicate.all([.event, .not(isTest)])
    /// What the screen lists as problems, but for tests that this computer has sent itself: a test from elsewhere whose
    /// signature is wrong is one.
    static let problems = RowPredicate.all([.problem, .not(.all([isTest, isFromHere]))])

    private static let isTest = RowPredicate.text([.eventType], pattern("b2:TestEvent"))
    private static let isFromHere = RowPredicate.any(
        ["127.0.0.1", "::1"].map { .text([.remoteAddress], pattern($0)) })

    /// Exactly this text.
    private static func pattern(_ text: String) -> TextPattern {
        let bytes = Array(text.utf8)
        return TextPattern("alerts:\(text)", literals: [text]) { $0.elementsEqual(bytes) }
    }
}
