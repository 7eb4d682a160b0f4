import Foundation
import GRDB
import Notifications

/// A field in a column: strings as TEXT, integers as INTEGER, absent and null as NULL, anything else as a BLOB that
/// holds its JSON. A string with a NUL is of the last kind, for SQLite's TEXT ends there.
extension FieldValue {
    var databaseValue: DatabaseValue {
        switch self {
        case .absent, .null: .null
        case .integer(let integer): integer.databaseValue
        case .string(let string) where !string.utf8.contains(0): string.databaseValue
        case .string(let string): Self.blob(Self.json(string))
        case .other(let json): Self.blob(json)
        }
    }

    init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .absent
        case .int64(let integer): self = .integer(integer)
        case .double(let double): self = .other(json: String(double))
        case .string(let string): self = .string(string)
        case .blob(let data): self = FieldValue(json: Array(data))
        }
    }

    private static func blob(_ json: String) -> DatabaseValue {
        Data(json.utf8).databaseValue
    }

    /// A string as JSON, as it is kept where TEXT cannot hold it.
    static func json(_ string: String) -> String {
        var writer = JSONWriter()
        writer.string(string)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
