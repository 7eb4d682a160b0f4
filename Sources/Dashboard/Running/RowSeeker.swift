import Browsing
import Synchronization
import Workers

/// Looks for rows of the list, one search at a time, on a thread of its own.
final class RowSeeker: Sendable {
    private let browser: Browser
    private let worker = Worker("b2watch-seek")
    /// Of the search that is wanted; any other gives up.
    private let wanted = Atomic<Int>(0)

    init(_ browser: Browser) {
        self.browser = browser
    }

    func cancel() {
        wanted.store(0, ordering: .relaxed)
    }

    /// Begins a search. What comes of it is told from the seeker's thread, unless another one began meanwhile.
    func seek(_ request: SeekRequest, then tell: @escaping @Sendable (Result<SeekOutcome, EffectFailure>) -> Void) {
        wanted.store(request.generation, ordering: .relaxed)
        worker.async { [self] in
            guard isWanted(request) else { return }
            let result = Result { try outcome(of: request) }.mapError(EffectFailure.init)
            if isWanted(request) { tell(result) }
        }
    }

    private func outcome(of request: SeekRequest) throws -> SeekOutcome {
        if case .time(let stretch) = request.way {
            return SeekOutcome(row: try browser.nearest(to: stretch) { !isWanted(request) })
        }
        let isNewer = request.way != .previous
        if let row = try find(request, from: request.from, isNewer: isNewer) { return SeekOutcome(row: row) }
        switch request.way {
        case .nearest: return SeekOutcome(row: try find(request, from: request.from, isNewer: false))
        case .next: return SeekOutcome(row: try find(request, from: .min, isNewer: true), isWrapped: true)
        case .previous: return SeekOutcome(row: try find(request, from: .max, isNewer: false), isWrapped: true)
        case .time: return SeekOutcome()
        }
    }

    private func find(_ request: SeekRequest, from row: Int64, isNewer: Bool) throws -> Int64? {
        try browser.find(request.predicate, from: row, isNewer: isNewer) { !isWanted(request) }
    }

    private func isWanted(_ request: SeekRequest) -> Bool {
        wanted.load(ordering: .relaxed) == request.generation
    }
}
