/// Where the keyboard is: which bindings are in force.
enum BindingContext: Hashable, CaseIterable {
    /// Both lists of rows.
    case rows
    case events
    case table
    case pulse
    /// Wherever rows are seen: both lists and their detail.
    case browsing
    /// Wherever there is something to search: both lists, and every detail.
    case searching
    /// Wherever something can be done for what is listed: lists of events and of deliveries, and every detail.
    case handling
    case filter
    case search
    case exporting
    /// The line for commands.
    case palette
    case columns
    case deliveries
    case actions
    /// An entry or a dry run, over the view.
    case page
    case log
    case detail
    case keyring
    case form
    case help
    /// The line that narrows the help.
    case helpSearch
    case checklist
    case question
    /// The question why a secret is deleted.
    case deleting
    /// The question what becomes of a secret in memory at the end.
    case leaving
    /// The menu of what to copy.
    case copying
    /// The menu of what to do with rows.
    case acting
    /// The line that says where deliveries are sent again.
    case replaying
    /// All views; not where text is typed or a question stands.
    case views
    /// Really everywhere.
    case everywhere

    var title: String {
        switch self {
        case .rows: "The lists"
        case .events: "1 Events"
        case .table: "2 Table"
        case .pulse: "7 Pulse"
        case .browsing: "Finding and marking rows"
        case .searching: "Searching rows and details"
        case .handling: "Acting on events and deliveries"
        case .filter: "Typing a filter"
        case .search: "Typing a search"
        case .exporting: "Naming a file to export to"
        case .palette: "Typing a command"
        case .columns: "Choosing columns"
        case .deliveries: "3 Deliveries"
        case .actions: "4 Actions"
        case .page: "An entry, a dry run"
        case .log: "6 Log"
        case .detail: "The detail pane"
        case .keyring: "Secrets"
        case .form: "Typing a secret"
        case .help: "This help"
        case .helpSearch: "Searching the help"
        case .checklist: "The checklist"
        case .question: "A question"
        case .deleting: "Deleting a secret"
        case .leaving: "Quitting with a secret that is not saved"
        case .copying: "Choosing what to copy"
        case .acting: "Acting on rows"
        case .replaying: "Saying where to replay to"
        case .views: "All views"
        case .everywhere: "Everywhere"
        }
    }
}

/// The places where the keyboard can be, each with the contexts that are in force there, the nearest first.
enum Place: Hashable, CaseIterable {
    case events, table, deliveries, actions, log, pulse, page, detail, deliveryDetail, filter, search, export, palette,
        columns,
        keyring,
        form, help, helpSearch, checklist, question, deleting, leaving, copying, acting, replay

    var contexts: [BindingContext] {
        switch self {
        case .events: [.events, .rows, .browsing, .searching, .handling, .views, .everywhere]
        case .table: [.table, .rows, .browsing, .searching, .handling, .views, .everywhere]
        case .deliveries: [.deliveries, .handling, .views, .everywhere]
        case .actions: [.actions, .views, .everywhere]
        case .page: [.page, .views, .everywhere]
        case .log: [.log, .views, .everywhere]
        case .pulse: [.pulse, .views, .everywhere]
        case .detail: [.detail, .browsing, .searching, .handling, .views, .everywhere]
        case .deliveryDetail: [.detail, .searching, .handling, .views, .everywhere]
        case .filter: [.filter, .everywhere]
        case .search: [.search, .everywhere]
        case .export: [.exporting, .everywhere]
        case .palette: [.palette, .everywhere]
        case .columns: [.columns, .views, .everywhere]
        case .keyring: [.keyring, .views, .everywhere]
        case .form: [.form, .everywhere]
        case .help: [.help, .views, .everywhere]
        case .helpSearch: [.helpSearch, .everywhere]
        case .checklist: [.checklist, .views, .everywhere]
        case .question: [.question, .everywhere]
        case .deleting: [.deleting, .everywhere]
        case .leaving: [.leaving, .everywhere]
        case .copying: [.copying, .everywhere]
        case .acting: [.acting, .everywhere]
        case .replay: [.replaying, .everywhere]
        }
    }
}
