import History
import SafeText

// The words that the screen's line for commands takes too.
extension PlainModel {
    /// `goto N`, `goto row N`, `goto TIME`.
    mutating func goTo(_ arguments: PlainArguments) -> [Effect] {
        // Such as 126.2, which is the name of an event here.
        let number = arguments.text.hasPrefix("#") ? String(arguments.text.dropFirst()) : arguments.text
        if !number.isEmpty, number.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }) {
            return open(PlainArguments(number))
        }
        guard let typed = read("goto", arguments) else { return [] }
        switch typed {
        case .row(let id):
            isToTellRow = true
            guard model.rows.selection != id else { return [] }
            return change { $0.seek(.number("row \(id)"), .number(.row, .equal, id), .nearest) }
        case .time(let text):
            guard let stretch = model.stretch(text) else {
                say("“\(text)” is not a time. \(TypedCommand.whereTo)")
                return []
            }
            guard model.rows.selection != nil else {
                say("No event is listed.")
                return []
            }
            isToTellRow = true
            return change { $0.goTo(text, stretch) }
        case .command(let command): return perform(command)
        default: return []
        }
    }

    /// `sort COLUMN [asc|desc]`.
    mutating func sort(_ arguments: PlainArguments) -> [Effect] {
        guard case .sort(let column, let isDescending) = read("sort", arguments) else { return [] }
        return change { $0.sort(by: column, isDescending: isDescending) }
    }

    /// `view NAME`.
    mutating func view(_ arguments: PlainArguments) -> [Effect] {
        guard case .view(let view) = read("view", arguments) else { return [] }
        return perform(view.command)
    }

    /// What is typed, read as the screen reads it; what is wrong with it is said.
    private mutating func read(_ word: String, _ arguments: PlainArguments) -> TypedCommand? {
        do throws(TypedCommand.Fault) {
            return try TypedCommand("\(word) \(arguments.text)")
        } catch {
            say("\(error.sentence)")
            return nil
        }
    }
}
