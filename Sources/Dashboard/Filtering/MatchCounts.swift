import History

/// How many rows match some conditions, each of them alone: what explains an empty list, and tells a value that no event
/// has.
///
/// What was counted is added to as rows arrive, and counted again where verdicts have changed that it depends on.
struct MatchCounts {
    /// A condition to count, from a row on.
    struct Item: Sendable, Hashable {
        let predicate: RowPredicate
        let first: Int64
    }

    struct Question: Sendable, Hashable {
        /// With none, what was asked before is given up.
        let items: [Item]
        let through: Int64
        let generation: Int
    }

    struct Answer: Sendable, Hashable {
        let item: Item
        let found: Int
    }

    private struct Known {
        var count: Int
        var through: Int64
        var revision: Int
    }

    private var known: [RowPredicate: Known] = [:]
    private var asked: (question: Question, revision: Int, waiting: Set<RowPredicate>)?
    private var generation = 0
    /// What could not be counted. It is not asked again.
    private var failed: Set<RowPredicate> = []

    /// How many rows match; nil as long as that is not known.
    subscript(predicate: RowPredicate) -> Int? { known[predicate]?.count }

    /// Whether something is being counted.
    var isRunning: Bool { asked != nil }

    /// Returns what to count next; nil while an answer is awaited or everything is known.
    ///
    /// - Parameters:
    ///   - predicates: What is wanted now; all else is forgotten.
    ///   - isVerifying: Whether verdicts change by the thousand, so that counts of them are left as they are.
    mutating func request(
        _ predicates: [RowPredicate], _ change: HistoryChange, isVerifying: Bool
    ) -> Question? {
        var seen: Set<RowPredicate> = []
        let wanted = predicates.filter { seen.insert($0).inserted }
        if known.contains(where: { !seen.contains($0.key) }) { known = known.filter { seen.contains($0.key) } }
        failed.formIntersection(seen)
        if wanted.isEmpty, asked != nil { return ask([], change) }
        let items = wanted.compactMap { predicate -> Item? in
            guard !failed.contains(predicate) else { return nil }
            guard let count = known[predicate] else { return Item(predicate: predicate, first: 1) }
            if predicate.readsVerdicts, count.revision != change.revision, !isVerifying {
                return Item(predicate: predicate, first: 1)
            }
            return count.through < change.latestRow ? Item(predicate: predicate, first: count.through + 1) : nil
        }
        guard !items.isEmpty, change.latestRow > 0 else { return nil }
        // What is known and only has grown waits for what is not known at all.
        let isNew = items.contains { known[$0.predicate] == nil && asked?.waiting.contains($0.predicate) != true }
        guard asked == nil || isNew else { return nil }
        return ask(items, change)
    }

    private mutating func ask(_ items: [Item], _ change: HistoryChange) -> Question {
        generation += 1
        let question = Question(items: items, through: change.latestRow, generation: generation)
        asked = items.isEmpty ? nil : (question, change.revision, Set(items.map(\.predicate)))
        return question
    }

    mutating func take(_ answer: Answer, generation: Int) {
        guard let asked, asked.question.generation == generation else { return }
        let before = answer.item.first > 1 ? known[answer.item.predicate]?.count ?? 0 : 0
        known[answer.item.predicate] = Known(
            count: before + answer.found, through: asked.question.through, revision: asked.revision)
        self.asked?.waiting.remove(answer.item.predicate)
        if self.asked?.waiting.isEmpty == true { self.asked = nil }
    }

    mutating func countingFailed(generation: Int) {
        guard let asked, asked.question.generation == generation else { return }
        failed.formUnion(asked.waiting)
        self.asked = nil
    }
}
