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
        var takesAway = true
        var hasRenewed = false
        while true {
            client.waitForWrite()
            let request: GoogleBatch
            do throws(GoogleProblem) {
                request = try prepare(items, number: number, takesAway: takesAway)
            } catch {
                // What is read first is the same for all events.
                if error.kind == .refused, !isAgain { return (.hold(error.description), error.exchange) }
                return (outcome(error, isAgain: isAgain), error.exchange)
            }
            let (body, cut) = request.body()
            let problem: GoogleProblem
            do throws(GoogleProblem) {
                let answer = try client.write(body)
                settled(request, isSure: !isAgain)
                if cut > 0 {
                    warn(
                        "\(cut) \(cut == 1 ? "cell was" : "cells were") cut to the 50,000 characters that a cell takes")
                }
                return (.done, answer.exchange)
            } catch {
                problem = error
            }
            switch problem.kind {
            case .lost(let wait):
                // What it was to take away may be gone.
                state.withLock { $0.marks.doubt(request.done, at: now()) }
                // What asks to wait is not asked before.
                guard !isAgain, wait == nil else { return (outcome(problem, isAgain: true), problem.exchange) }
                return resolve(items, batch: batch, sent: problem.exchange)
            case .refused where !request.done.isEmpty:
                // A person may have removed our metadata: what is not there cannot be taken away. It goes once without.
                state.withLock { $0.marks.doubt(request.done, at: now()) }
                takesAway = false
            case .refused, .full:
                let found: GoogleSheetPlace.Mark
                do throws(GoogleProblem) {
                    found = try place.mark(number, whose: writer).mark
                } catch {
                    return (outcome(error, isAgain: true), error.exchange ?? problem.exchange)
                }
                switch found {
                case .ours:
                    settled(request, isSure: false)
                    return (.done, problem.exchange?.found)
                case .foreign: return (Self.taken, problem.exchange)
                case .absent where problem.kind == .full:
                    return (outcome(problem, isAgain: isAgain), problem.exchange)
                case .absent where !hasRenewed:
                    // The sheet may have been replaced by another of its name.
                    hasRenewed = true
                    state.withLock { $0.sight = nil }
                case .absent: return (.dead(problem.description), problem.exchange)
                }
            default: return (outcome(problem, isAgain: isAgain), problem.exchange)
            }
        }
    }

    /// Finds out whether a batch was applied, and sends it again under its number where it was not: if its first copy
    /// still arrives, the later of the two is refused.
    ///
    /// - Parameter sent: The request for the rows, where it is known.
    func resolve(
        _ items: [ActionItem], batch: Int64, sent: OutboxExchange? = nil
    ) -> (ActionOutcome, OutboxExchange?) {
        let number = GoogleBatch.number(of: batch)
        do throws(GoogleProblem) {
            let (mark, exchange) = try place.mark(number, whose: writer)
            switch mark {
            case .ours:
                state.withLock { $0.marks.add(number, at: now(), isSure: false) }
                return (.done, (sent ?? exchange)?.found)
            case .foreign: return (Self.taken, sent ?? exchange)
            case .absent: return write(items, batch: batch, isAgain: true)
            }
        } catch {
            return (outcome(error, isAgain: true), error.exchange ?? sent)
        }
    }

    /// How long is waited for room for another mark, if not longer.
    private static let room = Duration.seconds(60)

    private static let taken = ActionOutcome.again("its number is taken in the spreadsheet: it gets another")

    private func settled(_ batch: GoogleBatch, isSure: Bool) {
        state.withLock { state in
            state.marks.remove(batch.done)
            state.marks.add(batch.number, at: now(), isSure: isSure)
            // Only where it was answered is it known that the rows are where they were to be.
            guard isSure else { return }
            state.sight?.sheet.rows += batch.rows
            state.sight?.sheet.columns = max(batch.sheet.columns, batch.header.texts.count)
            state.sight?.end.row += batch.rows
            if batch.writesHeader { state.filled = (batch.header.bits, batch.header) }
        }
    }

    /// What a problem means for the items of a batch.
    private func outcome(_ problem: GoogleProblem, isAgain: Bool) -> ActionOutcome {
        switch problem.kind {
        case .later(let wait), .lost(let wait):
            isAgain
                ? .unknown(problem.description, after: wait) : .retry(problem.description, after: wait, scope: .action)
        case .full:
            isAgain
                ? .unknown(problem.description, after: Self.room)
                : .retry(problem.description, after: Self.room, scope: .action)
        case .refused: isAgain ? .unknown(problem.description) : .dead(problem.description)
        case .lasting: isAgain ? .unknown(problem.description) : .hold(problem.description)
        }
    }
}

extension OutboxExchange {
    /// The same, with what was found out later.
    fileprivate var found: OutboxExchange {
        var exchange = self
        exchange.outcome += ": the rows were found written"
        return exchange
    }
}
