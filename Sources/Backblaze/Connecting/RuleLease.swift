/// A rule that b2watch uses for the time of a connection: a temporary rule, which it creates and deletes, or a borrowed
/// one, whose URL it replaces and restores. A journal records each change before it is made.
///
/// Sendable because one thread uses it at a time: the connection's worker, or the command that cleans up.
public final class RuleLease: @unchecked Sendable {
    private let book: RuleBook
    private let folder: String
    private var entry: ConnectionJournal.Entry
    private var journal: ConnectionJournal?
    /// The temporary rule without its URL; nil for a borrowed rule.
    private let template: NotificationRule?

    /// - Parameters:
    ///   - rule: The temporary rule to create, or the current state of the rule to borrow.
    ///   - isTemporary: Whether the rule is temporary.
    ///   - folder: The folder of journals.
    public init(_ book: RuleBook, rule: NotificationRule, isTemporary: Bool, folder: String) {
        self.book = book
        self.folder = folder
        template = isTemporary ? rule : nil
        entry = ConnectionJournal.Entry(
            bucket: book.bucket, realm: book.client.key.realm, rule: rule.name, original: isTemporary ? nil : rule)
    }

    /// Whether the rule points here.
    public private(set) var isTaken = false

    /// Points the rule to a URL: creates the rule, or replaces its URL.
    ///
    /// - Returns: Changes that somebody else made at the same time, in sentences.
    @discardableResult
    public func lead(to url: String) throws(B2Problem) -> [String] {
        if entry.urls.last == url, isTaken { return [] }
        entry.urls.append(url)
        entry.rules = try book.all()
        if let journal { try journal.write(entry) } else { journal = try ConnectionJournal(in: folder, entry) }
        let realm = book.client.key.realm
        do throws(B2Problem) {
            let change = try book.change(entry.rule) { [entry, template] old, rules throws(B2Problem) in
                var rule: NotificationRule
                if let template {
                    // The rule may already exist, from a write whose answer was lost.
                    guard old.map({ entry.urls.contains($0.url) }) ?? true else {
                        throw B2Problem(.rule, "the bucket has a rule \(entry.rule) already")
                    }
                    rule = old ?? template
                } else {
                    guard let old else { throw RuleBook.missing(entry.rule, entry.bucket, rules) }
                    guard old.url == entry.original?.url || entry.urls.contains(old.url) else {
                        throw B2Problem(
                            .changed,
                            "somebody else has changed the URL of the rule \(entry.rule) to \(old.url)")
                    }
                    rule = old
                }
                rule.url = url
                try rule.check(among: rules, in: realm)
                return rule
            }
            isTaken = true
            return change.notes
        } catch {
            // As far as is known, nothing was changed. If something may have been changed, the journal stays.
            if !isTaken, !error.mayBeDone, error.kind != .changed {
                journal?.remove()
                journal = nil
            }
            throw error
        }
    }

    /// Undoes the changes, and removes the journal.
    ///
    /// - Returns: What was undone, and changes that somebody else made, in sentences.
    public func release() throws(B2Problem) -> [String] {
        guard let journal else { return [] }
        let notes = try Self.undo(entry, book)
        journal.remove()
        self.journal = nil
        isTaken = false
        return notes
    }

    /// Undoes the changes in a journal that were made. It changes only what b2watch has made.
    ///
    /// - Returns: What was undone, in sentences.
    public static func undo(_ entry: ConnectionJournal.Entry, _ book: RuleBook) throws(B2Problem) -> [String] {
        let bucket = entry.bucket.name
        guard let original = entry.original else {
            let change = try book.change(entry.rule) { _, _ in nil }
            let done =
                change.before == nil
                ? "the temporary rule \(entry.rule) of \(bucket) was not there"
                : "the temporary rule \(entry.rule) of \(bucket) is deleted"
            return [done] + change.notes
        }
        var foreign: String?
        let change = try book.change(entry.rule) { rule, _ throws(B2Problem) in
            guard var now = rule, now.url != original.url else { return rule }
            guard entry.urls.contains(now.url) else {
                foreign = now.url
                return rule
            }
            now.url = original.url
            return now
        }
        let done =
            if let foreign {
                "the rule \(entry.rule) of \(bucket) leads to \(foreign), which somebody else has set: it stays so (before, it"
                    + " led to \(original.url))"
            } else if change.after == nil {
                "the rule \(entry.rule) of \(bucket) was deleted by somebody else: it stays so"
            } else {
                "the rule \(entry.rule) of \(bucket) leads to \(original.url) again"
            }
        return [done] + change.notes
    }
}

// MARK: - Cleaning up

/// The cleanup of changes that a killed b2watch left in a bucket.
public enum ConnectionCleanup {
    /// Undoes the changes.
    ///
    /// - Parameter folder: The folder of journals.
    /// - Returns: What was undone, in sentences; empty if there was nothing to undo.
    public static func run(_ book: RuleBook, folder: String) throws(B2Problem) -> [String] {
        let leftovers = ConnectionJournal.leftovers(
            in: folder, bucket: book.bucket.name, realm: book.client.key.realm)
        var notes = leftovers.notes
        for (journal, entry) in leftovers.abandoned {
            notes += try RuleLease.undo(entry, book)
            journal.remove()
        }
        return notes
    }
}
