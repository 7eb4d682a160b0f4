/// How one comes from elsewhere to where a command works.
extension BindingContext {
    /// The command that leads there; nil for what is everywhere, and for where something is typed or asked: that is not
    /// begun for one key of it.
    var way: Command? {
        switch self {
        case .rows, .events, .browsing, .searching, .handling: .showEvents
        case .table: .showTable
        case .deliveries: .showDeliveries
        case .actions: .showActions
        case .log: .showLog
        case .pulse: .showPulse
        case .detail: .focusDetail
        case .keyring: .showKeyring
        case .columns: .chooseColumns
        case .copying: .copy
        case .acting: .act
        case .views, .everywhere, .page, .checklist, .help, .helpSearch, .filter, .search, .exporting, .palette, .form,
            .question, .deleting, .leaving, .replaying:
            nil
        }
    }

    /// When one is where something is typed or asked, and what begins that.
    fileprivate var occasion: (words: String, begin: Command?)? {
        switch self {
        case .filter: ("while a filter is typed", .editFilter)
        case .search: ("while a search is typed", .search)
        case .exporting: ("while a file is named to export to", .export)
        case .palette: ("while a command is typed", .typeCommand)
        case .form: ("while a secret is typed", .addSecret)
        case .replaying: ("while it is said where to replay to", .replay)
        case .help: ("in the help", .showHelp)
        case .helpSearch: ("while the help is searched", .showHelp)
        case .page: ("on the page of an entry", nil)
        case .question: ("while something is asked", nil)
        case .deleting: ("while it is asked why a secret is deleted", .forgetSecret)
        case .leaving: ("while it is asked whether to save a secret", .close)
        default: nil
        }
    }
}

extension Bindings {
    /// Whether a command can be done from anywhere by its name: where it works can be gone to.
    func isReachable(_ command: Command) -> Bool {
        all.contains { $0.command == command && $0.context.way != nil }
    }

    /// Why a command cannot be gone to, and where it works.
    func whyNot(_ command: Command) -> String {
        let occasions = all.filter { $0.command == command }.compactMap(\.context.occasion)
        guard let occasion = occasions.first else {
            return "“\(command.name)” works elsewhere: \(whereabouts(of: command))."
        }
        let begin = occasion.begin.map { ": \(name(of: $0)) begins that" } ?? ""
        return "“\(command.name)” works only \(occasion.words)\(begin)."
    }
}

extension Command {
    /// Whether it changes, without asking, what is selected in a list: not one that was not seen before.
    var changesSelected: Bool {
        switch self {
        case .forgetSecret, .retryEntries, .skipEntry, .pauseAction, .runForRows, .retryForRows, .skipForRows: true
        default: false
        }
    }
}
