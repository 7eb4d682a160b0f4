public import Notifications
public import Settings
import Synchronization

/// The rules that are named as ones that do not sign, each with its source: options, the Secrets screen, and the rule of a
/// connection. The screen changes its own, which are saved, and a reload reads the files again.
public final class UnsignedBook: Sendable {
    /// The source of a rule, as the Secrets screen shows it.
    enum Source: String, Sendable {
        /// `--unsigned-rule`.
        case file
        /// The Secrets screen, now or before an earlier start.
        case screen
        /// `b2watch connect --unsigned`.
        case rule
    }

    struct Entry: Sendable {
        var rule: UnsignedRule
        var source: Source
        /// Whether it is in the file of saved rules.
        var isSaved: Bool
    }

    private let files: [UnsignedRuleFile]
    private let saved: SavedUnsignedRules?
    private let rules: UnsignedRules
    private let note: @Sendable (String) -> Void
    private let entries: Mutex<[Entry]>

    /// Reads the files.
    ///
    /// - Parameters:
    ///   - files: The arguments of `--unsigned-rule`.
    ///   - saved: The file of the rules that were named on the screen; nil without a place for it.
    ///   - rules: The rules by which deliveries are verified.
    ///   - note: Receives each change, in a sentence.
    /// - Throws: `SecretSourceError`.
    public init(
        _ files: [UnsignedRuleFile], saved: SavedUnsignedRules?, rules: UnsignedRules,
        note: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(SecretSourceError) {
        self.files = files
        self.saved = saved
        self.rules = rules
        self.note = note
        let read = try Self.read(files, saved)
        entries = Mutex(read)
        rules.use(read.map(\.rule))
    }

    var all: [Entry] { entries.withLock { $0 } }

    private static func read(
        _ files: [UnsignedRuleFile], _ saved: SavedUnsignedRules?
    ) throws(SecretSourceError) -> [Entry] {
        var entries: [Entry] = []
        for file in files { entries.append(Entry(rule: try file.load(), source: .file, isSaved: false)) }
        for rule in try saved?.load() ?? [] { entries.append(Entry(rule: rule, source: .screen, isSaved: true)) }
        return entries
    }

    /// Adds the rule of a connection.
    public func add(_ rule: UnsignedRule) {
        change { $0.append(Entry(rule: rule, source: .rule, isSaved: false)) }
    }

    /// Names a rule, in place of its proof before, and saves it. Without a place to save it, it is in memory only.
    ///
    /// - Throws: `SecretSourceError` if the file cannot be written; nothing has changed then.
    func name(_ rule: UnsignedRule) throws {
        try changeSaved { entries in
            entries.removeAll { $0.source == .screen && $0.rule.rule == rule.rule }
            entries.append(Entry(rule: rule, source: .screen, isSaved: saved != nil))
        }
        note("the rule \(rule) is named as one that does not sign; its requests are known by its \(rule.kind)")
    }

    /// Removes a rule that was named on the screen.
    ///
    /// - Throws: `SecretSourceError` if the file cannot be written; nothing has changed then.
    func forget(_ rule: String) throws {
        try changeSaved { $0.removeAll { $0.source == .screen && $0.rule.rule == rule } }
        note("the rule \(rule) is no longer named as one that does not sign")
    }

    /// Reads the files again. The rules in memory stay.
    ///
    /// - Throws: `SecretSourceError`; the rules are then unchanged.
    public func reload() throws {
        let read = try Self.read(files, saved)
        change { entries in
            entries = read + entries.filter { $0.source == .rule || ($0.source == .screen && !$0.isSaved) }
        }
    }

    private func change(_ make: (inout [Entry]) -> Void) {
        entries.withLock { entries in
            make(&entries)
            rules.use(entries.map(\.rule))
        }
    }

    /// Writes the file first, and then changes the rules.
    private func changeSaved(_ make: (inout [Entry]) -> Void) throws {
        try entries.withLock { entries in
            var new = entries
            make(&new)
            try saved?.save(new.filter(\.isSaved).map(\.rule))
            entries = new
            rules.use(new.map(\.rule))
        }
    }
}
