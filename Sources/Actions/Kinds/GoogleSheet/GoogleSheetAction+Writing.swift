internal import History
internal import Notifications
internal import Synchronization

/// Sends a batch, and finds out what became of it.
extension GoogleSheetAction {
    /// Sends a batch.
    ///
    /// - Parameter isAgain: Whether a copy of it may have arrived, or may still arrive.
    func write(_ items: [ActionItem], batch: Int64, isAgain: Bool) -> (ActionOutcome, OutboxExchange?) {
        let number = GoogleBatch.number(of: batch)
        // What could not be taken away, it may be.
        var doubted: [Int64] = []
        var hasRenewed = false
        while true {
            let request: GoogleBatch
            do throws(GoogleProblem) {
                request = try prepare(items, number: number, takesAway: doubted.isEmpty)
            } catch {
                return (outcome(error, isAgain: isAgain), nil)
            }
            let (body, cut) = request.body()
            let (result, exchange) = client.write(body)
            guard case .failure(let problem) = result else {
                settled(request, isSure: !isAgain)
                state.withLock { $0.marks.doubt(doubted, at: now()) }
                if cut > 0 { warn("\(cut) cells were cut to the 50,000 characters that a cell takes") }
                return (.done, exchange)
            }
            switch problem.kind {
            case .lost(let wait) where !isAgain:
                let (outcome, later) = resolve(items, batch: batch)
                if let wait, case .unknown(let reason, nil) = outcome {
                    return (.unknown(reason, after: wait), later ?? exchange)
                }
                return (outcome, later ?? exchange)
            case .refused where !request.done.isEmpty:
                // A person may have removed our metadata: what is not there cannot be taken away. It goes once without.
                doubted = request.done
            case .refused:
                let found: GoogleSheetPlace.Mark
                do throws(GoogleProblem) {
                    found = try place.mark(number, whose: writer)
                } catch {
                    return (outcome(error, isAgain: true), exchange)
                }
                switch found {
                case .ours:
                    settled(request, isSure: false)
                    return (.done, exchange)
                case .foreign: return (Self.taken, exchange)
                case .absent where !hasRenewed:
                    // The sheet may have been replaced by another of its name.
                    hasRenewed = true
                    state.withLock { state in
                        state.sheet = nil
                        state.header = nil
                    }
                case .absent: return (.dead(problem.description), exchange)
                }
            default: return (outcome(problem, isAgain: isAgain), exchange)
            }
        }
    }

    /// Finds out whether a batch was applied, and sends it again under its number where it was not: if its first copy
    /// still arrives, the later of the two is refused.
    func resolve(_ items: [ActionItem], batch: Int64) -> (ActionOutcome, OutboxExchange?) {
        let number = GoogleBatch.number(of: batch)
        do throws(GoogleProblem) {
            switch try place.mark(number, whose: writer) {
            case .ours:
                state.withLock { $0.marks.add(number, at: now(), isSure: false) }
                return (.done, nil)
            case .foreign: return (Self.taken, nil)
            case .absent: return write(items, batch: batch, isAgain: true)
            }
        } catch {
            return (outcome(error, isAgain: true), nil)
        }
    }

    private static let taken = ActionOutcome.again("its number is taken in the spreadsheet: it gets another")

    private func settled(_ batch: GoogleBatch, isSure: Bool) {
        state.withLock { state in
            state.marks.remove(batch.done)
            state.marks.add(batch.number, at: now(), isSure: isSure)
        }
    }

    /// What a problem means for the items of a batch.
    private func outcome(_ problem: GoogleProblem, isAgain: Bool) -> ActionOutcome {
        switch problem.kind {
        case .later(let wait), .lost(let wait):
            isAgain
                ? .unknown(problem.description, after: wait) : .retry(problem.description, after: wait, scope: .action)
        case .refused, .lasting: isAgain ? .unknown(problem.description) : .dead(problem.description)
        }
    }
}
