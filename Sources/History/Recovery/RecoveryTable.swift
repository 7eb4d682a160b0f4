import Foundation
import GRDB

/// A table of the new history that recovered rows are written to.
struct RecoveryTable {
    let name: String
    private let columns: [Column]

    private struct Column {
        let name: String
        /// As declared; empty where any value may be in it.
        let type: String
        let isNullable: Bool
        /// Whether the row's number is its value: it is NULL in the record then.
        let isNumber: Bool
    }

    /// All tables whose rows have numbers.
    static func all(in db: Database) throws -> [RecoveryTable] {
        let names = try String.fetchAll(
            db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE '%WITHOUT ROWID%'")
        // Those of which most rows are come first where rows are told apart by their values.
        let order = ["delivery", "event", "outcome"]
        return try names.sorted { (order.firstIndex(of: $0) ?? 9, $0) < (order.firstIndex(of: $1) ?? 9, $1) }.map {
            name in
            let rows = try Row.fetchAll(
                db, sql: "SELECT name, type, \"notnull\", pk FROM pragma_table_info(?)", arguments: [name])
            let keys = rows.count { ($0[3] as Int) > 0 }
            return RecoveryTable(
                name: name,
                columns: rows.map { row in
                    let isNumber = keys == 1 && row[3] == 1 && row[1] == "INTEGER"
                    return Column(name: row[0], type: row[1], isNullable: row[2] == 0, isNumber: isNumber)
                })
        }
    }

    /// Whether a row that is in this table's tree can be one of it. Columns that were added later may be missing.
    func fits(_ row: StoredRow) -> Bool {
        guard !row.values.isEmpty, row.values.count <= columns.count, row.id > 0 else { return false }
        return zip(columns, row.values).allSatisfy { column, value in
            switch (value, column.type) {
            case (.null, _): column.isNullable || column.isNumber
            case (_, _) where column.isNumber: false
            case (.integer, "INTEGER"), (.text, "TEXT"), (.blob, "TEXT"), (.text, "BLOB"), (.blob, "BLOB"), (_, ""):
                true
            default: false
            }
        }
    }

    /// Whether a row of an unknown table is likely one of this.
    func isLikely(_ row: StoredRow) -> Bool {
        // A column that was added to a table with rows has a default, and is the last.
        guard fits(row), row.values.count >= max(2, columns.count - 3), columns[0].isNumber else { return false }
        for (column, value) in zip(columns, row.values) {
            guard case .integer(let number) = value else { continue }
            switch column.name {
            // Times are in milliseconds, and nothing else is as large.
            case "receivedAt", "addedAt", "changedAt", "startedAt":
                guard number > 1_000_000_000_000, number < 10_000_000_000_000 else { return false }
            case "delivery", "position", "rows", "rowCount", "eventCount", "status", "verdict", "state", "action":
                guard number >= 0, number < 1_000_000_000_000 else { return false }
            default: break
            }
        }
        return true
    }

    /// Writes a row, unless one with its number is there.
    ///
    /// - Returns: Whether it was written.
    func insert(_ row: StoredRow, _ db: Database) throws -> Bool {
        let used = columns.prefix(row.values.count)
        // A row that the tables begin with gives way to the history's own.
        let isSingle = columns[0].name == "one"
        let statement = try db.cachedStatement(
            sql: """
                INSERT OR \(isSingle ? "REPLACE" : "IGNORE") INTO "\(name)"
                (\(used.map { "\"\($0.name)\"" }.joined(separator: ", ")))
                VALUES (\(used.map { _ in "?" }.joined(separator: ", ")))
                """)
        let values = zip(used, row.values).map { column, value -> DatabaseValue in
            if column.isNumber { return row.id.databaseValue }
            return switch value {
            case .null: .null
            case .integer(let number): number.databaseValue
            case .real(let number): number.databaseValue
            case .text(let bytes): String(decoding: bytes, as: UTF8.self).databaseValue
            case .blob(let bytes): Data(bytes).databaseValue
            }
        }
        do {
            try statement.execute(arguments: StatementArguments(values))
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            // What breaks a rule of the table is not a row of it.
            return false
        }
        return db.changesCount > 0
    }
}
