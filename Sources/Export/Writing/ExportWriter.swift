public import History
public import Notifications

/// Turns rows, or their deliveries, into the bytes of one format. Each is given once, and nothing of it is kept.
public protocol ExportWriter: Sendable {
    /// What one record of the output is.
    var unit: ExportUnit { get }
    /// What is read of each row, where a record is an event.
    var parts: RowParts { get }
    /// Whether a record is made of more than its row.
    var readsDeliveries: Bool { get }
    /// Whether it is read if a delivery is a duplicate.
    var readsDuplicates: Bool { get }
    /// What ends a line.
    var newline: [UInt8] { get }
    /// What stands between cells, and in one only within quotes, if a terminal would not get it else.
    var separator: UInt8? { get }
    /// The lines before the first record.
    var head: [String] { get }
    /// Whether a record may have several lines of the format's own; else a line break in one is a value's.
    var hasSeveralLines: Bool { get }

    /// Writes the record of an event, without the newline at its end. In UTF-8.
    func append(_ item: ExportItem, to bytes: inout OutputBytes)

    /// Writes the record of a delivery, without the newline at its end. In UTF-8.
    ///
    /// - Throws: `JSONError` where its header fields cannot be read.
    func append(_ delivery: LentDelivery, to bytes: inout OutputBytes) throws
}

/// A format has records of one unit, and writes those.
extension ExportWriter {
    public var parts: RowParts { [] }
    public var readsDuplicates: Bool { false }
    public var separator: UInt8? { nil }

    public func append(_ item: ExportItem, to bytes: inout OutputBytes) {}
    public func append(_ delivery: LentDelivery, to bytes: inout OutputBytes) throws {}
}

/// What one record of an output is made of.
public enum ExportUnit: Sendable, Hashable {
    /// Each row of the event list that has an event; requests without one are left out.
    case events
    /// Each delivery that a row leads to, once.
    case deliveries

    /// Such as `1 event` or `12,345 deliveries`.
    public func counted(_ number: Int) -> String {
        let digits = Array(String(number).reversed())
        let grouped = digits.indices.map { $0 > 0 && $0 % 3 == 0 ? "\(digits[$0])," : String(digits[$0]) }
        let noun =
            switch self {
            case .events: number == 1 ? "event" : "events"
            case .deliveries: number == 1 ? "delivery" : "deliveries"
            }
        return grouped.reversed().joined() + " " + noun
    }
}
