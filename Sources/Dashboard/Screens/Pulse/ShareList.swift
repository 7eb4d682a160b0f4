/// Which name of a list of shares is selected, and which of them are in view.
struct ShareList {
    private(set) var selection = 0
    /// The first name in view.
    private(set) var top = 0
    private var count = 0
    private var height = 0

    mutating func settle(count: Int, height: Int) {
        (self.count, self.height) = (count, max(0, height))
        select(selection)
    }

    /// Selects a name by its number, and brings it into view.
    mutating func select(_ index: Int) {
        selection = min(max(0, index), max(0, count - 1))
        top = min(max(0, min(top, selection), selection - height + 1), lastTop)
    }

    /// Moves what is in view; the selection comes along at the edge.
    mutating func scroll(by lines: Int) {
        top = min(max(0, top + lines), lastTop)
        selection = min(max(selection, top), max(top, min(count, top + height) - 1))
    }

    private var lastTop: Int { max(0, count - height) }
}
