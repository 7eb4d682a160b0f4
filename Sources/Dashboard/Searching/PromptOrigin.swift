import Terminal

/// Where one was when a line was opened for typing, to go back to.
struct PromptOrigin: Hashable {
    var row: Int64?
    var wasFollowing: Bool
    /// How far below the top of the list the row was seen.
    var place: Int
    /// Where one was in the detail.
    var detail: DetailPane.Position
}

extension DashboardModel {
    var origin: PromptOrigin {
        PromptOrigin(
            row: rows.selection, wasFollowing: rows.isFollowing, place: rows.selectedLine, detail: detail.position)
    }

    mutating func goBack(to origin: PromptOrigin) {
        detail.goBack(to: origin.detail)
        if origin.wasFollowing {
            rows.follow()
        } else if let row = origin.row {
            rows.goBack(to: row, at: origin.place, in: extent)
        }
    }
}
