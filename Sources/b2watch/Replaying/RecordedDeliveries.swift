import History

extension HistoryReader {
    /// The deliveries of which a row matches, in the order of arrival. Reads the whole history in steps.
    ///
    /// - Parameter last: The last row to look at.
    func deliveries(matching predicate: RowPredicate, through last: Int64) throws -> [Int64] {
        var deliveries: [Int64] = []
        var through: Int64 = 0
        while through < last {
            let stretch = try rows(matching: predicate, after: through, through: last, limit: 10_000)
            for row in stretch.rows where deliveries.last != row.deliveryID { deliveries.append(row.deliveryID) }
            through = stretch.through
        }
        return deliveries
    }

    /// The ids of rows that match, in the order of arrival. Reads the whole history in steps.
    ///
    /// - Parameter last: The last row to look at.
    func ids(matching predicate: RowPredicate, through last: Int64) throws -> [Int64] {
        let step: Int64 = 50_000
        var ids: [Int64] = []
        var through: Int64 = 0
        while through < last {
            let end = min(last, through + step)
            ids += try self.ids(matching: predicate, in: through + 1...end, newestFirst: false)
            through = end
        }
        return ids
    }
}
