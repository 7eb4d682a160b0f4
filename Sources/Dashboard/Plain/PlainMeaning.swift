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
            case .cycleEntries: .hint("entries NAME waiting")
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
