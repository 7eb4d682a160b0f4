import Base
import History
import Notifications
import Receiving
import Synchronization
import Testing
import TestSupport

extension Intake {
    /// Passes on a request and waits for its answer.
    func answer(_ delivery: Delivery, as kind: RequestKind = .notification) async -> Answer {
        await TestSupport.answer("an answer", orElse: .notRecorded) { give in
            receive(delivery, as: kind) { answer, _ in give(answer) }
        }
    }

    func checkRecord() async -> Bool {
        await TestSupport.answer("whether it records", orElse: false) { give in checkRecord { give($0) } }
    }
}

/// Collects the reports of verifying again, and waits for them.
final class Reports: Sendable {
    private let stream: AsyncStream<RejudgeReport>
    private let continuation: AsyncStream<RejudgeReport>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    func note(_ report: RejudgeReport) {
        continuation.yield(report)
    }

    /// Waits for the next report that all deliveries are verified.
    func complete() async -> RejudgeReport {
        await first("a report that all deliveries are verified") { $0.isComplete }
    }

    /// Waits for the next report that verifying was cancelled.
    func cancelled() async -> RejudgeReport { await first("a report that it is cancelled") { $0.isCancelled } }

    /// Waits for the next report of a failure.
    func failed() async -> RejudgeReport { await first("a report of a failure") { $0.failure != nil } }

    /// Waits for the next report of any kind.
    func next() async -> RejudgeReport { await first("a report") { _ in true } }

    private func first(
        _ what: String, where isIt: @escaping @Sendable (RejudgeReport) -> Bool
    ) async -> RejudgeReport {
        let search = Task { [stream] in
            for await report in stream where isIt(report) { return RejudgeReport?.some(report) }
            return nil
        }
        let timer = Task {
            // Ends the stream for the waiting task.
            if (try? await Task.sleep(for: .patience)) != nil { search.cancel() }
        }
        defer { timer.cancel() }
        if let report = await search.value { return report }
        Issue.record(WaitedInVain(for: what, seeing: "no such report"))
        return RejudgeReport()
    }
}

/// An intake on a history, with its reports.
struct Rig {
    let history: History
    let reports = Reports()
    let keys: KeyringHolder
    let intake: Intake

    /// Returns bounds under which a write may take its time: tests hold the writer up, and sanitizers slow it down.
    static func bounds(_ bounds: HistoryBounds) -> HistoryBounds {
        var bounds = bounds
        bounds.writeTime = .seconds(3_600)
        return bounds
    }

    /// Waits until the first verifying again is over; it may find nothing to do.
    init(_ secrets: [SigningSecret] = [], _ history: History? = nil) async throws {
        let history = try history ?? History(.memory, bounds: Self.bounds(.memory))
        self.history = history
        keys = try KeyringHolder(
            try Keyring(secrets), history: history, now: { Timestamp(milliseconds: 1_795_452_999_000) },
            report: reports.note)
        intake = Intake(history, keys: keys)
    }

    /// Records a number of deliveries.
    func fill(_ count: Int, signedWith secret: SigningSecret) async throws {
        let delivery = Delivery.sample(signedWith: secret)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<count { group.addTask { _ = await intake.answer(delivery) } }
        }
        #expect(history.current.latestDelivery == count)
    }

    /// Returns the number of deliveries that each secret has verified, by its label.
    var matches: [String: Int] {
        get throws {
            let secrets = try history.reader.secrets().filter { $0.verified > 0 }
            return Dictionary(secrets.map { ($0.identity.label, $0.verified) }, uniquingKeysWith: +)
        }
    }

    /// Returns the verdicts of all recorded deliveries, in the order of arrival.
    var verdicts: [SignatureVerdict] {
        get throws { try history.reader.deliveries(after: 0, limit: 100_000).map(\.judgement.verdict) }
    }
}

/// Holds up a history's writer, so that new deliveries queue.
final class HeldWriter: Sendable {
    private let gate = Gate()

    /// Returns once the writer is held up, by a request of its own.
    init(_ intake: Intake) async {
        await answer("the writer to be held up", orElse: ()) { give in
            intake.receive(.sample(method: "GET"), as: .wrongMethod) { [gate] _, _ in
                give(())
                gate.wait()
            }
        }
    }

    func letGo() {
        gate.open()
    }
}
