import Foundation

extension Signals {
    /// Ends the process as the signal would have: whoever started it sees which one it was.
    static func end(by number: Int32) -> Never {
        signal(number, SIG_DFL)
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, number)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        raise(number)
        // Not reached, but for signals that end nothing.
        _exit(128 + number)
    }
}
