import Foundation

/// The signals that end b2watch or make it reload, taken one by one by a thread that waits for them.
///
/// Waiting for them by Dispatch or by tasks would start a pool of threads that wakes every second; see `Worker`.
enum Signals {
    private static let numbers = [SIGINT, SIGTERM, SIGQUIT, SIGHUP]

    /// Keeps the signals from acting by themselves. To be called before there is a second thread, so that all inherit
    /// it.
    static func hold() {
        var set = set
        pthread_sigmask(SIG_BLOCK, &set, nil)
        // A shell may have started us with some of them ignored, as nohup and `&` do; ignored ones never come.
        for number in numbers where number != SIGHUP { signal(number, SIG_DFL) }
    }

    /// Waits for the next one.
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

    /// Calls the handler for each from now on, on a thread of its own.
    static func follow(_ handler: @escaping @Sendable (Int32) -> Void) {
        let thread = Thread {
            while true { handler(next()) }
        }
        thread.name = "signals"
        thread.start()
    }

    /// Lets SIGQUIT end the process until somebody waits for it: Swift would take it for a crash, print pages about it and
    /// go on.
    static func takeQuitting() {
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
