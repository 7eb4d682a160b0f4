import Base
import History
import Sending

/// A command of the plain mode: what help says of it, and what it does.
struct PlainWord: Sendable {
    /// What is typed. The first is the one that help names.
    let names: [String]
    /// What may stand behind it, such as `[N]`.
    let syntax: String
    let meaning: String
    let run: @Sendable (inout PlainModel, PlainArguments) -> [Effect]

    init(
        _ name: String, also others: [String] = [], syntax: String = "", _ meaning: String,
        run: @escaping @Sendable (inout PlainModel, PlainArguments) -> [Effect]
    ) {
        names = [name] + others
        self.syntax = syntax
        self.meaning = meaning
        self.run = run
    }

    /// All of them, in the order of the help.
    static let all: [PlainWord] = events + finding + others + actions + secrets + session

    static func named(_ name: String) -> PlainWord? {
        all.first { $0.names.contains(name) }
    }

    /// Such as `list [N]: the events around the current one`.
    var help: String {
        let usage = names[0] + (syntax.isEmpty ? "" : " \(syntax)")
        let also = names.count > 1 ? " Also: \(names.dropFirst().joined(separator: ", "))." : ""
        return "\(usage): \(meaning).\(also)"
    }

    // MARK: - Events

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

    // MARK: - Actions

    /// Actions, what became of them, and replays.
    static let actions: [PlainWord] = [
        PlainWord("actions", "the actions, and how they stand") { model, _ in model.readActions() },
        PlainWord(
            "entries", syntax: "NAME [all|waiting|failed|uncertain|done|skipped] [N]",
            "the last N events that an action is done for"
        ) { model, arguments in
            model.readEntries(arguments)
        },
        PlainWord("entry", syntax: "ENTRY", "one of them, with the exact request and answer") { model, arguments in
            model.readEntry(arguments)
        },
        PlainWord(
            "run", syntax: "NAME", "runs an action for the current event, or for those selected, whatever its filter"
        ) { model, arguments in
            model.act(arguments) { .run($0) }
        },
        PlainWord(
            "retry", syntax: "NAME|ENTRY", "tries an entry again, or what failed of the events selected; else all of it"
        ) { model, arguments in
            model.retry(arguments)
        },
        PlainWord("skip", syntax: "NAME|ENTRY", "skips an entry, or an action for the events selected") {
            model, arguments in
            model.skip(arguments)
        },
        PlainWord("preview", syntax: "NAME", "what an action would send for the current event; nothing is sent") {
            model, arguments in
            model.preview(arguments)
        },
        PlainWord("resume", syntax: "NAME", "lets a paused action go on") { model, arguments in
            model.setPaused(false, arguments)
        },
        PlainWord("missed", syntax: "NAME", "adds events missed before their verdict or “when” changed") {
            model, arguments in
            model.addMissed(arguments)
        },
        PlainWord(
            "replay", syntax: "[URL]",
            "sends the delivery, or those of the events selected, again as received; without a URL to this listener"
        ) { model, arguments in
            model.replay(arguments)
        },
    ]

    // MARK: - Session

    static let secrets: [PlainWord] = [
        PlainWord(
            "secret", also: ["secrets"],
            syntax: "list|add LABEL [BINDING]|replace LABEL|forget LABEL|remember LABEL|reload",
            "signing secrets; the secret itself is asked for on a line of its own, which is not shown"
        ) { model, arguments in
            model.secret(arguments)
        }
    ]

    static let session: [PlainWord] = [
        PlainWord(
            "test", syntax: "[NAME]", "sends a signed test event; of an action, finds out whether it would work"
        ) { model, arguments in
            arguments.text.isEmpty ? model.perform(.sendTest) : model.test(arguments)
        },
        PlainWord(
            "pause", syntax: "[NAME]", "tells no new events for now; they are recorded. Of an action: its entries wait"
        ) { model, arguments in
            guard arguments.text.isEmpty else { return model.setPaused(true, arguments) }
            guard model.model.frozen == nil else {
                model.say("New events are not told already: follow tells them again.")
                return []
            }
            return model.change { $0.perform(.pause) }
        },
        PlainWord("follow", "tells new events again, and goes along with the newest") { model, _ in
            let wasFrozen = model.model.frozen != nil
            var effects = model.change { $0.perform(.orderOfArrival) }
            effects += model.change { model in
                let effects = model.frozen == nil ? [] : model.perform(.pause)
                model.rows.follow()
                return effects
            }
            if !wasFrozen { model.say("Following the newest event.") }
            return effects
        },
        PlainWord("reload", "reads config.yaml and the secrets again") { model, _ in model.perform(.reload) },
        PlainWord("status", "the address, the secrets, the counts and what is listed") { model, _ in
            for line in model.statusLines { model.say(line) }
            return []
        },
        PlainWord("steps", "the first steps, from an address to a test event") { model, _ in
            model.tellSteps()
            return []
        },
        PlainWord("utc", "times in UTC, or local again") { model, _ in model.change { $0.perform(.toggleUtc) } },
        PlainWord(
            "help", also: ["?"], syntax: "[WORD]",
            "this list, or what one of its words does; help filter, help commands"
        ) {
            model, arguments in
            model.help(arguments)
            return []
        },
        PlainWord("quit", also: ["exit"], "ends b2watch; an attached one stops nothing else") { model, _ in
            model.change { $0.perform(.close) }
        },
    ]
}

