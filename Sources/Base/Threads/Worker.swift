import Dispatch
import Foundation
import Synchronization

/// A thread that runs one task after the other and sleeps in between.
///
/// A serial `DispatchQueue` would do the same, with one difference: once Dispatch has a pool of threads it wakes every
/// second to manage it, forever. b2watch must be idle when nothing happens.
public final class Worker: Sendable {
    private let name: String
    private let isBackground: Bool
    private let tasks = TaskQueue()
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

    /// Runs a task as soon as all earlier ones are done. The thread is started for the first task.
    public func async(_ task: @escaping @Sendable () -> Void) {
        if !isStarted.exchange(true, ordering: .relaxed) { start() }
        tasks.add(task)
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
            while let next = tasks.next() { next.forEach { $0() } }
        }
        thread.name = name
        thread.start()
    }
}

/// The remaining tasks of a worker.
///
/// A semaphore wakes the thread with two system calls; a condition would take five, and a listener with one connection
/// wakes two threads for each request.
private final class TaskQueue: Sendable {
    typealias Task = @Sendable () -> Void

    private struct State: Sendable {
        var waiting: [Task] = []
        /// Whether the thread sleeps, or is about to.
        var isResting = false
        var isEnded = false
    }

    private let state = Mutex(State())
    private let isWanted = DispatchSemaphore(value: 0)

    /// Adds a task, and wakes the thread if it sleeps.
    func add(_ task: @escaping Task) {
        wake { $0.waiting.append(task) }
    }

    /// Ends the thread when all tasks are done.
    func end() {
        wake { $0.isEnded = true }
    }

    /// Removes and returns all waiting tasks, after waiting for at least one. Nil when no more will follow.
    func next() -> [Task]? {
        while true {
            let next = state.withLock { state -> [Task]? in
                if !state.waiting.isEmpty {
                    defer { state.waiting = [] }
                    return state.waiting
                }
                state.isResting = !state.isEnded
                return state.isEnded ? [] : nil
            }
            guard let next else {
                isWanted.wait()
                continue
            }
            return next.isEmpty ? nil : next
        }
    }

    private func wake(_ change: (inout sending State) -> Void) {
        let wasResting = state.withLock { state in
            change(&state)
            defer { state.isResting = false }
            return state.isResting
        }
        if wasResting { isWanted.signal() }
    }
}
