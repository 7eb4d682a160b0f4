import Base
import History
public import Notifications
import Synchronization

/// Tries new secrets on recorded deliveries that are not valid, the newest first, while others arrive and in short
/// slices.
///
/// The deliveries still to be tried are in the history itself; so none is missed, even if the process ends half-way.
final class Rejudger: Sendable {
    private struct State {
        var isRunning = false
        /// Whether there may be deliveries that the current run has not seen.
        var isWanted = false
        var isCancelled = false
        /// The end of all work.
        var isStopped = false

        var mayGoOn: Bool { !isStopped && !isCancelled }
    }

    /// The end of a look at the history.
    private enum End {
        case nothingLeft
        /// Some deliveries were verified; there may be more.
        case more
        /// The keyring has changed, or the run was cancelled.
        case cut
    }

    /// A slice, in deliveries: some milliseconds of the writer's time, and of a reader's.
    private static let slice: Int64 = 2_048
    /// The readers of a history in memory delay the writer.
    private static let sliceInMemory: Int64 = 256
    /// The number of slices verified without a pause. In the pauses nothing is read, so that the write-ahead log may
    /// restart.
    private static let stretch: Int64 = 64
    /// The number of slices verified ahead of the writer.
    private static let ahead = 4
    /// The time between two reports of progress.
    private static let reportTime = Duration.milliseconds(100)

    private let history: History
    /// The record of verdicts.
    private let recorder: any DeliveryRecorder
    private let now: @Sendable () -> Timestamp
    private let report: @Sendable (RejudgeReport) -> Void
    private let state = Mutex(State())
    private let thread = Worker("rejudger")
    private let lanes: JudgingLanes
    private let slice: Int64

    init(
        _ history: History, in recorder: any DeliveryRecorder, now: @escaping @Sendable () -> Timestamp,
        report: @escaping @Sendable (RejudgeReport) -> Void
    ) {
        self.history = history
        self.recorder = recorder
        self.now = now
        self.report = report
        lanes = JudgingLanes(history.reader)
        slice = history.path == nil ? Self.sliceInMemory : Self.slice
    }

    /// Verifies again until no verdict of an older keyring remains, even after a cancellation.
    func start(_ keys: @escaping @Sendable () -> KeyringHolder.Current?) {
        begin(keys) { $0.isCancelled = false }
    }

    /// Finds and verifies outstanding deliveries, unless this was cancelled.
    func look(_ keys: @escaping @Sendable () -> KeyringHolder.Current?) {
        begin(keys) { _ in }
    }

    /// Stops after the current slice. The rest is verified after the next `start`.
    func cancel() {
        state.withLock { state in
            if state.isRunning { state.isCancelled = true }
        }
    }

    /// Stops after the current slice for good, and waits for that. The next process verifies the rest.
    func stop() {
        state.withLock { $0.isStopped = true }
        thread.wait()
        lanes.wait()
    }

