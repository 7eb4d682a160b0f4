import Terminal

/// The bindings in force: the table, with the user's own keys.
struct Bindings {
    /// Without any changes.
    static let standard = Bindings()

    let all: [Binding]
    /// Whether commands are typed as lines, so that sentences name no keys.
    let isTyped: Bool

    /// The table with other keys for some commands, which take the place of the commands' own wherever those are bound.
    init(_ changes: [DashboardSettings.KeyChange] = [], isTyped: Bool = false) {
        self.isTyped = isTyped
        let keys = Dictionary(
            changes.compactMap { change in Command(name: change.command).map { ($0, change.keys) } },
            uniquingKeysWith: { _, last in last })
        guard !keys.isEmpty else {
            all = BindingTable.all
            return
        }
        var given: Set<BoundCommand> = []
        all = BindingTable.all.compactMap { binding in
            guard let keys = keys[binding.command] else { return binding }
            // Where a command is bound twice, the first of its entries takes all keys.
            guard given.insert(BoundCommand(context: binding.context, command: binding.command)).inserted else {
                return nil
            }
            var changed = binding
            changed.keys = keys
            return changed
        }
    }

    private struct BoundCommand: Hashable {
        let context: BindingContext
        let command: Command
    }

    /// What a key does in a place.
    func binding(for key: Key, in place: Place) -> Binding? {
        first(in: place) { $0.keys.contains(key) }
    }

    /// How a place binds a command; nil where it is not to be had there.
    func binding(of command: Command, in place: Place) -> Binding? {
        first(in: place) { $0.command == command }
    }

    func bindings(in context: BindingContext) -> [Binding] {
        all.filter { $0.context == context }
    }

    /// Where a command works, in words.
    func whereabouts(of command: Command) -> String {
        var seen: Set<BindingContext> = []
        let contexts = all.filter { $0.command == command }.map(\.context).filter { seen.insert($0).inserted }
        return contexts.map(\.title).joined(separator: ", ")
    }

    private func first(in place: Place, where holds: (Binding) -> Bool) -> Binding? {
        for context in place.contexts {
            if let binding = all.first(where: { $0.context == context && holds($0) }) { return binding }
        }
        return nil
    }
}
