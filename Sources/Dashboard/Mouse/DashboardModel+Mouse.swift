import History
import Log
import Terminal

extension DashboardModel {
    /// How many lines a notch of the wheel moves.
    private static let notch = 3

    /// Takes what was done with the mouse: of the buttons, the left one.
    mutating func take(_ event: MouseEvent) -> [Effect] {
        // Before anything that was told goes, for that moves what is seen.
        let target = target(at: event.point)
        switch (event.kind, event.button) {
        case (.press, .left):
            session.dropNotices()
            return target.map { click($0) } ?? []
        case (.doublePress, .left): return target.map { doubleClick($0) } ?? []
        case (.wheelUp, _): target.map { wheel($0, by: -Self.notch) }
        case (.wheelDown, _): target.map { wheel($0, by: Self.notch) }
        default: break
        }
        return []
    }

    private mutating func click(_ target: Target) -> [Effect] {
        switch target {
        case .command(let command): return run(command)
        case .view(let view): return perform(view.command)
        case .sort(let column): return sort(byClickOn: column)
        case .line(let line):
            detail.isFocused = false
            _ = select(line: line)
        case .main: detail.isFocused = false
        case .detailTab(let tab):
            detail.tab = tab
        case .detail(let line):
            if !detail.isFullScreen { detail.isFocused = true }
            detail.point(at: line)
        case .bar(let bar): pulse.selectBar(bar)
        case .share(let section, let index): pulse.select(section, index)
        case .part(let section): pulse.select(section)
        case .menuAction(let index): acting?.choose(index)
        case .action(let index):
            actions.focusEntries(false)
            actions.select(index)
        case .entryChoice(let choice): actions.list(choice)
        case .entry(let line): _ = selectEntry(line)
        case .candidate(let index):
            guard case .command(var line) = prompt else { break }
            line.choose(index)
            prompt = .command(line)
        }
        return []
    }

    /// The second click at once; the first one has selected what is there.
    private mutating func doubleClick(_ target: Target) -> [Effect] {
        switch target {
        // Buttons and tabs that are pressed twice are pressed twice.
        case .command, .view, .sort, .detailTab, .main, .menuAction, .entryChoice, .part: return click(target)
        case .action: return run(.focusDetail)
        case .entry(let line): return selectEntry(line) ? run(.open) : []
        case .candidate:
            _ = click(target)
            return performOnPalette(.runCommand)
        case .line(let line): return select(line: line) ? open() : []
        case .detail:
            detail.isFullScreen = true
            return []
        case .bar, .share:
            _ = click(target)
            return run(.listSelection)
        }
    }

    private mutating func wheel(_ target: Target, by lines: Int) {
        switch target {
        case .line, .main, .sort:
            if help != nil {
                help?.scroll(by: lines)
            } else if keyring != nil {
                keyring?.move(lines < 0 ? .up : .down, in: session.keyring)
            } else if page != nil {
                page?.scroll(by: lines)
            } else if chooser != nil {
                chooser?.move(lines < 0 ? .up : .down)
            } else if !showsChecklist {
                scrollList(by: lines)
            }
        case .detail, .detailTab: detail.scroll(by: lines)
        case .bar: pulse.pan(by: lines)
        case .share(let section, _), .part(let section): pulse.scroll(section, by: lines)
        case .action: actions.moveAction(by: lines < 0 ? -1 : 1)
        case .entry, .entryChoice: actions.scroll(by: lines)
        case .command, .view, .candidate, .menuAction: break
        }
    }

    private mutating func scrollList(by lines: Int) {
        switch view {
        case .events, .table: rows.scroll(by: lines, in: extent)
        case .deliveries: deliveries.scroll(by: lines, latest: session.change.latestDelivery)
        case .actions: actions.scroll(by: lines)
        case .log: log.scroll(by: lines)
        case .pulse: pulse.pan(by: lines)
        }
    }

    /// Selects what is in a line of the view. Says whether there is anything.
    private mutating func select(line: Int) -> Bool {
        let height = layout.main.rows
        if help != nil { return help?.select(line: line) ?? false }
        if keyring != nil { return keyring?.select(line: line - 1, in: session.keyring, rows: height) ?? false }
        if chooser != nil { return chooser?.select(line: line, rows: height) ?? false }
        guard !showsChecklist, page == nil else { return false }
        switch view {
        case .events, .table:
            guard rows.visible.indices.contains(line), let row = rows.visible[line].row else { return false }
            if row.id != rows.selection { rows.go(to: row.id, in: extent) }
        case .deliveries:
            let list = deliveries.list
            guard list.visible.indices.contains(line), let row = list.visible[line].row else { return false }
            if row.id != list.selection { deliveries.select(row.id, latest: session.change.latestDelivery) }
        case .log:
            guard !log.isOpen, log.list.visible.indices.contains(line), let row = log.list.visible[line].row else {
                return false
            }
            log.select(row.id)
        case .actions, .pulse: return false
        }
        return true
    }

    /// Selects the entry in a line of their list. Says whether there is one.
    private mutating func selectEntry(_ line: Int) -> Bool {
        let list = actions.list
        guard list.visible.indices.contains(line), let row = list.visible[line].row else { return false }
        actions.select(entry: row.id)
        return true
    }

    /// Opens what is selected, as Enter does.
    private mutating func open() -> [Effect] {
        if keyring != nil { return run(.replaceSecret) }
        if chooser != nil { return run(.toggleColumn) }
        return run(.open)
    }

    /// A click on the column that rows are sorted by turns the order about.
    private mutating func sort(byClickOn column: SortColumn) -> [Effect] {
        guard case .by(column, let isDescending) = session.viewState.preferences.order else {
            return sort(by: column, isDescending: nil)
        }
        return sort(by: column, isDescending: !isDescending)
    }
}
