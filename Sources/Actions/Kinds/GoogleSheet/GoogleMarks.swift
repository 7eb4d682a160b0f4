internal import Notifications

/// The metadata that our batches have left in a spreadsheet, and when it may be taken away.
///
/// What is taken away no longer keeps a late copy of its batch from being applied. So the metadata of a batch of which
/// an answer was lost stays for a day: no request is under way for so long.
struct GoogleMarks: Sendable {
    static let quarantine: Int64 = 86_400_000
    /// How many are taken away with one batch.
    static let most = 20

    private var held: [(number: Int64, until: Timestamp)] = []

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
}
