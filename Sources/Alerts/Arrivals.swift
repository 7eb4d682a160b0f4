import History

/// What has come, as far as somebody may want to be told of it.
struct Arrivals: Sendable, Hashable {
    /// Whether events are among it; false where nobody wants to know.
    var hasEvents = false
    /// Nil where there are none, or nobody wants to know.
    var problems: ProblemReport?

    init(hasEvents: Bool = false, problems: ProblemReport? = nil) {
        (self.hasEvents, self.problems) = (hasEvents, problems)
    }

    /// What is in the rows after the first one and up to the last one.
    init(_ rows: Range<Int64>, for settings: AlertSettings, reading reader: HistoryReader) throws {
        if settings.bell == .event {
            hasEvents = try !reader.rows(
                matching: AlertRows.events, after: rows.lowerBound, through: rows.upperBound, limit: 1
            ).rows.isEmpty
        }
        guard settings.bell != .never || settings.onProblem != nil else { return }
        var after = rows.lowerBound
        while after < rows.upperBound {
            let found = try reader.rows(
                matching: AlertRows.problems, after: after, through: rows.upperBound, limit: 500)
            // The rows of a delivery follow each other.
            for row in found.rows where row.deliveryID != problems?.latest.delivery {
                problems = ProblemReport(count: (problems?.count ?? 0) + 1, latest: Problem(row))
            }
            after = found.through
        }
    }
}
