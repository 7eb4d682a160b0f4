import Synchronization

/// What a command says of what it has done when a signal ends it.
final class LastWords: Sendable {
    private let words = Mutex<(@Sendable () -> Void)?>(nil)

    /// These are to be said from now on; nil for none.
    func keep(_ words: (@Sendable () -> Void)?) {
        self.words.withLock { $0 = words }
    }

    /// Says them.
    func say() {
        words.withLock(\.self)?()
    }
}
