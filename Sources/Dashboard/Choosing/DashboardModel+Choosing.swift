import History
import SafeText

extension DashboardModel {
    mutating func performOnColumns(_ command: Command) -> [Effect] {
        switch command {
        case .chooseColumns:
            chooser = ColumnChooser(view, session.viewState.preferences)
            return []
        case .toggleColumn: chooser?.toggle()
        case .columnEarlier: chooser?.shift(by: -1)
        case .columnLater: chooser?.shift(by: 1)
        case .usualColumns: chooser?.reset()
        default: break
        }
        guard let chooser else { return [] }
        return keep { preferences in
            switch chooser.view {
            case .table: preferences.tableColumns = chooser.names
            default: preferences.eventColumns = chooser.names
            }
        }
    }

    mutating func performOnOrder(_ command: Command) -> [Effect] {
        let order = session.viewState.preferences.order
        switch command {
        case .sortByNext: return sort(by: column(beside: order, 1))
        case .sortByPrevious: return sort(by: column(beside: order, -1))
        case .turnOrder:
            guard case .by(let column, let isDescending) = order else {
                return sort(by: .by(.received, isDescending: true))
            }
            return sort(by: .by(column, isDescending: !isDescending))
        default: return sort(by: .arrival)
        }
    }

    /// Sorts by a column, beginning as is usual for it unless told; without one, in the order of arrival.
    mutating func sort(by column: SortColumn?, isDescending: Bool?) -> [Effect] {
        sort(by: column.map { .by($0, isDescending: isDescending ?? $0.beginsWithGreatest) } ?? .arrival)
    }

    private mutating func sort(by order: RowOrder) -> [Effect] {
        guard order != session.viewState.preferences.order else { return [] }
        isToShowStart = order != .arrival
        return keep { $0.order = order }
    }

    /// The order by the next column that is shown, or by the one before; beyond the last one, that of arrival.
    private func column(beside order: RowOrder, _ distance: Int) -> RowOrder {
        let columns = rows.layout.choice
        let sorts = view == .table ? columns.table.compactMap(\.sort) : columns.events.compactMap(\.sort)
        guard !sorts.isEmpty else { return .arrival }
        var index = distance > 0 ? 0 : sorts.count - 1
        if case .by(let column, _) = order, let current = sorts.firstIndex(of: column) {
            index = current + distance
        }
        guard sorts.indices.contains(index) else { return .arrival }
        return .by(sorts[index], isDescending: sorts[index].beginsWithGreatest)
    }

    private mutating func keep(_ change: (inout ViewPreferences) -> Void) -> [Effect] {
        change(&session.viewState.preferences)
        return [.keepViewState(session.viewState)]
    }
}

extension SortColumn {
    /// Of numbers and times one wants to see the greatest.
    fileprivate var beginsWithGreatest: Bool {
        switch self {
        case .received, .size, .eventTime, .status: true
        case .signature, .type, .object, .bucket, .rule: false
        }
    }
}
