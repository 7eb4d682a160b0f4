import Foundation
import Synchronization

/// A thread that runs one task after the other and sleeps in between.
///
/// A serial `DispatchQueue` would do the same, with one difference: once Dispatch has a pool of threads it wakes every
/// second to manage it, forever. b2watch must be idle when nothing happens.
public final class Worker: Sendable {
    private let name: String
    private let isBackground: Bool
    private let tasks = Monitor(Tasks())
    private let isStarted = Atomic<Bool>(false)

    /// - Parameters:
    ///   - name: As debuggers and `top` show it; the system keeps 15 characters of it.
    ///   - isBackground: Whether the thread yields the processor to others that want it.
    public init(_ name: String, isBackground: Bool = false) {
        self.name = name
        self.isBackground = isBackground
    }

    deinit {
        tasks.change { $0.end() }
    }

    /// Runs a task as soon as all earlier ones are done. The thread is started for the first task.
    public func async(_ task: @escaping @Sendable () -> Void) {
        if !isStarted.exchange(true, ordering: .relaxed) { start() }
        tasks.change { $0.add(task) }
    }

    /// Waits until all earlier tasks are done.
    ///
    /// - Returns: False if the time was up first.
    @discardableResult
    public func wait(atMost limit: Duration = .seconds(3_600)) -> Bool {
        let done = DispatchSemaphore(value: 0)
        async { done.signal() }
        let (seconds, attoseconds) = limit.components
        let nanoseconds = Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
        return done.wait(timeout: .now() + .nanoseconds(nanoseconds)) == .success
    }

    private func start() {
        let thread = Thread { [tasks, isBackground] in
            // On Linux this is of the calling thread alone.
            if isBackground { _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10) }
            while case .task(let task) = tasks.wait(for: { $0.take() }) { task() }
        }
        thread.name = name
        thread.start()
    }
}

/// The remaining tasks of a worker.
private struct Tasks: Sendable {
    private var waiting: [@Sendable () -> Void] = []
    private var next = 0
    private var isEnded = false

    mutating func add(_ task: @escaping @Sendable () -> Void) {
        waiting.append(task)
    }

    /// Lets the thread end when all is done.
    mutating func end() {
        isEnded = true
    }

    /// Removes and returns the next task; nil while no tasks wait. The list is kept until all of it is done, so that
    /// this costs the same however many wait.
    mutating func take() -> Turn? {
        guard next < waiting.count else { return isEnded ? .end : nil }
        defer {
            next += 1
            if next == waiting.count {
                waiting.removeAll(keepingCapacity: true)
                next = 0
            }
        }
        return .task(waiting[next])
    }

    enum Turn: Sendable {
        case task(@Sendable () -> Void)
        /// There will be none.
        case end
    }
}

// MARK: - Turns

/// Shows a piece of work whether a later one has replaced it.
public final class Turns: Sendable {
    private let latest = Atomic<Int>(0)

    public init() {}

    /// Begins a turn, which ends the one before.
    public func next() -> Turn {
        Turn(turns: self, number: latest.add(1, ordering: .relaxed).newValue)
    }

    /// One piece of work.
    public struct Turn: Sendable {
        fileprivate let turns: Turns
        fileprivate let number: Int

        /// Whether no later one has begun.
        public var isCurrent: Bool { turns.latest.load(ordering: .relaxed) == number }
    }
}
