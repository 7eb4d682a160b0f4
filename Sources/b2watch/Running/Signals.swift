import Actions
import ArgumentParser
import Base
import Dashboard
import Foundation
import Receiving
import Settings
import Synchronization

/// The signals that end b2watch or make it reload. A thread waits for them and receives them one by one.
///
/// Waiting for them by Dispatch or by tasks would start a pool of threads that wakes every second; see `Worker`.
enum Signals {
    private static let numbers = [SIGINT, SIGTERM, SIGQUIT, SIGHUP]

    /// Blocks the signals, so that they have no effect by themselves. To be called before there is a second thread, so
    /// that all threads inherit this.
    static func block() {
        var set = set
        pthread_sigmask(SIG_BLOCK, &set, nil)
        // A shell may have started us with some of them ignored, as nohup and `&` do; ignored signals are never
        // received.
        for number in numbers where number != SIGHUP { signal(number, SIG_DFL) }
    }

    /// Waits for the next signal, and returns its number.
    static func next() -> Int32 {
        var set = set
        var number: Int32 = 0
        while sigwait(&set, &number) != 0 {}
        return number
    }

    static func name(of number: Int32) -> String {
        switch number {
        case SIGINT: "SIGINT"
        case SIGTERM: "SIGTERM"
        case SIGQUIT: "SIGQUIT"
        case SIGHUP: "SIGHUP: the terminal is gone"
        default: "signal \(number)"
        }
    }

    /// Calls the handler for each signal from now on, on a separate thread.
    static func follow(_ handler: @escaping @Sendable (Int32) -> Void) {
        let thread = Thread {
            while true { handler(next()) }
        }
        thread.name = "signals"
        thread.start()
    }

    /// Lets SIGQUIT end the process until a thread waits for it: Swift would treat it as a crash, print pages about it
    /// and continue.
    static func allowQuitting() {
        signal(SIGQUIT, SIG_DFL)
    }

    /// Turns writing to a closed pipe, or beyond a file size limit, from an end of the process into an error.
    static func ignoreWriteFailures() {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
    }

    private static var set: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in numbers { sigaddset(&set, number) }
        return set
    }
}

// MARK: - Ending

extension Signals {
    /// Lets a signal end the process while something runs, although signals are blocked: nothing has to be undone yet.
    static func letEnd<Result>(during body: () throws -> Result) rethrows -> Result {
        let isOver = Atomic<Bool>(false)
        let hasEnded = Monitor(false)
        let thread = Thread {
            while true {
                let number = next()
                if isOver.load(ordering: .acquiring) { break }
                end(by: number)
            }
            hasEnded.change { $0 = true }
        }
        thread.name = "signals"
        thread.start()
        defer {
            // Nobody else waits for signals yet, so this one is for that thread.
            isOver.store(true, ordering: .releasing)
            kill(getpid(), SIGHUP)
            hasEnded.wait { $0 ? true : nil }
        }
        return try body()
    }
}

extension Signals {
    /// Ends the process as the signal would have: the parent process sees which signal it was.
    static func end(by number: Int32) -> Never {
        signal(number, SIG_DFL)
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, number)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        raise(number)
        // Reached only for signals that do not end the process.
        _exit(128 + number)
    }
}

// MARK: - Reloading

/// Reads the configuration again, for all parts of this process that use it.
final class Reloading: Sendable {
    /// The result of reading.
    struct Result: Sendable {
        var configuration: Configuration
        /// The differences, in sentences.
        var changes: [String] = []
    }

    private let read: @Sendable () throws -> Result
    private let followers = Mutex<[@Sendable (Configuration) -> Void]>([])
    /// The lock for reading, so that the last contents read are also the last to take effect.
    private let reading = NSLock()

    /// - Parameter read: Reads the configuration and applies the listener's part; if it throws, nothing has changed.
    init(_ read: @escaping @Sendable () throws -> Result) {
        self.read = read
    }

    /// Calls a follower with each configuration that is read from now on.
    func follow(_ follower: @escaping @Sendable (Configuration) -> Void) {
        followers.withLock { $0.append(follower) }
    }

    /// Reads the configuration. Blocks.
    ///
    /// - Throws: Errors whose text is a sentence; nothing has changed then.
    func reload() throws -> Result {
        try reading.withLock {
            let result = try read()
            followers.withLock(\.self).forEach { $0(result.configuration) }
            return result
        }
    }
}

extension Reloading {
    /// Creates the reload of a process that receives.
    convenience init(_ receiver: Receiver) {
        self.init {
            let configured = try ProcessEnvironment.configured(with: receiver.surroundings)
            let change = try receiver.load(configured.actions)
            return Result(
                configuration: configured.configuration,
                changes: [change].compactMap(\.self) + configured.actions.flatMap(\.notes))
        }
    }

    /// Creates the reload of an attached dashboard: its own configuration, and then the listener's.
    convenience init(_ link: ListenerLink) {
        self.init {
            let configuration = try ProcessEnvironment.configuration()
            if case .away = link.listening { return Result(configuration: configuration) }
            do {
                return Result(configuration: configuration, changes: try link.call.ask(ReloadConfiguration()))
            } catch {
                throw AttachFailure("The listener's configuration stays as it was: \(error)")
            }
        }
    }
}

/// Handles the signals that arrive while b2watch ends: they end it at once, without waiting for current requests. While a
/// bucket is being restored, the first of them only prints that, because the rule would stay as it is.
final class LastSignals: Sendable {
    private let isRestoring: Atomic<Bool>
    private let hasWarned = Atomic<Bool>(false)
    private let warn: @Sendable (String) -> Void

    /// - Parameters:
    ///   - restores: Whether a bucket has to be restored.
    ///   - warn: Receives a sentence for the user, on another thread.
    init(restores: Bool = false, warn: @escaping @Sendable (String) -> Void = { _ in }) {
        isRestoring = Atomic(restores)
        self.warn = warn
    }

    /// Notes that the bucket is restored, or could not be.
    func restored() {
        isRestoring.store(false, ordering: .relaxed)
    }

    /// SIGHUP does not count: reading from a terminal that is gone notices it, too.
    func receive(_ number: Int32) {
        guard number != SIGHUP else { return }
        if isRestoring.load(ordering: .relaxed), !hasWarned.exchange(true, ordering: .relaxed) {
            return warn(
                "the bucket is being restored; another signal ends b2watch before that, and then b2watch cleanup restores it"
            )
        }
        _exit(ExitStatus.failed.rawValue)
    }
}