    private func begin(_ keys: @escaping @Sendable () -> KeyringHolder.Current?, _ change: (inout State) -> Void) {
        let isFirst = state.withLock { state in
            change(&state)
            guard state.mayGoOn else { return false }
            state.isWanted = true
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if isFirst { thread.async { [self] in run(keys) } }
    }

    private var mayGoOn: Bool { state.withLock { $0.mayGoOn } }

    private func run(_ keys: @escaping @Sendable () -> KeyringHolder.Current?) {
        repeat {
            var progress = Progress()
            do {
                try verifyAll(keys, &progress)
            } catch {
                progress.report.failure = "verifying again has stopped: \(error)"
            }
            let (isCancelled, isStopped) = state.withLock { ($0.isCancelled, $0.isStopped) }
            if isStopped { return }
            progress.report.isCancelled = isCancelled && !progress.report.isComplete
            report(progress.report)
        } while !rest()
    }

    /// Rests, unless something has changed since the last look.
    ///
    /// - Returns: False if another look is needed.
    private func rest() -> Bool {
        state.withLock { state in
            state.isRunning = state.isWanted && state.mayGoOn
            return !state.isRunning
        }
    }

    /// The progress since the keyring changed.
    private struct Progress {
        var report = RejudgeReport()
        var generation: Int64?
        var lastReport = ContinuousClock.now
    }

    private func verifyAll(
        _ keys: @escaping @Sendable () -> KeyringHolder.Current?, _ progress: inout Progress
    ) throws {
        while let now = keys() {
            if now.generation != progress.generation {
                // The keyring has changed: the counts for the former one are void.
                progress = Progress()
                progress.generation = now.generation
            }
            state.withLock { $0.isWanted = false }
            switch try verifyRange(now, &progress) {
            case .more: break
            case .nothingLeft:
                // Deliveries that have arrived since then are part of this run too.
                if state.withLock({ $0.isWanted && $0.mayGoOn }) { continue }
                progress.report.isComplete = true
                return
            case .cut:
                guard state.withLock({ $0.isWanted && $0.mayGoOn }) else { return }
            }
        }
        // Nobody holds the keyring any more.
        state.withLock { $0.isWanted = false }
    }

    /// Verifies the newest of the remaining deliveries.
    private func verifyRange(_ keys: KeyringHolder.Current, _ progress: inout Progress) throws -> End {
        let toJudge = try history.reader.toJudge()
        progress.report.remaining = toJudge?.count ?? 0
        guard let newest = toJudge?.newest else { return .nothingLeft }
        guard mayGoOn else { return .cut }
        let first = max(newest.lowerBound, newest.upperBound - Self.stretch * slice + 1)
        var ranges = stride(from: newest.upperBound, through: first, by: -Int(slice)).map { last in
            max(first, last - slice + 1)...last
        }[...]
        var judging: [(range: ClosedRange<Int64>, parts: Handoff<JudgingLanes.Parts>)] = []
        // The record may be closed, and nothing may be read between two stretches.
        defer { lanes.wait() }
        while true {
            while judging.count < Self.ahead, let range = ranges.popFirst() {
                judging.append((range, lanes.verify(range, by: keys, at: now()) { [self] in mayGoOn }))
            }
            guard !judging.isEmpty else { return .more }
            let (range, parts) = judging.removeFirst()
            for part in try parts.wait() {
                guard try recorder.rejudge(part) else { return .cut }
                progress.report.deliveries.merge(part.counts) { $0 + $1 }
                progress.report.remaining -= part.deliveries.count
                report(&progress)
                guard mayGoOn else { return .cut }
                if part.deliveries.lowerBound == range.lowerBound { break }
            }
            guard mayGoOn else { return .cut }
        }
    }

    private func report(_ progress: inout Progress) {
        let now = ContinuousClock.now
        guard now - progress.lastReport >= Self.reportTime else { return }
        progress.lastReport = now
        report(progress.report)
    }
}

// MARK: - Lanes

/// Verifies ranges of recorded deliveries on several threads, which yield the processor to the threads that answer.
final class JudgingLanes: Sendable {
    /// The results for a range: its parts from the newest on, incomplete if the run was stopped.
    typealias Parts = [Rejudgement]

    /// Two: one HMAC is computed while another delivery is read, and the writer is the third that works.
    private static let lanes = 2
    private static let partBytes = 8 << 20

    private let reader: HistoryReader
    private let workers = (1...lanes).map { Worker("rejudger \($0)", isBackground: true) }
    private let next = Atomic<Int>(0)

    init(_ reader: HistoryReader) {
        self.reader = reader
    }

    /// Verifies a range as soon as a lane is free.
    ///
    /// - Parameter mayGoOn: Called before each part.
    func verify(
        _ deliveries: ClosedRange<Int64>, by keys: KeyringHolder.Current, at time: Timestamp,
        mayGoOn: @escaping @Sendable () -> Bool
    ) -> Handoff<Parts> {
        let result = Handoff<Parts>()
        let lane = next.wrappingAdd(1, ordering: .relaxed).oldValue % workers.count
        workers[lane].async { [reader] in
            result.complete(Result { try Self.parts(of: deliveries, keys, time, reader, mayGoOn) })
        }
        return result
    }

    /// Waits until all that was begun is done.
    func wait() {
        for worker in workers { worker.wait() }
    }

    private static func parts(
        of deliveries: ClosedRange<Int64>, _ keys: KeyringHolder.Current, _ time: Timestamp, _ reader: HistoryReader,
        _ mayGoOn: () -> Bool
    ) throws -> Parts {
        let verifier = RecordVerifier(keys.verifier)
        var parts: Parts = []
        var rest: ClosedRange<Int64>? = deliveries
        while let range = rest, mayGoOn() {
            let part = try reader.verify(range, generation: keys.generation, at: time, bytes: partBytes) { request in
                try verifier.verify(request)
            }
            parts.append(part)
            let isWhole = part.deliveries.lowerBound == range.lowerBound
            rest = isWhole ? nil : range.lowerBound...(part.deliveries.lowerBound - 1)
        }
        return parts
    }
}

// MARK: - Report

/// The result of verifying again.
public struct RejudgeReport: Sendable, Hashable {
    /// The number of deliveries verified again, by their new verdict.
    public var deliveries: [SignatureVerdict: Int] = [:]
    /// The most deliveries that may remain.
    public var remaining = 0
    /// Whether all recorded deliveries are verified; otherwise this is progress, or the end after a failure or a
    /// cancellation.
    public var isComplete = false
    /// Whether it was cancelled: what remains keeps its verdicts until the next change of the keyring, the next start, or
    /// until it is resumed.
    public var isCancelled = false
    /// The reason for an early end, in a sentence; it continues with the next change, or when the history can be
    /// written again.
    public var failure: String?

    /// The number of deliveries verified again.
    public var total: Int { deliveries.values.reduce(0, +) }

    public init() {}
}
