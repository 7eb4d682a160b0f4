import Foundation
import Synchronization

/// What a signal does to a command about actions: what is under way in this process ends as it may, and what waits stays
/// in the outbox for the next b2watch.
final class CommandEnding: Sendable {
    private let desk: ActionsDesk
    private let isEnding = Atomic<Bool>(false)

    init(_ desk: ActionsDesk) {
        self.desk = desk
    }

    /// Ends the process. On the thread of the signals.
    func take(_ number: Int32) {
        let isFirst = !isEnding.exchange(true, ordering: .relaxed)
        if isFirst, desk.own != nil {
            // Another signal does not wait for it.
            Signals.follow { Signals.end(by: $0) }
            desk.close()
        }
        Signals.end(by: number)
    }

    /// Ends what goes on, unless a signal is at it: then that ends the process.
    func close() {
        if isEnding.exchange(true, ordering: .relaxed) {
            while true { pause() }
        }
        desk.close()
    }
}
