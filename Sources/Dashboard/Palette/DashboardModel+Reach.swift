import SafeText
import Terminal

// Commands by their names, from anywhere.
extension DashboardModel {
    /// Does a command, here or where it works; tells why it does nothing.
    mutating func run(_ command: Command) -> [Effect] {
        do throws(TypedCommand.Fault) {
            return try reach(command)
        } catch {
            session.tell("\(error.sentence)", .notice)
            return []
        }
    }

    /// Does a command, here or where it works.
    ///
    /// - Parameter isStep: Whether it leads to where another one works, and so has to be done.
    /// - Throws: Why nothing is changed at all. What does nothing where one has been led to is told there.
    mutating func reach(_ command: Command, isStep: Bool = false) throws(TypedCommand.Fault) -> [Effect] {
        if let binding = bindings.binding(of: command, in: place) {
            if let obstacle = binding.obstacle(self) { throw TypedCommand.Fault(sentence: obstacle) }
            return perform(command)
        }
        var there = self
        let effects = try there.go(to: command)
        let isSeen = there.view == view && (there.keyring == nil || session.keyring.secrets.count == 1)
        self = there
        guard let binding = bindings.binding(of: command, in: place) else { return effects }
        if let obstacle = binding.obstacle(self) {
            if isStep { throw TypedCommand.Fault(sentence: obstacle) }
            session.tell("\(obstacle)", .notice)
            return effects
        }
        if command.changesSelected, !isSeen {
            let key = binding.keys.first.map { "\($0.name)" } ?? ":\(command.name)"
            session.tell("“\(command.name)” is for what is selected here: \(key) does it.", .notice)
            return effects
        }
        return effects + perform(command)
    }

    /// Goes to where a command works: in the view one is in, if it works there.
    private mutating func go(to command: Command) throws(TypedCommand.Fault) -> [Effect] {
        let contexts = bindings.all.filter { $0.command == command && $0.context.way != nil }.map(\.context)
        let here = contexts.first { view.place.contexts.contains($0) }
        guard let context = here ?? contexts.first, let way = context.way else {
            throw TypedCommand.Fault(sentence: bindings.whyNot(command))
        }
        var effects: [Effect] = []
        if here != nil {
            effects = perform(view.command)
            detail.isFocused = false
        } else if context == .detail {
            try goToDetail()
        } else {
            effects = try reach(way, isStep: true)
        }
        guard place.contexts.contains(context) else {
            throw TypedCommand.Fault(
                sentence: showsChecklist
                    ? "Nothing has arrived yet that “\(command.name)” could be for." : bindings.whyNot(command))
        }
        return effects
    }

    /// The pane gets the keys, beside the list or where it has no room there on the full screen.
    private mutating func goToDetail() throws(TypedCommand.Fault) {
        _ = perform((view.hasDetailPane || view == .table ? view : .events).command)
        guard selectedRow != nil else { throw TypedCommand.Fault(sentence: "There is no row to open.") }
        if layout.detail == nil { detail.isFullScreen = true } else { detail.isFocused = true }
    }
}
