import Browsing
import History
import Log
import SafeText

/// What was asked for by commands and has not been answered.
///
/// The generations are negative, so that no answer is taken for one that the model has asked for.
struct PlainRequests {
    /// What an answer is for.
    enum Purpose: Hashable {
        case news(latest: Int64)
        case list, table, deliveries, log, actions, entries
        /// To be shown or selected.
        case lookUp(delivery: Int64, event: Int, PlainPage?)
    }

    private var purposes: [Int: Purpose] = [:]
    private var last = 0
    private var calls = 0
    var document: DocumentRequest?
    var pulse: PulseReading.Ticket?
    var copies = 0
    /// The delivery whose event is looked for in another.
    var sameEvent: Int64?
    var listsSecrets = false
    /// The entry that is to be told.
    var entry: Int64?

    /// Whether anything is awaited that a command has asked for.
    var isWaiting: Bool {
        let isNewsOnly = purposes.values.allSatisfy { if case .news = $0 { true } else { false } }
        return !isNewsOnly || calls > 0 || document != nil || pulse != nil || copies > 0 || listsSecrets
            || entry != nil || sameEvent != nil
    }

    mutating func next(_ purpose: Purpose) -> Int {
        last -= 1
        purposes[last] = purpose
        return last
    }

    mutating func finish(_ generation: Int) -> Purpose? { purposes.removeValue(forKey: generation) }

    mutating func controlBegan() { calls += 1 }
    mutating func controlEnded() { calls = max(0, calls - 1) }
}

/// A page of a delivery's detail.
struct PlainPage: Hashable {
    var tab = DetailTab.summary
    var form = BodyForm.pretty
}
