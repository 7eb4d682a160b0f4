import Actions
import Dashboard
import Foundation
import Settings
import Synchronization

/// Reads the configuration again, for all in this process that go by it.
final class Reloading: Sendable {
    /// What was read.
    struct Result: Sendable {
        var configuration: Configuration
        /// What is different now, in sentences.
        var changes: [String] = []
    }

    private let read: @Sendable () throws -> Result
    private let followers = Mutex<[@Sendable (Configuration) -> Void]>([])
    /// Held while it is read, so that what is read last also takes effect last.
    private let reading = NSLock()

    /// - Parameter read: Reads it and takes up what only the listener goes by; where it throws, nothing has changed.
    init(_ read: @escaping @Sendable () throws -> Result) {
        self.read = read
    }

    /// Calls somebody who goes by it with what is read from now on.
    func follow(_ follower: @escaping @Sendable (Configuration) -> Void) {
        followers.withLock { $0.append(follower) }
    }

    /// Reads it. Blocks.
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
    /// Of a process that receives.
    convenience init(_ receiver: Receiver) {
        self.init {
            let configured = try ProcessEnvironment.configured(with: receiver.surroundings)
            let change = try receiver.actions.load(configured.actions)
            return Result(
                configuration: configured.configuration,
                changes: [change].compactMap(\.self) + configured.actions.flatMap(\.notes))
        }
    }

    /// Of a dashboard that is attached: its own configuration, and then the listener's.
    convenience init(_ link: ListenerLink) {
        self.init {
            let configuration = try ProcessEnvironment.configuration()
            if case .away = link.listening { return Result(configuration: configuration) }
            do {
                return Result(configuration: configuration, changes: try link.call.ask(ReloadRequest()))
            } catch {
                throw AttachFailure("The listener's configuration stays as it was: \(error)")
            }
        }
    }
}
