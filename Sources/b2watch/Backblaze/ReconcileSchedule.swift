import Backblaze
import Base
import Foundation
import History
import Notifications
import Receiving
import Sending
import Settings
import Synchronization

/// Compares buckets with the record at the configured times, in the process that receives. Without a bucket to
/// compare it has no thread and no timer.
final class ReconcileSchedule: Sendable {
    /// Receives the result of a comparison; from another thread, and must not block.
    typealias Alert = @Sendable (BucketTrouble) -> Void

    private struct State {
        var settings: [ReconcileSetting] = []
        /// The time at which each bucket is due.
        var due: [String: ContinuousClock.Instant] = [:]
        /// The buckets whose comparison has reached its limit; the next one continues it.
        var limited: Set<String> = []
        var isStopped = false
        /// Whether the thread runs.
        var isStarted = false
        var alert: Alert?
        /// The client of the current comparison.
        var http: OutgoingClient?

        var next: (setting: ReconcileSetting, due: ContinuousClock.Instant)? {
            settings.compactMap { setting in due[setting.bucket.value].map { (setting, $0) } }.min { $0.1 < $1.1 }
        }
    }

    /// The delay between the start and a comparison that is due then, because the listener begins first.
    private static let patience = Duration.seconds(10)
    /// The longest pause between a failed comparison and the next attempt.
    private static let pause = Duration.seconds(3_600)

    private let receiver: Receiver
    private let suspended: SuspendedRules
    private let say: @Sendable (String, LogLevel) -> Void
    private let state = Monitor(State())
    private let worker = Worker("reconcile", isBackground: true)

    /// - Parameters:
    ///   - suspended: Receives the suspended rules of each bucket.
    ///   - say: Receives sentences for a person; from another thread, and must not block.
    init(
        _ receiver: Receiver, _ suspended: SuspendedRules, say: @escaping @Sendable (String, LogLevel) -> Void
    ) {
        self.receiver = receiver
        self.suspended = suspended
        self.say = say
    }

    /// Sends alerts to a function from now on.
    func follow(_ alert: @escaping Alert) {
        state.withLock { $0.alert = alert }
    }

    /// Applies the settings of a configuration, from now on.
    func change(_ configuration: Configuration) {
        let settings = configuration.reconcile
        let now = ContinuousClock.now
        state.change { state in
            guard !state.isStopped else { return }
            let before = Dictionary(uniqueKeysWithValues: state.settings.map { ($0.bucket.value, $0) })
            for setting in settings where before[setting.bucket.value]?.every != setting.every {
                state.due[setting.bucket.value] = Self.due(setting, at: now)
            }
            state.settings = settings
            guard !settings.isEmpty, !state.isStarted else { return }
            state.isStarted = true
            worker.async { [weak self] in self?.run() }
        }
    }

    /// Ends the schedule, and gives up the current comparison. Blocks.
    func stop() {
        let http = state.change { state in
            state.isStopped = true
            return state.http
        }
        http?.shutdown()
        worker.wait()
    }

    /// Returns the time at which a bucket is due: an interval after its last comparison, even one before the start.
    private static func due(
        _ setting: ReconcileSetting, at now: ContinuousClock.Instant
    ) -> ContinuousClock.Instant {
        guard let path = try? ReconcileFiles(setting.bucket.value).past,
            let last = try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
        else { return now + patience }
        let age = Duration.seconds(max(0, Date.now.timeIntervalSince(last)))
        return now + max(patience, setting.every - age)
    }

    private func run() {
        while true {
            let due = state.withLock { $0.next?.due }
            // Other settings may be due sooner, or none at all: then the thread ends.
            let turn = state.wait(until: due) { state -> ReconcileSetting?? in
                if state.isStopped || state.settings.isEmpty {
                    state.isStarted = false
                    return .some(nil)
                }
                if let next = state.next, next.due <= .now { return .some(next.setting) }
                return nil
            }
            guard let turn else { continue }
            guard let setting = turn else { return }
            let isDone = compare(setting)
            state.withLock { state in
                let pause = isDone ? setting.every : min(setting.every, Self.pause)
                state.due[setting.bucket.value] = .now + pause
            }
        }
    }

    // MARK: - Comparing

