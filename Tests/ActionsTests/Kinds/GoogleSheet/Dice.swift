import Synchronization
import TestSupport

/// Chance that is the same in every run, from any thread.
final class Dice: Sendable {
    private let generator: Mutex<SeededGenerator>

    init(seed: UInt64) {
        generator = Mutex(SeededGenerator(seed: seed))
    }

    /// From 0 to one less than the number of sides.
    func roll(_ sides: Int) -> Int { generator.withLock { Int.random(in: 0..<sides, using: &$0) } }
}

/// True the first time.
final class Once: Sendable {
    private let isUsed = Mutex(false)

    var isFirst: Bool {
        isUsed.withLock { isUsed in
            defer { isUsed = true }
            return !isUsed
        }
    }
}
