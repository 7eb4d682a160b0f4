/// A rule that b2watch has for a while: a temporary one, which it creates and deletes, or one that it borrows, whose target
/// it swaps and restores. What is to be undone is in a journal before it is done.
public final class RuleLease: @unchecked Sendable {
    // Used by one thread at a time: the worker of its connection, or the command that cleans up.
    private let book: RuleBook
    private let folder: String
    private var entry: ConnectionJournal.Entry
    private var journal: ConnectionJournal?
    /// What a temporary rule is to be, without its target.
    private let template: NotificationRule?

    /// - Parameters:
    ///   - rule: A temporary rule as it is to be, or the rule that is borrowed as it is.
    ///   - isTemporary: Which of them it is.
    ///   - folder: Where journals are.
    public init(_ book: RuleBook, rule: NotificationRule, isTemporary: Bool, folder: String) {
        self.book = book
        self.folder = folder
        template = isTemporary ? rule : nil
        entry = ConnectionJournal.Entry(
            bucket: book.bucket, realm: book.client.key.realm, rule: rule.name, original: isTemporary ? nil : rule)
    }

    /// Whether the rule leads here.
    public private(set) var isTaken = false

    /// Leads the rule to a URL: creates it, swaps its target, or lets it follow.
    ///
    /// - Returns: What somebody else has changed at the same time, in sentences.
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
                    // It may be there by a write whose answer was lost.
                    guard old.map({ entry.urls.contains($0.url) }) ?? true else {
                        throw B2Problem(.rule, "the bucket has a rule \(entry.rule) already")
                    }
                    rule = old ?? template
                } else {
                    guard let old else { throw RuleBook.missing(entry.rule, entry.bucket, rules) }
                    guard old.url == entry.original?.url || entry.urls.contains(old.url) else {
                        throw B2Problem(
                            .changed,
                            "somebody else has given the rule \(entry.rule) another target meanwhile: \(old.url)")
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
            // Nothing was done, as far as can be known: what may have been done stays written down.
            if !isTaken, !error.mayBeDone, error.kind != .changed {
                journal?.remove()
                journal = nil
            }
            throw error
        }
    }

    /// Undoes what was done, and ends the journal.
    ///
    /// - Returns: What was done, and what somebody else has changed, in sentences.
    public func release() throws(B2Problem) -> [String] {
        guard let journal else { return [] }
        let notes = try Self.undo(entry, book)
        journal.remove()
        self.journal = nil
        isTaken = false
        return notes
    }

    /// Undoes what a journal has written down, as far as it was done; nothing that is not b2watch's is changed.
    ///
    /// - Returns: What was done, in sentences.
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

/// Undoes what a b2watch that was killed has left in a bucket.
public enum ConnectionCleanup {
    /// Undoes it.
    ///
    /// - Parameter folder: Where journals are.
    /// - Returns: What was done, in sentences; nothing where there was nothing to do.
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
