/// The order of rows in a list.
public enum RowOrder: Sendable, Hashable {
    /// As they arrived, the oldest first.
    case arrival
    /// By a column, then by arrival. Rows without a value stand last.
    case by(SortColumn, isDescending: Bool)
}

/// What rows can be sorted by.
public enum SortColumn: String, Sendable, Hashable, CaseIterable {
    case received, signature, type, object, size, bucket, rule, eventTime, status
}
