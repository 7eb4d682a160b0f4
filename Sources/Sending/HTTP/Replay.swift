import Base
import Foundation
public import History
public import Notifications

/// Sends recorded deliveries again, one after the other. Blocks while it does.
public struct Replay: Sendable {
    /// The result of one delivery.
    public struct Outcome: Sendable {
        public let delivery: Int64
        public let result: Result<OutgoingAnswer, Failure>

        /// The result in the form in which it is counted.
        public var counted: ReplayCount.Outcome {
            switch result {
            case .success(let answer): .answered(answer.status)
            case .failure(.unanswered(.lost(let reason))): .unanswered(reason)
            case .failure(.unanswered(let failure)): .refused("\(failure)")
            case .failure(.refused(let refusal)): .refused("\(refusal)")
            }
        }
    }

    /// The reason why no answer arrived.
    public enum Failure: Error, Sendable, CustomStringConvertible {
        case refused(ReplayRefusal)
        case unanswered(OutgoingFailure)

        public var description: String {
            switch self {
            case .refused(let refusal): "\(refusal)"
            case .unanswered(let failure): "\(failure)"
            }
        }
    }

    /// The time limit of one delivery, from connecting to the end of the answer.
    private static let limit = Duration.seconds(30)

    private let reader: HistoryReader
    private let http: any HTTPSending
    private let url: WebhookURL
    private let secret: SigningSecret?
    private let allowsPlainHTTP: Bool
    private let pace: Duration

    /// - Parameters:
    ///   - secret: The secret for new signatures; nil leaves the signatures as they were received.
    ///   - pace: The shortest time between the starts of two deliveries.
    public init(
        reader: HistoryReader, http: any HTTPSending, url: WebhookURL, secret: SigningSecret? = nil,
        allowsPlainHTTP: Bool = false, pace: Duration = .zero
    ) {
        self.reader = reader
        self.http = http
        self.url = url
        self.secret = secret
        self.allowsPlainHTTP = allowsPlainHTTP
        self.pace = pace
    }

    /// Sends the deliveries in this order until all are sent, or `told` returns false.
    ///
    /// - Parameter told: Receives each result; returns whether to go on.
    /// - Throws: SQLite's error.
    public func send(_ deliveries: some Sequence<Int64>, told: (Outcome) throws -> Bool) throws {
        var next = ContinuousClock.now
        for id in deliveries {
            if pace > .zero {
                let rest = next - .now
                if rest > .zero { Thread.sleep(forTimeInterval: rest / .seconds(1)) }
                next = max(next, .now - pace) + pace
            }
            guard try told(Outcome(delivery: id, result: try send(id))) else { return }
        }
    }

    private func send(_ id: Int64) throws -> Result<OutgoingAnswer, Failure> {
        guard let record = try reader.delivery(id) else { return .failure(.refused(.notRecorded)) }
        let replayed: ReplayRequest
        do throws(ReplayRefusal) {
            replayed = try ReplayRequest(
                record.delivery, to: url, signedWith: secret, allowsPlainHTTP: allowsPlainHTTP)
        } catch {
            return .failure(.refused(error))
        }
        do throws(OutgoingFailure) {
            return .success(try http.send(replayed.request, within: Self.limit))
        } catch {
            return .failure(.unanswered(error))
        }
    }

    /// Sends these deliveries while the caller wants it.
    ///
    /// - Parameter goesOn: Receives the counts so far after each delivery, and returns whether to go on.
    /// - Returns: The counts of all results.
    public func counted(_ deliveries: [Int64], while goesOn: (ReplayCount) -> Bool) throws -> ReplayCount {
        var count = ReplayCount(to: url.description)
        try send(deliveries) { outcome in
            count.add(outcome.counted)
            return goesOn(count)
        }
        return count
    }
}

// MARK: - Counts

/// The number of replayed deliveries by outcome.
public struct ReplayCount: Sendable, Hashable, CustomStringConvertible {
    /// The outcome for one delivery.
    public enum Outcome: Sendable, Hashable {
        /// The delivery was answered with this status.
        case answered(Int)
        /// The delivery was sent but not answered; the sentence gives the reason.
        case unanswered(String)
        /// The delivery was not sent; the sentence gives the reason.
        case refused(String)

        /// Whether the delivery was answered with a status below 400.
        public var isGood: Bool {
            if case .answered(let status) = self { status < 400 } else { false }
        }
    }

    /// The target URL with its credentials masked; nil until it is known.
    public private(set) var target: String?
    /// The number of deliveries without an answer or with an answer that reports a problem.
    public private(set) var bad = 0
    private var answered: [Int: Int] = [:]
    private var unanswered = 0
    private var refused = 0
    /// The reason why the last delivery without an answer has none.
    private var lastReason: String?

    /// - Parameter target: The target URL.
    public init(to target: String? = nil) {
        self.target = target.map { Masking.masked.target($0) }
    }

    public mutating func add(_ outcome: Outcome) {
        if !outcome.isGood { bad += 1 }
        switch outcome {
        case .answered(let status): answered[status, default: 0] += 1
        case .unanswered(let reason):
            unanswered += 1
            lastReason = reason
        case .refused(let reason):
            refused += 1
            lastReason = reason
        }
    }

    public mutating func add(_ other: ReplayCount) {
        target = other.target ?? target
        bad += other.bad
        answered.merge(other.answered, uniquingKeysWith: +)
        unanswered += other.unanswered
        refused += other.refused
        lastReason = other.lastReason ?? lastReason
    }

    /// The number of all deliveries counted.
    public var total: Int { sent + refused }

    private var sent: Int { answered.values.reduce(unanswered, +) }

    /// The counts in words, such as `3 sent: 2 answered 200, 1 answered 401; 1 not sent`.
    public var description: String {
        var parts = answered.sorted { $0.key < $1.key }.map { "\(Wording.grouped($0.value)) answered \($0.key)" }
        if unanswered > 0 { parts.append("\(Wording.grouped(unanswered)) not answered") }
        var halves = sent > 0 ? ["\(Wording.grouped(sent)) sent: \(parts.joined(separator: ", "))"] : []
        if refused > 0 { halves.append("\(Wording.grouped(refused)) not sent") }
        return halves.isEmpty ? "nothing was sent" : halves.joined(separator: "; ")
    }

    /// The target and the counts.
    public var result: String { "\(target.map { "Replay to \($0)" } ?? "Replay"): \(self)" }

    /// The result and the reason of the last failure. The screen shows it because it has no line for each delivery.
    public var sentence: String { lastReason.map { "\(result); \($0)" } ?? result }
}
