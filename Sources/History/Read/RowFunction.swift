import GRDB
import GRDBSQLite
import Notifications

/// The functions that conditions on rows call. They are SQLite's own kind: GRDB's would allocate for every row.
///
/// The first argument is bound as a pointer (`sqlite3_bind_pointer`) to what is looked for.
enum RowFunction: CaseIterable {
    /// Whether a pattern matches the text of a field: see `FieldValue`.
    case matchesField
    /// Whether a pattern matches bytes as they are.
    case matchesBytes
    /// Whether a row is one of a set.
    case isAmong
    /// Whether a row's event came before.
    case isRepeated

    var name: String {
        switch self {
        case .matchesField: "b2_matches"
        case .matchesBytes: "b2_matches_bytes"
        case .isAmong: "b2_among"
        case .isRepeated: "b2_repeated"
        }
    }

    /// Makes the functions known to a connection.
    static func install(on connection: OpaquePointer?) {
        for function in allCases {
            sqlite3_create_function_v2(
                connection, function.name, 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nil, function.implementation, nil,
                nil,
                nil)
        }
    }

    private var implementation: @convention(c) (OpaquePointer?, Int32, UnsafeMutablePointer<OpaquePointer?>?) -> Void {
        switch self {
        case .matchesField:
            { context, _, arguments in
                guard let arguments else { return }
                let isMatch = Sought<TextPattern>.with(arguments[0]) { RowFunction.fieldMatches($0, arguments[1]) }
                sqlite3_result_int(context, isMatch ? 1 : 0)
            }
        case .matchesBytes:
            { context, _, arguments in
                guard let arguments else { return }
                let isMatch = Sought<TextPattern>.with(arguments[0]) { RowFunction.bytesMatch($0, arguments[1]) }
                sqlite3_result_int(context, isMatch ? 1 : 0)
            }
        case .isAmong:
            { context, _, arguments in
                guard let arguments else { return }
                let id = sqlite3_value_int64(arguments[1])
                sqlite3_result_int(context, Sought<Set<Int64>>.with(arguments[0]) { $0.contains(id) } ? 1 : 0)
            }
        case .isRepeated:
            { context, _, arguments in
                guard let arguments else { return }
                let id = sqlite3_value_int64(arguments[1])
                sqlite3_result_int(context, Sought<RepeatedEvents>.with(arguments[0]) { $0.mayHold(id) } ? 1 : 0)
            }
        }
    }

    private static func fieldMatches(_ pattern: TextPattern, _ value: OpaquePointer?) -> Bool {
        switch sqlite3_value_type(value) {
        case SQLITE_NULL: return false
        // Asked for as a blob, a text is given as it is, and not copied to have a zero at its end.
        case SQLITE_TEXT: return bytesMatch(pattern, value)
        case SQLITE_BLOB:
            // JSON, and rare.
            let text = bytes(value) { FieldValue(json: Array($0)).text }
            var utf8 = text
            return utf8.withUTF8 { pattern.matches(UnsafeRawBufferPointer($0)) }
        default:
            guard let text = sqlite3_value_text(value) else { return false }
            return pattern.matches(UnsafeRawBufferPointer(start: text, count: Int(sqlite3_value_bytes(value))))
        }
    }

    private static func bytesMatch(_ pattern: TextPattern, _ value: OpaquePointer?) -> Bool {
        guard sqlite3_value_type(value) != SQLITE_NULL else { return false }
        return bytes(value, pattern.matches)
    }

    private static func bytes<Value>(_ value: OpaquePointer?, _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        let start = sqlite3_value_blob(value)
        return body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(sqlite3_value_bytes(value))))
    }
}

/// What is looked for, on its way through SQLite to a function of ours.
private final class Sought<Value> {
    private let value: Value

    private init(_ value: Value) {
        self.value = value
    }

    /// SQLite hands a pointer only to who knows this name of its kind, and keeps the name.
    private static var kind: UnsafePointer<CChar> {
        let name: StaticString = "b2watch"
        return UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    }

    static func bind(_ value: Value, to statement: OpaquePointer?, at index: Int32) -> Int32 {
        sqlite3_bind_pointer(statement, index, Unmanaged.passRetained(Sought(value)).toOpaque(), kind) { pointer in
            if let pointer { Unmanaged<AnyObject>.fromOpaque(pointer).release() }
        }
    }

    static func with(_ argument: OpaquePointer?, _ body: (Value) -> Bool) -> Bool {
        guard let pointer = sqlite3_value_pointer(argument, kind) else { return false }
        return Unmanaged<Sought<Value>>.fromOpaque(pointer)._withUnsafeGuaranteedRef { body($0.value) }
    }
}

extension PredicateSQL.Binding {
    /// Binds it to a parameter, counted from 1.
    ///
    /// - Returns: What SQLite says.
    func bind(to statement: OpaquePointer?, at index: Int32) -> Int32 {
        switch self {
        case .integer(let value): sqlite3_bind_int64(statement, index, value)
        case .pattern(let pattern): Sought.bind(pattern, to: statement, at: index)
        case .rows(let ids): Sought.bind(ids, to: statement, at: index)
        case .repeated(let rows): Sought.bind(rows, to: statement, at: index)
        }
    }
}
