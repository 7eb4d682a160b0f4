import Dispatch
import Foundation

/// Signals as calls, for as long as this lives.
final class Signals {
    private var sources: [any DispatchSourceSignal] = []

    /// Calls the handler on a queue of its own, for each of these signals that arrives.
    init(_ numbers: [Int32], _ handler: @escaping @Sendable (Int32) -> Void) {
        let queue = DispatchQueue(label: "b2watch.signals")
        for number in numbers {
            // Else the signal would end the process before the source sees it.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { handler(number) }
            source.resume()
            sources.append(source)
        }
    }

    deinit {
        for source in sources { source.cancel() }
    }

    /// Turns writing to a closed pipe, or beyond a file size limit, from an end of the process into an error.
    static func ignoreWriteFailures() {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
    }
}