    /// - Returns: Whether the bucket was compared to the end.
    private func compare(_ setting: ReconcileSetting) -> Bool {
        let bucket = setting.bucket.value
        do {
            guard (try? ReconcileFiles(bucket)) != nil else { return true }
            let http = try OutgoingClient.toBackblaze()
            let isStopped = state.withLock { state in
                state.http = http
                return state.isStopped
            }
            defer {
                state.withLock { $0.http = nil }
                http.shutdown()
            }
            guard !isStopped else { return false }
            let client = B2Client(try key(setting), http: http, clock: clock) { [say] in say($0, .warning) }
            var order = ReconcileRun.Order(bucket)
            order.since = Timestamp(
                milliseconds: Timestamp.now.milliseconds - Int64(setting.since / .milliseconds(1)))
            order.prefix = setting.prefix
            order.rule = setting.rule
            order.mostCalls = setting.mostCalls
            order.action = setting.action?.value
            order.isResumed = state.withLock { $0.limited.contains(bucket) }
            let report = try ReconcileRun(client, receiver).run(
                order, latest: { receiver.history.current.latestRow },
                while: { _ in !state.withLock(\.isStopped) }, found: { _ in },
                act: { body in
                    try body { try receiver.actions.runner.ask(ReconcileVersions($0, $1, seen: $2)) }
                })
            guard report.end != .cancelled else { return false }
            state.withLock { state in
                if report.end == .limit { state.limited.insert(bucket) } else { state.limited.remove(bucket) }
            }
            announce(report, setting)
            return true
        } catch {
            let isStopped = state.withLock { state in
                // Its file may be the reason.
                state.limited.remove(bucket)
                return state.isStopped
            }
            guard !isStopped else { return false }
            let reason = "\(bucket) could not be compared with the record: \(error)"
            say("reconcile: \(reason)", .error)
            state.withLock(\.alert)?(BucketTrouble(bucket: bucket, kind: .failed, reason: reason))
            return false
        }
    }

    /// The clock of the client: a pause ends with the schedule.
    private var clock: B2Clock {
        B2Clock(
            now: { Timestamp.now },
            wait: { [weak self] time in self?.state.wait(until: .now + time) { $0.isStopped ? true : nil } },
            isEnded: { [weak self] in self?.state.withLock(\.isStopped) ?? true })
    }

    private func key(_ setting: ReconcileSetting) throws -> ApplicationKey {
        guard let key = try ApplicationKey.ofProcess(file: setting.keyFile) else {
            throw B2Problem.noKey(for: setting.bucket.value)
        }
        return key
    }

    private func announce(_ report: ReconcileReport, _ setting: ReconcileSetting) {
        let alert = state.withLock(\.alert)
        let gaps = report.gaps.prefix(3).map(\.sentence)
        let queued = report.addition.flatMap { addition in
            setting.action.map { addition.sentence($0.value) }
        }
        let isLimited = report.end == .limit ? ["max-calls is reached, so the rest is unknown"] : []
        let sentences = [report.summary] + gaps + isLimited + [queued].compactMap(\.self)
        guard report.missing > 0 else {
            receiver.note("reconcile: \(sentences.joined(separator: "; "))", .info)
            return announceRules(report, setting, alert)
        }
        let reason = sentences.joined(separator: "; ")
        say("reconcile: \(reason)", .warning)
        alert?(BucketTrouble(bucket: report.bucket, kind: .missing, count: report.missing, reason: reason))
        announceRules(report, setting, alert)
    }

    /// Warns of rules that are suspended or silent.
    private func announceRules(_ report: ReconcileReport, _ setting: ReconcileSetting, _ alert: Alert?) {
        let bucket = report.bucket
        for sentence in report.suspended {
            say(sentence, .warning)
            alert?(BucketTrouble(bucket: bucket, kind: .suspended, reason: sentence))
        }
        suspended.note(report.suspended, of: bucket)
        guard let limit = setting.silentAfter else { return }
        for rule in report.active {
            guard let last = receiver.history.reader.silence(ofRule: rule, bucket: bucket, longerThan: limit)
            else { continue }
            let sentence = "the rule \(rule) of \(bucket) has been silent since \(last.rfc3339)"
            say(sentence, .warning)
            alert?(BucketTrouble(bucket: bucket, kind: .silent, reason: sentence))
        }
    }
}
