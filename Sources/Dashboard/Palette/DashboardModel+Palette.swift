import Browsing
import History
import SafeText
import Terminal

extension DashboardModel {
    mutating func performOnPalette(_ command: Command) -> [Effect] {
        guard case .command(var prompt) = prompt else {
            // It acts where one was, not on the help.
            help = nil
            let text = command == .goToTime ? "\(TypedCommand.Word.goto.rawValue) " : ""
            prompt = .command(CommandPrompt(commandsHere, text, past: pastCommands, values: seenValues))
            return [.readValues]
        }
        switch command {
        case .completeCommand: prompt.complete()
        case .completeCommandBack: prompt.complete(isBack: true)
        case .olderCommand: prompt.recall(older: true)
        case .newerCommand: prompt.recall(older: false)
        case .runCommand: return run(prompt)
        default: break
        }
        self.prompt = .command(prompt)
        return []
    }

    /// What can be typed, with what it does: here first of all, or where one is led.
    private var commandsHere: [CommandCompletion.Candidate] {
        var seen: Set<Command> = [.typeCommand]
        let here = place.contexts.flatMap(bindings.bindings(in:)).filter { seen.insert($0.command).inserted }
        let elsewhere = bindings.all.filter { $0.context.way != nil && seen.insert($0.command).inserted }
        let commands =
            here.map { binding in
                let obstacle = binding.obstacle(self).map { " — now not: \($0)" } ?? ""
                return CommandCompletion.Candidate(text: binding.command.name, meaning: binding.title + obstacle)
            }
            + elsewhere.map { binding in
                CommandCompletion.Candidate(
                    text: binding.command.name, meaning: "\(binding.title) (\(binding.context.title))")
            }
            + TypedCommand.Word.allCases.map {
                CommandCompletion.Candidate(text: $0.rawValue, meaning: "\($0.usage.form): \($0.usage.meaning)")
            }
        return commands.sorted { $0.text < $1.text }
    }

    /// What is wrong stays in the line, with why.
    private mutating func run(_ line: CommandPrompt) -> [Effect] {
        let text = line.text
        guard text.contains(where: { !$0.isWhitespace }) else {
            prompt = nil
            return []
        }
        prompt = nil
        do {
            let typed = try TypedCommand(text)
            let effects = try run(typed)
            pastCommands.removeAll { $0 == text }
            pastCommands = [text] + pastCommands.prefix(99)
            return effects
        } catch {
            var line = line
            line.refuse(error.sentence)
            prompt = .command(line)
            return []
        }
    }

    private mutating func run(_ typed: TypedCommand) throws(TypedCommand.Fault) -> [Effect] {
        switch typed {
        case .command(let command): return try reach(command)
        case .view(let view): return perform(view.command)
        case .filter(let text):
            try showRows("filter")
            let filter: Filter
            do {
                filter = try Filter(text, in: session.filterContext)
            } catch {
                throw TypedCommand.Fault(
                    sentence: "The filter, at column \(error.range.lowerBound + 1): \(error.sentence)")
            }
            return apply(filter)
        case .sort(let column, let isDescending):
            try showRows("sort")
            return sort(by: column, isDescending: isDescending)
        case .delivery(let id):
            if view == .deliveries, [.deliveries, .deliveryDetail].contains(place) {
                deliveries.select(id, latest: session.change.latestDelivery)
                return []
            }
            try showRows("goto")
            // From the oldest row on: a delivery of many events is entered at its first one.
            return seek(.number("delivery \(id)"), .number(.delivery, .equal, id), .nearest, from: .min)
        case .time(let text):
            guard let stretch = stretch(text) else {
                throw TypedCommand.Fault(sentence: "“\(text)” is not a time. \(TypedCommand.whereTo)")
            }
            if ![.deliveries, .log, .pulse].contains(view) { try showRows("goto") } else { _ = perform(view.command) }
            return goTo(text, stretch)
        case .row(let id):
            try showRows("goto row")
            if rows.selection == id { return [] }
            return seek(.number("row \(id)"), .number(.row, .equal, id), .nearest)
        }
    }

    /// The lists are gone to where one is elsewhere.
    private mutating func showRows(_ word: String) throws(TypedCommand.Fault) {
        if [.events, .table, .detail].contains(place), view.showsRows { return }
        _ = perform((view.showsRows ? view : .events).command)
        guard !showsChecklist else {
            throw TypedCommand.Fault(sentence: "Nothing has arrived yet that “\(word)” could be for.")
        }
    }
}
