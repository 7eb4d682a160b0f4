import Base
import Foundation
public import Testing

/// Gives each test of a suite a thread of its own, on which it may wait.
///
/// Swift runs all tests on as many threads as the machine has processors. If that many tests wait for a program, a
/// socket or another thread, no other test continues. With this trait a waiting test delays only itself. The number of
/// waiting tests that run at once is limited.
public struct Blocking: SuiteTrait, TestTrait, TestScoping {
    public var isRecursive: Bool { true }

    @TaskLocal private static var isInScope = false

    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        // A suite within a suite may have the trait again.
        if Self.isInScope { return try await function() }
        // The place is taken and left on the own threads too: the shared ones come to it only after all that they have to do,
        // so a place would stay taken long after its test.
        try await withTaskExecutorPreference(OwnThreads.shared) {
            await Places.shared.enter()
            do {
                try await Self.$isInScope.withValue(true) { try await function() }
            } catch {
                await Places.shared.leave()
                throw error
            }
            await Places.shared.leave()
        }
    }

    /// Whether the caller may wait: it is not a task, or has a thread of its own.
    public static var isAllowed: Bool {
        withUnsafeCurrentTask { $0 == nil } || OwnThreads.isCurrent
    }

    /// Fails the test if its waiting would delay others. Every helper that waits calls this first.
    public static func check() {
        guard !isAllowed else { return }
        Issue.record("it waits on a thread that all tests share: add the trait “.blocking” to its suite")
    }
}

extension Trait where Self == Blocking {
    /// Whether the tests may wait: see `Blocking`.
    public static var blocking: Self { Self() }
}

/// The number of waiting tests that run at once: more than there are processors, because they wait most of the time.
private actor Places {
    static let shared = Places(ProcessInfo.processInfo.activeProcessorCount + 2)

    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) {
        free = count
    }

    func enter() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func leave() {
        if waiting.isEmpty {
            free += 1
        } else {
            waiting.removeFirst().resume()
        }
    }
}

/// Runs each job on a free thread: an idle one, or a new one.
private final class OwnThreads: TaskExecutor {
    static let shared = OwnThreads()
    /// The mark of each thread, which is also its name in a debugger.
    private static let name = "blocking test"

    private struct State {
        var jobs: [UnownedJob] = []
        /// Threads that wait for a job.
        var idle = 0
    }

    private let state = Monitor(State())

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let needsThread = state.change { state in
            state.jobs.append(job)
            return state.jobs.count > state.idle
        }
        guard needsThread else { return }
        let thread = Thread { [self] in work() }
        thread.name = Self.name
        thread.start()
    }

    /// Returns whether the caller runs on one of these threads.
    static var isCurrent: Bool { Thread.current.threadDictionary[name] != nil }

    private func work() {
        Thread.current.threadDictionary[Self.name] = true
        state.withLock { $0.idle += 1 }
        while true {
            let job: UnownedJob = state.wait { state in
                guard !state.jobs.isEmpty else { return nil }
                state.idle -= 1
                return state.jobs.removeFirst()
            }
            job.runSynchronously(on: asUnownedTaskExecutor())
            state.withLock { $0.idle += 1 }
        }
    }
}
