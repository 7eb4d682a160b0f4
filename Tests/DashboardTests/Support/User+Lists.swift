import History
import Log
import Notifications

@testable import Dashboard

// The deliveries and the log of somebody at the keyboard.
extension User {
    /// The deliveries of the rows.
    var deliveries: [DeliveryRow] {
        var last: Int64?
        return history.filter { row in
            defer { last = row.deliveryID }
            return row.deliveryID != last
        }
        .map { row in
            DeliveryRow(
                first: row, remoteAddress: addresses[row.deliveryID] ?? "203.0.113.9",
                answerTime: answerTimes[row.deliveryID], others: sharing[row.deliveryID]?.count ?? 0)
        }
    }

    func otherDelivery(than id: Int64) -> Int64? {
        let others = sharing[id] ?? []
        return others.first { $0 > id } ?? others.first
    }

    /// Lets b2watch say something of itself.
    mutating func say(_ text: String, _ level: LogLevel = .info, source: String = "watch[4711]") {
        now += .milliseconds(50)
        let place = LogPlace(inode: 1, offset: log.count * 100)
        let time = Timestamp(milliseconds: Make.start + Int64(log.count) * 1_000)
        log.append(LogEntry(id: place, time: time, level: level, source: source, text: text))
        tell(.logMoved)
    }
}

extension WindowAnswer {
    /// What a store of these rows answers.
    init(_ all: [Row], _ request: WindowRequest<Row.ID>) {
        self.init()
        guard !all.isEmpty else { return }
        let anchor =
            switch request.anchor {
            case .newest: all.count - 1
            case .oldest: 0
            case .row(let id): all.lastIndex { $0.id == id } ?? 0
            }
        let (first, last) = (max(0, anchor - request.before), min(all.count - 1, anchor + request.after))
        self.init(rows: Array(all[first...last]), hasOlder: first > 0, hasNewer: last < all.count - 1)
    }
}
