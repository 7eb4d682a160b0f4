import Foundation
import History
import Notifications
import TestSupport

/// Deliveries of all kinds: duplicates, several events, none, and fields that are not what they should be.
struct MixedDeliveries {
    private var random: SeededGenerator
    private var time: Int64 = 1_795_452_185_000

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    mutating func next() -> JudgedDelivery {
        time += Int64.random(in: 0...5, using: &random)
        let verdict = SignatureVerdict.allCases.filter { $0 != .removed }.randomElement(using: &random) ?? .valid
        let secret = verdict == .valid ? ["prod", "test", nil].randomElement(using: &random) ?? nil : nil
        let answer: Answer = verdict == .valid ? .accepted : .invalidSignature
        if verdict == .unjudged {
            let target = Bool.random(using: &random) ? "/a\0b" : "/about"
            return .sample(
                .sample(receivedAt: time, method: "GET", target: target, body: Array("no JSON".utf8)), verdict,
                answer: .methodNotAllowed)
        }
        let events = (0..<Int.random(in: 0...3, using: &random)).map { _ in event() }
        return .sample(.sample(events, receivedAt: time), verdict, secret: secret, answer: answer)
    }

    private mutating func event() -> SampleEvent {
        var event = SampleEvent(
            id: ["a", "b", "c", "d", "", nil].randomElement(using: &random) ?? nil,
            type: ["b2:ObjectCreated:Upload", "b2:ObjectDeleted:Delete", nil].randomElement(using: &random) ?? nil,
            object: ["cat.jpg", "Cat.JPG", "dog.jpg", "a\0cat", "", "été", nil].randomElement(using: &random) ?? nil,
            size: [0, 5, 10, .max, nil].randomElement(using: &random) ?? nil,
            timestamp: [0, time, nil].randomElement(using: &random) ?? nil,
            bucket: ["one", "two"].randomElement(using: &random))
        if Int.random(in: 0..<4, using: &random) == 0 {
            let name = ["objectName", "objectSize", "eventTimestamp", "bucketName"].randomElement(using: &random) ?? ""
            event = event.with(
                name, json: ["7", "\"9\"", "1.5", "[\"cat\"]", "null", "true"].randomElement(using: &random))
        }
        return event
    }
}

/// Random conditions, some of which no row fulfils and some every row.
struct RandomPredicates {
    private var random: SeededGenerator

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    mutating func next(depth: Int = 3) -> RowPredicate {
        switch Int.random(in: 0..<(depth > 0 ? 10 : 6), using: &random) {
        case 0: .verdict(Set(SignatureVerdict.allCases.filter { _ in Bool.random(using: &random) }))
        case 1: Bool.random(using: &random) ? .duplicate : .event
        case 2: .rows(Set((0..<Int64.random(in: 0...700, using: &random)).map { $0 * 2 % 80 * 3 }))
        case 3: number()
        case 4, 5: text()
        case 6, 7: .all(parts(depth))
        case 8: .any(parts(depth))
        default: .not(next(depth: depth - 1))
        }
    }

    private mutating func parts(_ depth: Int) -> [RowPredicate] {
        (0..<Int.random(in: 0...3, using: &random)).map { _ in next(depth: depth - 1) }
    }

    private mutating func number() -> RowPredicate {
        let comparison = [Comparison.less, .atMost, .equal, .atLeast, .greater].randomElement(using: &random) ?? .less
        let values: [Int64] = [0, 5, 7, 9, 50, 200, 401, 1_795_452_185_050, .max]
        return .number(
            RowNumber.allCases.randomElement(using: &random) ?? .row, comparison,
            values.randomElement(using: &random) ?? 0)
    }

    private mutating func text() -> RowPredicate {
        let columns = RowText.allCases.filter { _ in Int.random(in: 0..<4, using: &random) == 0 }
        let words = ["cat", "a", "7", "", "prod", "POST", "\0", "203.", "B2/", "b2:", "[\"cat"]
        return .text(columns, .containing(words.randomElement(using: &random) ?? ""))
    }
}

extension TextPattern {
    /// Whether the bytes hold these.
    static func containing(_ text: String) -> TextPattern {
        let sought = Array(text.utf8)
        return TextPattern(text) { bytes in
            guard let start = bytes.baseAddress, bytes.count >= sought.count else { return sought.isEmpty }
            return (0...bytes.count - sought.count).contains { memcmp(start + $0, sought, sought.count) == 0 }
        }
    }
}

/// Says of a row in memory what the history says in SQL.
struct NaiveMatch {
    let row: EventRow
    let record: DeliveryRecord

    func fulfils(_ predicate: RowPredicate) -> Bool {
        switch predicate {
        case .all(let parts): parts.allSatisfy(fulfils)
        case .any(let parts): parts.contains(where: fulfils)
        case .not(let part): !fulfils(part)
        case .number(let number, let comparison, let value):
            self.number(number).map { compare($0, comparison, value) } ?? false
        case .text(let texts, let pattern):
            texts.contains { text in
                self.text(text).map { bytes in bytes.withUnsafeBytes { pattern.matches($0) } } ?? false
            }
        case .verdict(let verdicts): verdicts.contains(row.verdict)
        case .duplicate: row.isDuplicate
        case .repeated(let repeated): repeated.mayHold(row.id)
        case .event: row.position != nil
        case .rows(let ids): ids.contains(row.id)
        }
    }

    private func compare(_ one: Int64, _ comparison: Comparison, _ other: Int64) -> Bool {
        switch comparison {
        case .less: one < other
        case .atMost: one <= other
        case .equal: one == other
        case .atLeast: one >= other
        case .greater: one > other
        }
    }

    private func number(_ number: RowNumber) -> Int64? {
        switch number {
        case .row: row.id
        case .delivery: row.deliveryID
        case .receivedAt: row.receivedAt.milliseconds
        case .eventTimestamp: row.eventTimestamp.integer
        case .objectSize: row.objectSize.integer
        case .status: Int64(row.status)
        case .bodyLength: Int64(row.bodyLength)
        }
    }

    private func text(_ text: RowText) -> [UInt8]? {
        switch text {
        case .eventType: field(row.eventType)
        case .objectName: field(row.objectName)
        case .bucketName: field(row.bucketName)
        case .matchedRuleName: field(row.matchedRuleName)
        case .eventId: field(row.eventId)
        case .objectVersionId: field(row.objectVersionId)
        case .secret: row.secret.map { Array($0.utf8) }
        case .method: Array(row.method.utf8)
        case .target: Array(row.target.utf8)
        case .remoteAddress: Array(record.delivery.remoteAddress.utf8)
        case .headers: Array(HeaderField.json(record.delivery.headers).utf8)
        case .body: record.delivery.body
        }
    }

    private func field(_ value: FieldValue) -> [UInt8]? {
        switch value {
        case .absent, .null: nil
        case .string, .integer, .other: Array(value.text.utf8)
        }
    }
}
