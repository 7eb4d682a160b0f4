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
}