// MARK: - Meanings

/// What a command of the screen is by lines.
enum PlainMeaning: Hashable {
    /// The same.
    case same
    /// This line.
    case line(String)
    /// A line that wants more words.
    case hint(String)
    /// Nothing: it is about how things are drawn.
    case none

    init(of command: Command) {
        self =
            switch command {
            case .up, .down, .pageUp, .pageDown, .toStart, .toEnd, .nextRow, .previousRow, .showProblems, .filterOrNot,
                .pause, .nextMatch, .previousMatch, .nextProblem, .previousProblem, .toggleMark, .showMarked, .nextMark,
                .toggleSelected, .selectAll, .selectRange, .toggleUtc, .toggleTimestampForm, .sendTest, .cancelJudging,
                .reloadSecrets, .reload, .close, .interrupt, .sortByNext, .sortByPrevious, .turnOrder, .orderOfArrival:
                .same
            case .showEvents: .line("list")
            case .showTable: .line("table")
            case .showDeliveries: .line("deliveries")
            case .showLog: .line("log")
            case .showPulse: .line("pulse")
            case .showActions: .line("actions")
            case .act, .runForRows: .hint("run NAME")
            case .retryForRows, .retryEntries: .hint("retry NAME, retry ENTRY")
            case .skipForRows, .skipEntry: .hint("skip NAME, skip ENTRY")
            case .previewForRows, .dryRun: .hint("preview NAME")
            case .testAction: .hint("test NAME")
            case .pauseAction: .hint("pause NAME, resume NAME")
            case .addMissed: .hint("missed NAME")
            case .cycleEntries, .cycleEntriesBack: .hint("entries NAME waiting")
            case .replay: .hint("replay URL")
            case .showHelp: .line("help")
            case .showChecklist: .line("steps")
            case .showKeyring: .line("secret list")
            case .followOrNot: .line("follow")
            case .open: .line("show")
            case .nextOfSameEvent: .line("same")
            case .export, .writeFile: .hint("export FORMAT FILE")
            case .zoomIn, .zoomOut, .panEarlier, .panLater, .nextSection, .previousSection, .listSelection:
                .hint("pulse hour, pulse day; filter after:1h")
            case .editFilter, .applyFilter: .hint("filter EXPRESSION")
            case .goToTime: .hint("goto yesterday 02:14")
            case .search: .hint("find TEXT")
            case .addSecret: .hint("secret add LABEL")
            case .replaceSecret: .hint("secret replace LABEL")
            case .forgetSecret: .hint("secret forget LABEL")
            case .rememberSecret: .hint("secret remember LABEL")
            case .copy, .copyAsReceived: .hint("print body, print headers, print curl")
            case .copyBody: .line("print body")
            case .copyHeaders: .line("print headers")
            case .copyRequest: .line("print request")
            case .copyCurl: .line("print curl")
            case .copySignature: .line("print signature")
            case .copyEventId: .line("print event-id")
            case .copyValue: .line("print object")
            case .previousTab, .nextTab, .cycleBody, .focusDetail:
                .hint("show summary, headers, body, signature or actions")
            default: .none
            }
    }

    /// Whether the current row is another one afterwards.
    static func moves(_ command: Command) -> Bool {
        switch command {
        case .up, .down, .pageUp, .pageDown, .toStart, .toEnd, .nextRow, .previousRow, .nextMatch, .previousMatch,
            .nextProblem, .previousProblem, .nextMark, .toggleSelected:
            true
        default: false
        }
    }
}

// MARK: - Arguments

/// What stands behind the first word of a line.
struct PlainArguments {
    /// As typed, without the white space at its ends.
    let text: String

    init(_ text: some StringProtocol) {
        self.text = String(
            text.trimmingPrefix(while: \.isWhitespace).reversed().trimmingPrefix(while: \.isWhitespace).reversed())
    }

    var words: [Substring] { text.split(whereSeparator: \.isWhitespace) }

    /// The first word and what stands behind it.
    var split: (word: String, rest: PlainArguments) {
        let word = text.prefix { !$0.isWhitespace }
        return (String(word), PlainArguments(text[word.endIndex...]))
    }

    /// A number of lines, from 1 to 1,000; nil where it is none.
    func count(_ usual: Int) -> Int? {
        guard !text.isEmpty else { return usual }
        return Int(text).flatMap { (1...1_000).contains($0) ? $0 : nil }
    }
}
