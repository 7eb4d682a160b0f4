public import Base

/// One row of the spreadsheet that Backblaze's tutorial fills: the one encoder that every output uses.
public struct SheetRow: Sendable, Hashable {
    /// The tutorial's five headers, in order.
    public static let headers = [
        "Event Timestamp", "Event Type", "Object Name", "Object Size", "Object Version ID",
    ]

    /// The form in which a row writes the event's timestamp.
    public enum TimestampForm: Sendable, Hashable {
        /// RFC 3339, UTC, with milliseconds.
        case rfc3339
        /// The number that B2 sent: milliseconds since 1970-01-01 UTC.
        case epochMilliseconds
        /// A date that a spreadsheet takes for one, in UTC: it has no time zones.
        case date
    }

    /// One typed cell.
    public enum Cell: Sendable, Hashable {
        case empty
        case number(Int64)
        /// Text, whatever it looks like: never a formula.
        case text(String)
        /// A moment of the years 1 to 9999.
        case date(Timestamp)

        /// The cell as plain text; not escaped for any output. A date is such as `2026-01-01 10:11:12.345`.
        public var string: String {
            switch self {
            case .empty: ""
            case .number(let number): String(number)
            case .text(let text): text
            case .date(let moment): String(moment.rfc3339.dropLast().map { $0 == "T" ? " " : $0 })
            }
        }

        /// Creates the cell of a moment; one outside of the years 1 to 9999 is not a date, but a number.
        public init(_ moment: Timestamp, as form: TimestampForm) {
            switch form {
            case .rfc3339: self = .text(moment.rfc3339)
            case .epochMilliseconds: self = .number(moment.milliseconds)
            case .date:
                let years: Range<Int64> = -62_135_596_800_000..<253_402_300_800_000
                self = years.contains(moment.milliseconds) ? .date(moment) : .number(moment.milliseconds)
            }
        }

        /// Creates the cell of a field, with the value unchanged.
        public init(_ value: FieldValue) {
            self =
                switch value {
                case .absent, .null: .empty
                case .integer(let integer): .number(integer)
                case .string(let string): .text(string)
                case .other(let json): .text(json)
                }
        }
    }

    /// One cell a header.
    public let cells: [Cell]

    public init(_ event: SheetFields, timestamps: TimestampForm = .rfc3339) {
        let time: Cell =
            switch event.eventTimestamp {
            case .integer(let milliseconds): Cell(Timestamp(milliseconds: milliseconds), as: timestamps)
            case let value: Cell(value)
            }
        cells =
            [time]
            + [event.eventType, event.objectName, event.objectSize, event.objectVersionId].map(Cell.init)
    }
}

/// The five fields that a sheet row is made of.
public struct SheetFields: Sendable, Hashable {
    public var eventTimestamp: FieldValue
    public var eventType: FieldValue
    public var objectName: FieldValue
    public var objectSize: FieldValue
    public var objectVersionId: FieldValue

    public init(
        eventTimestamp: FieldValue, eventType: FieldValue, objectName: FieldValue, objectSize: FieldValue,
        objectVersionId: FieldValue
    ) {
        self.eventTimestamp = eventTimestamp
        self.eventType = eventType
        self.objectName = objectName
        self.objectSize = objectSize
        self.objectVersionId = objectVersionId
    }

    public init(_ event: NotificationEvent) {
        self.init(
            eventTimestamp: event.eventTimestamp, eventType: event.eventType, objectName: event.objectName,
            objectSize: event.objectSize, objectVersionId: event.objectVersionId)
    }
}
