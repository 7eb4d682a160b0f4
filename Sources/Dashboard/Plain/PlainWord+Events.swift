import Export
import History
import SafeText

extension PlainWord {
    /// Lists, and moving in them.
    static let events: [PlainWord] = [
        PlainWord("list", syntax: "[N]", "N events around the current one, each behind its number") {
            model, arguments in
            model.read(.list, arguments, usual: 10)
        },
        PlainWord("table", syntax: "[N]", "the same as the spreadsheet has them, with its headers") {
            model, arguments in
            model.read(.table, arguments, usual: 10)
        },
        PlainWord("next", syntax: "[N]", "to the next newer event") { model, arguments in
            model.move(.down, arguments)
        },
        PlainWord("previous", also: ["prev"], syntax: "[N]", "to the next older event") { model, arguments in
            model.move(.up, arguments)
        },
        PlainWord("newest", also: ["last"], "to the newest event") { model, _ in
            model.isToTellRow = true
            return model.change { $0.perform(.toEnd) }
        },
        PlainWord("oldest", also: ["first"], "to the oldest event") { model, _ in
            model.isToTellRow = true
            return model.change { $0.perform(.toStart) }
        },
        PlainWord(
            "show", syntax: "[NUMBER] [summary|headers|body|signature|actions] [raw|pretty|hex]",
            "what is known of the current event, or of that one"
        ) { model, arguments in
            model.show(arguments)
        },
        PlainWord(
            "open", also: ["go"], syntax: "NUMBER", "to that event: 126, or 126.2 for the second event of a delivery"
        ) {
            model, arguments in
            model.open(arguments)
        },
        PlainWord(
            "print", also: ["copy"],
            syntax: "body|headers|request|curl|signature|event-id|object [as-received]",
            "the text itself; secret-bearing headers are masked unless as-received is asked for"
        ) { model, arguments in
            model.printText(arguments)
        },
        PlainWord(
            "goto", syntax: "N|row N|TIME",
            "to delivery N, to row N of the list, or to what arrived nearest to a time, such as yesterday 02:14"
        ) { model, arguments in
            model.goTo(arguments)
        },
        PlainWord("row", syntax: "N", "the same as goto row N") { model, arguments in
            model.goTo(PlainArguments("row " + arguments.text))
        },
        PlainWord("same", "to the next delivery of the same event") { model, _ in model.nextOfSameEvent() },
        PlainWord(
            "export", syntax: "[\(ExportFormat.all.map(\.name).joined(separator: "|"))] FILE",
            "writes the events selected, or else all that are listed, to a file; its ending names the format too"
        ) { model, arguments in
            model.export(arguments)
        },
    ]

    /// What is listed, and marks.
    static let finding: [PlainWord] = [
        PlainWord(
            "filter", syntax: "EXPRESSION|off|on",
            "lists only what matches, such as filter sig:invalid object:*.jpg; help filter tells more"
        ) { model, arguments in
            model.filter(arguments)
        },
        PlainWord(
            "sort", syntax: "COLUMN [asc|desc]",
            "lists by \(TypedCommand.columns.joined(separator: ", ")); follow goes back to arrival too"
        ) { model, arguments in
            model.sort(arguments)
        },
        PlainWord("problems", "only problems are listed, or all events again") { model, _ in
            model.change { $0.perform(.showProblems) }
        },
        PlainWord(
            "find", syntax: "[TEXT]", "to the next older event that holds the text; without a text, the same again"
        ) {
            model, arguments in
            model.find(arguments)
        },
        PlainWord("problem", "to the next older problem") { model, _ in
            model.isToTellRow = true
            return model.change { $0.perform(.previousProblem) }
        },
        PlainWord("mark", "marks the current event, or no longer; show-marked lists those marked") { model, _ in
            model.change { $0.perform(.toggleMark) }
        },
        PlainWord("select", "selects the current event, or no longer, and goes to the next") { model, _ in
            model.isToTellRow = true
            return model.change { $0.perform(.toggleSelected) }
        },
    ]

    /// What else there is to read.
    static let others: [PlainWord] = [
        PlainWord(
            "view", syntax: MainView.allCases.map(\.name).joined(separator: "|"), "the same as the word alone"
        ) { model, arguments in
            model.view(arguments)
        },
        PlainWord("deliveries", syntax: "[N]", "the last N requests: answers, sizes and addresses") {
            model, arguments in
            model.readDeliveries(arguments)
        },
        PlainWord("log", syntax: "[N]", "the last N lines of what b2watch itself did and warned of") {
            model, arguments in
            model.readLog(arguments)
        },
        PlainWord(
            "pulse", syntax: "[minute|hour|day|week|month|quarter|year]",
            "counts by verdict, type and bucket, delays and answer times; of an hour unless told otherwise"
        ) { model, arguments in
            model.readPulse(arguments)
        },
    ]
}
