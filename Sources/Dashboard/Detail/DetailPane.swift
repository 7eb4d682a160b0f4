import History
import SafeText
import Terminal

/// The state of the detail pane.
struct DetailPane {
    var tab = DetailTab.summary
    var form = BodyForm.pretty
    var isFocused = false
    var isFullScreen = false
    private(set) var document: DetailDocument?
    private(set) var scroll = TextPane()
    private var outstanding: DocumentRequest?
    private var wanted: DocumentRequest?

    /// Whether keys go to the pane.
    var hasKeys: Bool { isFocused || isFullScreen }

    /// The document to build next; nil while one is awaited or the right one is held.
    mutating func request(_ wanted: DocumentRequest?) -> DocumentRequest? {
        self.wanted = wanted
        guard let wanted else {
            document = nil
            return nil
        }
        guard outstanding == nil, document?.request != wanted else { return nil }
        outstanding = wanted
        return wanted
    }

    /// Takes a document that was built, unless the pane is to show something else by now.
    ///
    /// One of another row is shown nonetheless, and says which one it is: while the newest row is followed there would
    /// never be any else.
    mutating func take(_ document: DetailDocument) {
        guard document.request == outstanding else { return }
        outstanding = nil
        guard let wanted, document.request.isSameView(as: wanted) else { return }
        let shown = self.document?.request
        let isSamePage =
            shown?.rowID == document.request.rowID && shown?.tab == document.request.tab
            && shown?.form == document.request.form
        let height = scroll.height
        if !isSamePage { scroll = TextPane() }
        self.document = document
        scroll.resize(count: document.lines.count, height: height)
    }

    mutating func settle(height: Int) {
        scroll.resize(count: document?.lines.count ?? 0, height: height)
    }

    mutating func scroll(_ command: Command) {
        scroll.move(command)
    }
}

extension TextPane {
    /// Moves as a command says.
    mutating func move(_ command: Command) {
        let page = max(1, height - 1)
        switch command {
        case .up: scroll(by: -1)
        case .down: scroll(by: 1)
        case .pageUp: scroll(by: -page)
        case .pageDown: scroll(by: page)
        case .halfPageUp: scroll(by: -max(1, height / 2))
        case .halfPageDown: scroll(by: max(1, height / 2))
        case .toStart: scroll(by: -count)
        case .toEnd: scroll(by: count)
        default: break
        }
    }
}
