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
        /// Shows a warning until another one, or nil, replaces it.
        var banner: (@Sendable (String?) -> Void)?
        /// The suspended rules of each bucket, in sentences.
        var suspended: [String: [String]] = [:]
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
    private let say: @Sendable (String, LogLevel) -> Void
    private let state = Monitor(State())
    private let worker = Worker("reconcile", isBackground: true)

    /// - Parameter say: Receives sentences for a person; from another thread, and must not block.
    init(_ receiver: Receiver, say: @escaping @Sendable (String, LogLevel) -> Void) {
        self.receiver = receiver
        self.say = say
    }

    /// Sends alerts to a function from now on.
    func follow(_ alert: @escaping Alert) {
        state.withLock { $0.alert = alert }
    }

    /// Shows warnings of suspended rules from now on.
    ///
    /// - Parameter banner: Shows a warning until another one, or nil, replaces it; from another thread, and must not block.
    func show(_ banner: @escaping @Sendable (String?) -> Void) {
        state.withLock { $0.banner = banner }
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
        var status = stat()
        guard let folder, stat(PastReconcile.path(folder, bucket: setting.bucket.value), &status) == 0 else {
            return now + patience
        }
        let age = Duration.seconds(max(0, time(nil) - status.st_mtim.tv_sec))
        return now + max(patience, setting.every - age)
    }

    /// The folder of comparisons; nil without a place.
    private static var folder: String? { (try? ProcessEnvironment.places.state).map { "\($0)/reconcile" } }

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
            guard let folder = Self.folder else { return true }
            let http = try Self.http()
            let isStopped = state.withLock { state in
                state.http = http
                return state.isStopped
            }
            defer {
                state.withLock { $0.http = nil }
                http.shutdown()
            }
            guard !isStopped else { return false }
            let run = ReconcileRun(
                client: B2Client(try key(setting), http: http, clock: clock) { [say] in say($0, .warning) },
                reader: receiver.history.reader, history: receiver.history.path, folder: folder,
                log: ProcessEnvironment.log, say: { [receiver] in receiver.note("reconcile: \($0)", $1) })
            var order = ReconcileRun.Order(bucket)
            order.since = Timestamp(
                milliseconds: Timestamp.now.milliseconds - Int64(setting.since / .milliseconds(1)))
            order.prefix = setting.prefix
            order.rule = setting.rule
            order.mostCalls = setting.mostCalls
            order.action = setting.action?.value
            order.isResumed = state.withLock { $0.limited.contains(bucket) }
            let report = try run.run(
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

    private static func http() throws -> OutgoingClient {
        let proxies = ProxyRules(environment: ProcessInfo.processInfo.environment)
        let rules = ConnectionRules(authorities: try ProcessEnvironment.authorities(nil))
        return OutgoingClient(OutgoingPolicy(proxies: proxies), rules: rules)
    }

    private func key(_ setting: ReconcileSetting) throws -> ApplicationKey {
        let realm = try Realm(ProcessInfo.processInfo.environment[Realm.variable] ?? "")
        if let file = setting.keyFile { return try KeyFile.key(file, realm) }
        if let key = try ProcessEnvironment.backblazeKey.key(realm) { return key }
        throw B2Problem(
            .key,
            "no application key is set: write key-file: FILE below \(setting.bucket.value), or set"
                + " \(EnvironmentKey.idVariable) and \(EnvironmentKey.keyVariable)")
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
        let (banner, sentences) = state.withLock { state -> ((@Sendable (String?) -> Void)?, [String]) in
            let before = state.suspended.values.flatMap(\.self)
            state.suspended[bucket] = report.suspended
            let now = state.suspended.sorted { $0.key < $1.key }.flatMap(\.value)
            return (before.isEmpty && now.isEmpty ? nil : state.banner, now)
        }
        banner?(sentences.isEmpty ? nil : sentences.joined(separator: "; "))

        guard let limit = setting.silentAfter else { return }
        for rule in report.active {
            guard let last = try? receiver.history.reader.lastEvent(ofRule: rule, bucket: bucket) else { continue }
            let silence = Duration.milliseconds(Timestamp.now.milliseconds - last.milliseconds)
            guard silence > limit else { continue }
            let sentence = "the rule \(rule) of \(bucket) has been silent since \(last.rfc3339)"
            say(sentence, .warning)
            alert?(BucketTrouble(bucket: bucket, kind: .silent, reason: sentence))
        }
    }
}
