/// Where the keyboard is: which bindings are in force.
enum BindingContext: Hashable, CaseIterable {
    /// Both lists of rows.
    case rows
    case events
    case table
    case detail
    case keyring
    case form
    case help
    case checklist
    case question
    /// All views; not where text is typed or a question stands.
    case views
    /// Really everywhere.
    case everywhere

    var title: String {
        switch self {
        case .rows: "The lists"
        case .events: "1 Events"
        case .table: "2 Table"
        case .detail: "The detail pane"
        case .keyring: "Secrets"
        case .form: "Typing a secret"
        case .help: "This help"
        case .checklist: "The checklist"
        case .question: "A question"
        case .views: "All views"
        case .everywhere: "Everywhere"
        }
    }
}

/// The places where the keyboard can be, each with the contexts that are in force there, the nearest first.
enum Place: Hashable, CaseIterable {
    case events, table, detail, keyring, form, help, checklist, question

    var contexts: [BindingContext] {
        switch self {
        case .events: [.events, .rows, .views, .everywhere]
        case .table: [.table, .rows, .views, .everywhere]
        case .detail: [.detail, .views, .everywhere]
        case .keyring: [.keyring, .views, .everywhere]
        case .form: [.form, .everywhere]
        case .help: [.help, .views, .everywhere]
        case .checklist: [.checklist, .views, .everywhere]
        case .question: [.question, .everywhere]
        }
    }
}
