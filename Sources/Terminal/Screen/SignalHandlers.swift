internal import Glibc

/// ncurses brings signal handlers of its own, which would end the program without a word to anyone else in it.
enum SignalHandlers {
    /// Does something, and leaves the handlers as they were.
    static func kept<Result>(_ body: () -> Result) -> Result {
        let handlers = [SIGINT, SIGTERM, SIGTSTP, SIGWINCH].map { signal in
            var handler = sigaction()
            sigaction(signal, nil, &handler)
            return (signal, handler)
        }
        defer {
            for (signal, var handler) in handlers { sigaction(signal, &handler, nil) }
        }
        return body()
    }
}
