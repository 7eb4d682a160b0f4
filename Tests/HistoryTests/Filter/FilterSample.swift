import Base
import Foundation
import History
import Notifications
import TestSupport

/// A row to test filters on, with a plain evaluation of conditions.
struct FilterSample {
    var texts: [RowText: String] = [
        .eventType: "b2:ObjectCreated:Upload", .objectName: "photos/2026/Cat.jpg", .bucketName: "my-bucket",
        .matchedRuleName: "allEvents", .eventId: "8f0e1c", .objectVersionId: "4_zabc", .secret: "prod",
        .method: "POST", .target: "/hook?x=1", .remoteAddress: "203.0.113.7",
        .headers: #"[["Host","example.com:8080"],["Content-Type","application/json"],["X-Quote","say \"hi\""]]"#,
        .body: #"{"events":[{"objectSize":2000000}]}"#,
    ]
    var numbers: [RowNumber: Int64] = [
        .row: 7, .delivery: 126, .receivedAt: Self.now - 300_000, .eventTimestamp: Self.now - 600_000,
        .objectSize: 2_000_000, .status: 200, .bodyLength: 38,
    ]
    var verdict = SignatureVerdict.invalid
    var isDuplicate = false
    var hasEvent = true

    /// 2026-03-10T12:00:00Z.
    static let now: Int64 = 1_773_144_000_000
    static let context = FilterContext(now: Timestamp(milliseconds: now))

    func passes(_ text: String, in context: FilterContext = context) throws -> Bool {
        passes(try Filter(text, in: context).predicate)
    }

    func passes(_ predicate: RowPredicate) -> Bool {
        switch predicate {
        case .all(let parts): parts.allSatisfy(passes)
        case .any(let parts): parts.contains(where: passes)
        case .not(let part): !passes(part)
        case .number(let number, let comparison, let wanted):
            numbers[number].map { comparison.holds($0, wanted) } ?? false
        case .text(let columns, let pattern):
            columns.contains { column in
                texts[column].map { Array($0.utf8).withUnsafeBytes(pattern.matches) } ?? false
            }
        case .verdict(let verdicts): verdicts.contains(verdict)
        case .duplicate: isDuplicate
        case .event: hasEvent
        case .repeated(let repeated): numbers[.row].map(repeated.mayContain) ?? false
        case .rows(let rows): numbers[.row].map(rows.contains) ?? false
        }
    }
}

/// Returns the error of a text.
func filterError(_ text: String, in context: FilterContext = FilterSample.context) -> FilterError? {
    do throws(FilterError) {
        _ = try Filter(text, in: context)
        return nil
    } catch {
        return error
    }
}
