import Browsing
import History
import Log
import Notifications
import SafeText
import Terminal

/// A time to go to in a list that is not one of events.
struct TimeQuestion: Sendable, Hashable {
    enum List: Sendable {
        case deliveries, log
    }

    let list: List
    let stretch: Range<Timestamp>
}

/// The place in the list that is nearest to a time; nil where the list is empty.
enum TimeAnswer: Sendable, Hashable {
    case delivery(Int64?)
    case entry(LogPlace?)
}

extension TimeQuestion {
    /// Returns the nearest place. Blocks.
    ///
    /// - Throws: What the history or the log says.
    func answer(_ reader: HistoryReader, _ log: (any LogReading)?) throws -> TimeAnswer {
        switch list {
        case .log: .entry(try log?.place(nearestTo: stretch))
        case .deliveries: .delivery(try reader.delivery(nearestTo: stretch))
        }
    }
}

extension HistoryReader {
    /// Returns the delivery that was received nearest to a stretch of time: the first in it, or the nearer of those on both
    /// sides.
    fileprivate func delivery(nearestTo stretch: Range<Timestamp>) throws -> Int64? {
        let from = try firstDelivery(receivedFrom: stretch.lowerBound)
        // Older by number: of a history whose times rise, the last before the stretch.
        let before = try deliveryRows(RowRequest(.row((from ?? .max) - 1), before: 0, after: 0)).rows.last?.id
        guard let from else { return before }
        guard let before, before < from, let late = try received(from), !stretch.contains(late),
            let early = try received(before)
        else { return from }
        let isNearer =
            stretch.lowerBound.milliseconds - early.milliseconds < late.milliseconds - stretch.upperBound.milliseconds
        return isNearer ? before : from
    }
}

// Going to a time.
extension DashboardModel {
    /// The time that a text means, by the zone that is shown.
    func stretch(_ text: String) -> Range<Timestamp>? { FilterMoment(in: session.filterContext).stretch(text) }

    /// Goes to what is nearest to a time: in the list that is shown, or in that of events.
    mutating func goTo(_ text: String, _ stretch: Range<Timestamp>) -> [Effect] {
        switch view {
        case .deliveries: return [.findTime(TimeQuestion(list: .deliveries, stretch: stretch))]
        case .log: return [.findTime(TimeQuestion(list: .log, stretch: stretch))]
        case .pulse:
            pulse.show(stretch)
            return []
        case .events, .table, .actions:
            guard rows.selection != nil else {
                session.tell("No row is listed: there is none to go to.", .notice)
                return []
            }
            return seek(.time(text), .everything, .time(stretch))
        }
    }

    mutating func take(_ result: Result<TimeAnswer, EffectFailure>, of question: TimeQuestion) {
        switch result {
        case .failure(let failure): session.tell("The time could not be looked for: \(failure.sentence)", .bad)
        case .success(.delivery(let id?)): deliveries.select(id, latest: session.change.latestDelivery)
        case .success(.entry(let place?)): log.select(place)
        case .success(.delivery(nil)), .success(.entry(nil)): session.tell("There is no line to go to.", .notice)
        }
    }
}
