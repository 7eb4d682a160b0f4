internal import Notifications

/// The metadata that our batches have left in a spreadsheet, and when it may be taken away.
///
/// What is taken away no longer keeps a late copy of its batch from being applied. So the metadata of a batch of which
/// an answer was lost stays for ten minutes, where a request is given up after half of one. An account writes less than
/// 600 batches in that time: so many marks have room in a spreadsheet, also if every answer is lost.
struct GoogleMarks: Sendable {
    static let quarantine: Int64 = 600_000
    /// How many are taken away with one batch.
    static let most = 20
    /// How long it takes until they are looked for again, where they could not be found.
    static let pause = Duration.seconds(600)
    /// How many of those that were found are kept in mind.
    private static let mostFound = 1_000

    private var held: [(number: Int64, until: Timestamp)] = []
    /// From when the spreadsheet is to be searched for those that are not held: what earlier processes have left, and
    /// what was doubted. Nil where all are held.
    private var search: Timestamp? = Timestamp(milliseconds: .min)

    /// Takes note of a batch that was applied.
    ///
    /// - Parameter isSure: Whether it was sent once, and answered.
    mutating func add(_ number: Int64, at time: Timestamp, isSure: Bool) {
        held.removeAll { $0.number == number }
        held.append((number, isSure ? time : Timestamp(milliseconds: time.milliseconds + Self.quarantine)))
    }

    /// Those that may be taken away now.
    func free(at time: Timestamp) -> [Int64] {
        Array(held.filter { $0.until <= time }.map(\.number).prefix(Self.most))
    }

    mutating func remove(_ numbers: [Int64]) {
        held.removeAll { numbers.contains($0.number) }
    }

    /// Some of these are not there, and which of them has to be found out: they are searched for before any is taken away.
    mutating func doubt(_ numbers: [Int64], at time: Timestamp) {
        guard !numbers.isEmpty else { return }
        remove(numbers)
        search = time
    }

    /// Whether they are to be searched for now.
    func areMissing(at time: Timestamp) -> Bool {
        search.map { $0 <= time } ?? false
    }

    /// Takes note of what a search has found; nil where it has failed.
    mutating func found(_ found: GoogleSheetPlace.Found?, at time: Timestamp) {
        search = found?.isWhole == true ? nil : time + Self.pause
        for mark in found?.marks.prefix(Self.mostFound) ?? []
        where !held.contains(where: { $0.number == mark.number }) {
            // Whoever can edit the spreadsheet may have written any number there.
            let since = min(max(mark.since, 0), time.milliseconds / 1_000)
            add(mark.number, at: Timestamp(milliseconds: since * 1_000), isSure: false)
        }
    }
}
