/// The byte sequences that terminals send for keys, each with its leading Esc.
struct KeySequences: Sendable {
    private var keys: [[UInt8]: Key] = [:]

    /// What nearly every terminal sends, be its cursor keys in the normal or in the application mode.
    static let common: KeySequences = {
        var sequences = KeySequences()
        let finals: [(String, Key)] = [
            ("A", .up), ("B", .down), ("C", .right), ("D", .left), ("H", .home), ("F", .end),
        ]
        for (final, key) in finals {
            sequences["\u{1b}[" + final] = key
            sequences["\u{1b}O" + final] = key
        }
        let numbers: [(Int, Key)] = [
            (1, .home), (3, .delete), (4, .end), (5, .pageUp), (6, .pageDown), (7, .home), (8, .end),
            (11, .function(1)), (12, .function(2)), (13, .function(3)), (14, .function(4)), (15, .function(5)),
            (17, .function(6)), (18, .function(7)), (19, .function(8)), (20, .function(9)), (21, .function(10)),
            (23, .function(11)), (24, .function(12)),
        ]
        for (number, key) in numbers { sequences["\u{1b}[\(number)~"] = key }
        for (index, letter) in "PQRS".enumerated() { sequences["\u{1b}O\(letter)"] = .function(index + 1) }
        for (index, letter) in "ABCDE".enumerated() { sequences["\u{1b}[[\(letter)"] = .function(index + 1) }
        sequences["\u{1b}[Z"] = .backTab
        // The number pad in its application mode, which ncurses turns on.
        sequences["\u{1b}OM"] = .enter
        for (letter, character) in zip("jklmnopqrstuvwxy", "*+,-./0123456789") {
            sequences["\u{1b}O\(letter)"] = .character(character)
        }
        return sequences
    }()

    /// The key that a whole sequence stands for.
    subscript(sequence: [UInt8]) -> Key? { keys[sequence] }

    subscript(sequence: String) -> Key? {
        get { keys[Array(sequence.utf8)] }
        set { keys[Array(sequence.utf8)] = newValue }
    }
}
