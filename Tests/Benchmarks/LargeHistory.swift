import Base
import Foundation
import Harness
import History
import Notifications
import Synchronization
import TestSupport

/// Makes a history of many events over a year, as b2watch itself would have recorded them.
///
/// It has 50 types, buckets and rules, some frequent and some rare; 1 % of the names are long, 5 % of the events are
/// duplicates, and most signatures are valid. It is the same in every run.
/// signatures are valid. The same in every run.
struct LargeHistory {
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    private static let start: Int64 = 1_764_547_200_000
    private static let year: Int64 = 365 * 86_400_000
    private static let folders = ["photos", "backups", "logs", "invoices", "videos", "exports", "tmp", "thumbnails"]
    private static let endings = ["jpg", "png", "tar.zst", "json", "mp4", "csv", "log", "pdf"]
    private static let types: [String] = {
        let named = [
            "ObjectCreated:Upload", "ObjectCreated:Copy", "ObjectCreated:MultipartUpload",
            "ObjectCreated:Replica", "ObjectCreated:MultipartReplica", "ObjectDeleted:Delete",
            "ObjectDeleted:LifecycleRule", "HideMarkerCreated:Hide", "HideMarkerCreated:LifecycleRule",
            "MultipartUploadCreated:LiveRead",
        ]
        return (named + (named.count..<50).map { "Kind\($0):Made" }).map { "b2:" + $0 }
    }()

    private let secret = SigningSecret.sample("environment", Secrets.value)
    private let other = SigningSecret.sample("other", Secrets.otherValue)
    private let count: Int
    private var random = SeededGenerator(seed: 1)
    private var number = 0
    private var seen: [String] = []

    private init(_ count: Int) {
        self.count = count
    }

    /// Makes the file.
    static func make(_ file: String, events count: Int) throws {
        let history = try History(.file(file))
        defer { history.close() }
        guard history.current.latestRow == 0 else { throw Problem(description: "\(file) already contains events") }
        var maker = LargeHistory(count)
        let generation = try history.adopt(
            keyring: try Keyring([maker.secret]).identity, of: [maker.secret.identity])
        let lost = Mutex(0)
        while let delivery = maker.next(generation) {
            while !history.record(delivery, completion: { if $0 == nil { lost.withLock { $0 += 1 } } }) {
                Thread.sleep(forTimeInterval: 0.002)
            }
        }
        _ = history.current
        // All queued deliveries are written before it closes.
        history.close()
        guard lost.withLock({ $0 }) == 0 else { throw Problem(description: "\(file) cannot be written") }
    }

    private mutating func next(_ generation: Int64) -> JudgedDelivery? {
        guard number < count else { return nil }
        let receivedAt = Self.start + Self.year / Int64(count) * Int64(number)
        // One in fifty contains five events.
        let size = min(count - number, chance(50) ? 5 : 1)
        let body = SampleBody.notification((0..<size).map { _ in event(at: receivedAt) })
        let (verdict, answer, signature) = signature(of: body)
        var headers = [
            HeaderField("Host", "b2watch.example"), HeaderField("User-Agent", "B2/EventNotifications"),
            HeaderField("Content-Type", "application/json; charset=UTF-8"),
            HeaderField("X-Forwarded-For", "203.0.113.\(random.next() % 256)"),
            HeaderField("Content-Length", "\(body.count)"),
        ]
        if let signature { headers.append(HeaderField(SignatureHeader.name, signature)) }
        return JudgedDelivery(
            delivery: Delivery(
                receivedAt: Timestamp(milliseconds: receivedAt), remoteAddress: "203.0.113.7", method: "POST",
                target: "/", headers: headers, body: body),
            judgement: Judgement(verdict, secret: verdict == .valid ? secret.identity : nil), answer: answer,
            events: Payload(scanning: body).events, generation: generation)
    }

    private func chance(_ share: UInt64, _ word: UInt64) -> Bool { word % share == 0 }

    private mutating func chance(_ share: UInt64) -> Bool { chance(share, random.next()) }

    private mutating func event(at time: Int64) -> SampleEvent {
        number += 1
        let word = random.next()
        // Squared, so that the first of 50 is far more frequent than the last.
        let kind = Int(Double(word % 1_000) * Double(word % 1_000) / 20_000)
        let place = Int((word >> 32) % 50)
        var name = "\(Self.folders[Int((word >> 16) % 8)])/2026/\(number)-\(String(word, radix: 36))"
        if chance(100) { name += String(repeating: "/a folder with a long name", count: 30) }
        let id: String
        if chance(20), let old = seen.randomElement(using: &random) {
            id = old
        } else {
            id = hex(4)
            if seen.count < 4_096 { seen.append(id) } else { seen[Int((word >> 8) % 4_096)] = id }
        }
        return SampleEvent(
            id: id, type: Self.types[kind], object: "\(name).\(Self.endings[Int((word >> 24) % 8)])",
            size: Int64(word % 50_000_000), version: "4_z\(String(word, radix: 16))_f117c7bd5d6c6597c",
            timestamp: time - Int64((word >> 40) % 5_000), bucket: "bucket-\(place)", rule: "rule-\(place)")
    }

    private mutating func hex(_ words: Int) -> String {
        (0..<words).map { _ in
            let text = String(random.next(), radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }.joined()
    }

    private mutating func signature(of body: [UInt8]) -> (SignatureVerdict, Answer, String?) {
        switch random.next() % 100 {
        case 0..<4: (.invalid, .invalidSignature, other.signature(of: body))
        case 4..<6: (.missing, .missingSignature, nil)
        case 6: (.malformed, .malformedSignature, "no signature at all")
        case 7: (.unsupported, .unsupportedSignature, "v9=\(String(repeating: "0", count: 64))")
        default: (.valid, .accepted, secret.signature(of: body))
        }
    }
}

/// The command that makes a history.
enum MakeHistory {
    /// - Returns: False if another command was given.
    static func run(_ arguments: ArraySlice<String>) throws -> Bool {
        guard arguments.first == "make-history" else { return false }
        let words = Array(arguments.dropFirst())
        guard let file = words.first, words.count == 1 || words.count == 3 && words[1] == "--events",
            let count = words.count == 1 ? 1_000_000 : Int(words[2]), count > 0
        else {
            throw LargeHistory.Problem(description: "usage: Benchmarks make-history FILE [--events N]")
        }
        let start = ContinuousClock.now
        try LargeHistory.make(file, events: count)
        print("\(file): \(count) events in \(Int((ContinuousClock.now - start).seconds)) s")
        return true
    }
}
