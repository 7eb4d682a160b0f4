import History

/// How the lists are shown: what a person chose, by names that stay the same from version to version.
public struct ViewPreferences: Sendable, Hashable {
    /// The columns of the event list, from left to right; empty for the usual ones.
    public var eventColumns: [String] = []
    /// The columns of the table, from left to right; empty for the sheet's five.
    public var tableColumns: [String] = []
    /// The column that rows are sorted by; nil for the order of arrival.
    public var sortColumn: String?
    /// Whether the greatest value stands first.
    public var isDescending = false

    /// What nobody has changed yet.
    public init() {}
}

extension ViewPreferences {
    /// The order of the rows.
    var order: RowOrder {
        get { sortColumn.flatMap(SortColumn.init(rawValue:)).map { .by($0, isDescending: isDescending) } ?? .arrival }
        set {
            switch newValue {
            case .arrival: (sortColumn, isDescending) = (nil, false)
            case .by(let column, let isDescending): (sortColumn, self.isDescending) = (column.rawValue, isDescending)
            }
        }
    }

    /// The columns of both views.
    var columns: ListColumns.Choice {
        ListColumns.Choice(events: EventColumn.named(eventColumns), table: TableColumn.named(tableColumns))
    }
}

extension ViewPreferences: Codable {
    private enum CodingKeys: String, CodingKey {
        case eventColumns, tableColumns, sortColumn, isDescending
    }

    /// Takes what it understands; the rest, of another version perhaps, is left at its default.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        eventColumns = (try? values.decodeIfPresent([String].self, forKey: .eventColumns)) ?? []
        tableColumns = (try? values.decodeIfPresent([String].self, forKey: .tableColumns)) ?? []
        sortColumn = try? values.decodeIfPresent(String.self, forKey: .sortColumn)
        isDescending = (try? values.decodeIfPresent(Bool.self, forKey: .isDescending)) ?? false
    }
}
