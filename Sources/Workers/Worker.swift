import Foundation
import Synchronization

/// A thread of one's own that does one thing after the other and sleeps in between.
///
/// A serial `DispatchQueue` would do the same, but for this: once Dispatch has a pool of threads it wakes every second
/// to look after it, for ever. b2watch means to be idle when nothing happens.
public final class Worker: Sendable {
    private let name: String
    private let isBackground: Bool
    private let tasks = Tasks()
    private let isStarted = Atomic<Bool>(false)

    /// - Parameters:
    ///   - name: As debuggers and `top` show it; the system keeps 15 characters of it.
    ///   - isBackground: Whether the thread yields the processor to others that want it.
    public init(_ name: String, isBackground: Bool = false) {
        self.name = name
        self.isBackground = isBackground
    }

    deinit {
        tasks.end()
    }

    /// Does something as soon as all that was asked before is done. The thread begins with the first of it.
    public func async(_ task: @escaping @Sendable () -> Void) {
        if !isStarted.exchange(true, ordering: .relaxed) { start() }
        tasks.add(task)
    }

    /// Waits until all that was asked before is done.
    ///
    /// - Returns: False where the time was up first.
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
            while let task = tasks.next() { task() }
        }
        thread.name = name
        thread.start()
    }
}

/// What a worker has still to do.
private final class Tasks: Sendable {
    private struct State {
        var waiting: [@Sendable () -> Void] = []
        var next = 0
        var isEnded = false

        /// The next task. The list is kept until all of it is done, so that taking one costs the same however many
        /// wait.
        mutating func take() -> (@Sendable () -> Void)? {
            guard next < waiting.count else { return nil }
            defer {
                next += 1
                if next == waiting.count {
                    waiting.removeAll(keepingCapacity: true)
                    next = 0
                }
            }
            return waiting[next]
        }
    }

    private let state = Mutex(State())
    private let change = NSCondition()

    func add(_ task: @escaping @Sendable () -> Void) {
        state.withLock { $0.waiting.append(task) }
        change.withLock { change.signal() }
    }

    /// Lets the thread end when all is done.
    func end() {
        state.withLock { $0.isEnded = true }
        change.withLock { change.signal() }
    }

    /// Waits for a task; nil when there will be none.
    func next() -> (@Sendable () -> Void)? {
        change.withLock {
            while true {
                let (task, isEnded) = state.withLock { ($0.take(), $0.isEnded) }
                if task != nil || isEnded { return task }
                change.wait()
            }
        }
    }
}
