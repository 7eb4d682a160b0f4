/// The value of an event's field, of whatever type it came.
///
/// B2's own sources contradict each other on which fields are present, so none is required and none must have a
/// certain type: what is not a string or an integer is kept as the JSON it came as.
public enum FieldValue: Sendable, Hashable {
    case absent
    case null
    case string(String)
    case integer(Int64)
    /// Any other JSON value, as received.
    case other(json: String)

    /// The value as text; absent and null are empty.
    public var text: String {
        switch self {
        case .absent, .null: ""
        case .string(let string): string
        case .integer(let integer): String(integer)
        case .other(let json): json
        }
    }

    public var isEmpty: Bool { text.isEmpty }

    public var string: String? {
        if case .string(let string) = self { string } else { nil }
    }

    public var integer: Int64? {
        if case .integer(let integer) = self { integer } else { nil }
    }
}
