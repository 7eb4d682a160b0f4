/// One row of the spreadsheet that Backblaze's tutorial fills: the one encoder that every output uses.
public struct SheetRow: Sendable, Hashable {
    /// The tutorial's five headers, in order.
    public static let headers = [
        "Event Timestamp", "Event Type", "Object Name", "Object Size", "Object Version ID",
    ]

    /// How a row writes the event's timestamp.
    public enum TimestampForm: Sendable, Hashable {
        /// RFC 3339, UTC, with milliseconds.
        case rfc3339
        /// The number that B2 sent: milliseconds since 1970-01-01 UTC.
        case epochMilliseconds
    }

    /// One typed cell.
    public enum Cell: Sendable, Hashable {
        case empty
        case number(Int64)
        /// Text, whatever it looks like: never a formula.
        case text(String)

        /// The cell as plain text; not escaped for any output.
        public var string: String {
            switch self {
            case .empty: ""
            case .number(let number): String(number)
            case .text(let text): text
            }
        }

        /// The cell of a field as it came.
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
            switch (event.eventTimestamp, timestamps) {
            case (.integer(let milliseconds), .rfc3339): .text(Timestamp(milliseconds: milliseconds).rfc3339)
            case (let value, _): Cell(value)
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
