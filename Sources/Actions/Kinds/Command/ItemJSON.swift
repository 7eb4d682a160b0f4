internal import History
internal import Notifications

/// An event as a program gets it on its standard input: one line of JSON.
///
/// Its keys are those of `listen --format json`, but for one event: `event` is B2's own JSON of it, every value as it
/// was received. Header fields and the body's other events are left out.
enum ItemJSON {
    /// The line in UTF-8, with its newline. Control, bidi and invisible characters are escaped as `\u`.
    static func line(_ item: ActionItem, action: String) -> [UInt8] {
        let (row, record) = (item.row, item.record)
        let delivery = record.delivery
        var json = JSONWriter()
        json.syntax("{\"action\":")
        json.string(action)
        json.syntax(",\"attempt\":")
        json.integer(item.attempt)
        json.syntax(",\"id\":")
        json.integer(record.id)
        json.syntax(",\"receivedAt\":")
        json.string(delivery.receivedAt.rfc3339)
        json.syntax(",\"remoteAddress\":")
        json.string(delivery.remoteAddress)
        json.syntax(",\"method\":")
        json.string(delivery.method)
        json.syntax(",\"target\":")
        json.string(delivery.target)
        json.syntax(",\"signature\":")
        json.string(row.verdict.word)
        json.syntax(",\"secret\":")
        json.string(row.verdict.isBySecret ? row.secret : nil)
        json.syntax(",\"status\":")
        json.integer(record.status)
        json.syntax(",\"duplicate\":")
        json.boolean(row.isDuplicate)
        json.syntax(",\"position\":")
        if let position = row.position { json.integer(position + 1) } else { json.syntax("null") }
        json.syntax(",\"events\":")
        json.integer(row.eventCount)
        json.syntax(",\"event\":")
        if let event = item.event, delivery.body.indices.contains(event.range) {
            json.compact(delivery.body[event.range])
        } else {
            json.syntax("null")
        }
        json.syntax("}\n")
        return json.bytes
    }
}

extension Range<Int> {
    fileprivate func contains(_ other: Range<Int>) -> Bool {
        lowerBound <= other.lowerBound && other.upperBound <= upperBound && !other.isEmpty
    }
}
