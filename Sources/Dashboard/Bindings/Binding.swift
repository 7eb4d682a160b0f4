import Terminal

/// One line of the table of bindings: keys, where they are in force, what they do, and how that is told.
struct Binding {
    /// How wide the footer must be to show a binding.
    enum FooterWidth: Int, Comparable {
        /// Below 60 columns.
        case narrow
        /// From 60 columns.
        case medium
        /// From 100 columns.
        case wide

        init(columns: Int) {
            self = columns >= 100 ? .wide : columns >= 60 ? .medium : .narrow
        }

        static func < (one: FooterWidth, other: FooterWidth) -> Bool { one.rawValue < other.rawValue }
    }

    var keys: [Key]
    let context: BindingContext
    let command: Command
    /// What the help says.
    let title: String
    /// What the footer says, and from which width on; nil where it is silent.
    let footer: (word: String, from: FooterWidth)?
    /// Why it does nothing now.
    let obstacle: @Sendable (DashboardModel) -> String?

    init(
        _ keys: Key..., in context: BindingContext, do command: Command, _ title: String,
        footer: (String, FooterWidth)? = nil, obstacle: @escaping @Sendable (DashboardModel) -> String? = { _ in nil }
    ) {
        self.keys = keys
        self.context = context
        self.command = command
        self.title = title
        self.footer = footer.map { (word: $0.0, from: $0.1) }
        self.obstacle = obstacle
    }
}
