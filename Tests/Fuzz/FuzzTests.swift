import Testing

/// The short form of fuzzing: the seeds, what fuzzing has found, and some inputs near them.
@Suite("Every input keeps the promises of")
struct FuzzTests {
    @Test("a target, of the seeds and of those that broke it once", arguments: FuzzTarget.all)
    func seeds(_ target: FuzzTarget) throws {
        for seed in target.seeds + target.regressions { try run(target, seed) }
    }

    @Test("a target, near its seeds", arguments: FuzzTarget.all)
    func neighbours(_ target: FuzzTarget) throws {
        let words = target.words.map { Array($0.utf8) }
        for seed in target.seeds + target.regressions {
            var neighbours = Neighbours(of: seed, longest: target.longest, words: words)
            for _ in 0..<(target.isSlow ? 2 : 20) { try run(target, neighbours.next()) }
        }
    }

    private func run(_ target: FuzzTarget, _ input: [UInt8]) throws {
        do {
            try target.run(input)
        } catch {
            throw Broken(
                description: "\(error)\n\(input)\n\(String(reflecting: String(decoding: input, as: UTF8.self)))")
        }
    }
}
