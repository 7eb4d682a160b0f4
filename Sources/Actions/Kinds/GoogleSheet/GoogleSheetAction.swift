internal import Crypto
internal import Foundation
internal import History
internal import Notifications
internal import Outgoing
internal import Synchronization

/// Appends a row for each event to a Google spreadsheet, no row twice and none missing.
final class GoogleSheetAction: Action {
    /// How long the header that was read is believed, in milliseconds: reads have a quota too.
    private static let headerAge: Int64 = 3_000

    struct State: Sendable {
        var sheet: GoogleSheetPlace.Sheet?
        /// The header with when it was read.
        var header: (SheetHeader, Timestamp)?
        var marks = GoogleMarks()
        /// Whether the forms of timestamps were compared.
        var hasCompared = false
        /// Whether what earlier processes have left was looked for.
        var hasFoundMarks = false
        var warnings: [String] = []
    }

    let settings: GoogleSheetSettings
    let client: GoogleClient
    let place: GoogleSheetPlace
    let state = Mutex(State())
    private let now: @Sendable () -> Timestamp
    private let turn: GoogleTurn
    /// What the metadata of our batches begins with.
    private let writer: String

    init(_ settings: GoogleSheetSettings, http: any HTTPSending, now: @escaping @Sendable () -> Timestamp) {
        self.settings = settings
        self.now = now
        client = GoogleClient(settings, http: http, now: now)
        place = GoogleSheetPlace(client: client)
        turn = GoogleTurn.of(settings)
        writer = SHA256.hash(data: Data(settings.writer.utf8)).prefix(6).map { String($0, radix: 16) }.joined()
    }

    var summary: String { "rows in “\(settings.sheet)” of \(settings.spreadsheet)" }

    var manner: ActionManner {
        var manner = ActionManner()
        manner.largestBatch = 500
        manner.gathering = .seconds(1)
        // A little more than a second, so that no minute has more than the 60 writes that Google allows.
        manner.pace = .milliseconds(1_020)
        return manner
    }

    func perform(_ items: [ActionItem], batch: Int64) -> ActionReport {
        run(items) { part in write(part, batch: batch, isAgain: false) }
    }

    func recover(_ items: [ActionItem], batch: Int64) -> ActionReport {
        run(items) { part in resolve(part, batch: batch) }
    }

    /// Does something for as many items as one request takes; the others are left for the next.
    private func run(
        _ items: [ActionItem], _ body: ([ActionItem]) -> (ActionOutcome, OutboxExchange?)
    ) -> ActionReport {
        turn.take {
            let part = Array(items.prefix(GoogleBatch.fitting(items)))
            let (outcome, exchange) = body(part)
            let rest = ActionOutcome.retry("goes in the next request: together they are too large", after: .zero)
            let warnings = state.withLock { state in
                defer { state.warnings = [] }
                return state.warnings
            }
            return ActionReport(
                items.indices.map { $0 < part.count ? outcome : rest }, exchange: exchange,
                warning: warnings.isEmpty ? nil : warnings.joined(separator: "; "))
        }
    }

    /// Sends a batch.
    ///
    /// - Parameter isAgain: Whether a copy of it may have arrived, or may still arrive.
    private func write(_ items: [ActionItem], batch: Int64, isAgain: Bool) -> (ActionOutcome, OutboxExchange?) {
        let number = GoogleBatch.number(of: batch)
        var hasRenewed = false
        while true {
            let request: GoogleBatch
            do throws(GoogleProblem) {
                request = try prepare(items, number: number)
            } catch {
                return (outcome(error, isAgain: isAgain), nil)
            }
            let (body, cut) = request.body()
            let started = now()
            let clock = ContinuousClock.now
            do throws(GoogleProblem) {
                let answer = try client.call("POST", ":batchUpdate", body: body)
                settled(request, isSure: !isAgain)
                if cut > 0 { warn("\(cut) cells were cut to the 50,000 characters that a cell takes") }
                return (.done, exchange(body, answer, nil, started, ContinuousClock.now - clock))
            } catch {
                let exchange = exchange(body, error.answer, error, started, ContinuousClock.now - clock)
                switch error.kind {
                case .lost where !isAgain:
                    let (outcome, later) = resolve(items, batch: batch)
                    if case .unknown(let reason, nil) = outcome, case .lost(let wait?) = error.kind {
                        return (.unknown(reason, after: wait), later ?? exchange)
                    }
                    return (outcome, later ?? exchange)
                case .refused:
                    // A person may have removed our metadata: what is not there cannot be taken away.
                    if !request.done.isEmpty {
                        state.withLock { $0.marks.remove(request.done) }
                        continue
                    }
                    let found: GoogleSheetPlace.Mark
                    do throws(GoogleProblem) {
                        found = try place.mark(number, whose: writer)
                    } catch let problem {
                        return (outcome(problem, isAgain: true), exchange)
                    }
                    switch found {
                    case .ours:
                        settled(request, isSure: false)
                        return (.done, exchange)
                    case .foreign:
                        return (
                            .retry("its number is taken in the spreadsheet: it gets another", after: .zero), exchange
                        )
                    case .absent where !hasRenewed:
                        // The sheet may have been replaced by another of its name.
                        hasRenewed = true
                        state.withLock { state in
                            state.sheet = nil
                            state.header = nil
                        }
                    case .absent: return (.dead(error.description), exchange)
                    }
                default: return (outcome(error, isAgain: isAgain), exchange)
                }
            }
        }
    }

    /// Finds out whether a batch was applied, and sends it again under its number where it was not: if its first copy
    /// still arrives, the later of the two is refused.
    private func resolve(_ items: [ActionItem], batch: Int64) -> (ActionOutcome, OutboxExchange?) {
        let number = GoogleBatch.number(of: batch)
        do throws(GoogleProblem) {
            switch try place.mark(number, whose: writer) {
            case .ours:
                state.withLock { $0.marks.add(number, at: now(), isSure: false) }
                return (.done, nil)
            case .foreign: return (.retry("its number is taken in the spreadsheet: it gets another", after: .zero), nil)
            case .absent: return write(items, batch: batch, isAgain: true)
            }
        } catch {
            return (outcome(error, isAgain: true), nil)
        }
    }

    private func prepare(_ items: [ActionItem], number: Int64) throws(GoogleProblem) -> GoogleBatch {
        let time = now()
        let sheet: GoogleSheetPlace.Sheet
        if let known = state.withLock({ $0.sheet }) { sheet = known } else { sheet = try place.sheet() }
        var header: SheetHeader
        if let (known, read) = state.withLock({ $0.header }), !known.isEmpty,
            (read.milliseconds...read.milliseconds + Self.headerAge).contains(time.milliseconds)
        {
            header = known
        } else {
            header = try readHeader()
        }
        let writesHeader = header.isEmpty
        if writesHeader {
            header = SheetHeader(adding: settings.options.columns)
        } else if !header.isUseful {
            throw GoogleProblem(
                .lasting,
                "row 1 of “\(settings.sheet)” has none of b2watch's headers: write \(SheetRow.headers.joined(separator: ", "))"
                    + " there, a cell each, or name an empty sheet")
        }
        state.withLock { state in
            state.sheet = sheet
            // One that is still to be written is read again.
            if !writesHeader { state.header = (header, time) }
        }
        if !writesHeader { compare(header, sheet) }
        findMarks(at: time)
        return GoogleBatch(
            number: number, mark: "\(writer) \(time.milliseconds / 1_000)", sheet: sheet.id, header: header,
            writesHeader: writesHeader, items: items, timestamps: settings.options.timestamps,
            done: state.withLock { $0.marks.free(at: time) })
    }

    private func readHeader() throws(GoogleProblem) -> SheetHeader {
        do throws(GoogleProblem) {
            return try place.header()
        } catch {
            guard error.kind == .refused else { throw error }
            // The name is not there, or no longer: whoever lists the sheets says which there are.
            let sheet = try place.sheet()
            state.withLock { $0.sheet = sheet }
            return try place.header()
        }
    }

    private func settled(_ batch: GoogleBatch, isSure: Bool) {
        state.withLock { state in
            state.marks.remove(batch.done)
            state.marks.add(batch.number, at: now(), isSure: isSure)
        }
    }

    /// Once, what earlier processes have left, to be taken away when no copy of it can be under way.
    private func findMarks(at time: Timestamp) {
        guard !state.withLock({ $0.hasFoundMarks }) else { return }
        guard let found = try? place.marks(of: writer) else { return }
        state.withLock { state in
            state.hasFoundMarks = true
            for mark in found.prefix(1_000) {
                let since = Timestamp(milliseconds: min(mark.since, time.milliseconds / 1_000) * 1_000)
                state.marks.add(mark.number, at: since, isSure: false)
            }
        }
    }

    /// What a problem means for the items of a batch.
    private func outcome(_ problem: GoogleProblem, isAgain: Bool) -> ActionOutcome {
        switch problem.kind {
        case .later(let wait):
            isAgain
                ? .unknown(problem.description, after: wait) : .retry(problem.description, after: wait, scope: .action)
        case .lost(let wait):
            isAgain
                ? .unknown(problem.description, after: wait) : .retry(problem.description, after: wait, scope: .action)
        case .refused, .lasting: isAgain ? .unknown(problem.description) : .dead(problem.description)
        }
    }

    private func warn(_ text: String) {
        state.withLock { $0.warnings.append(text) }
    }

    /// Once, whether the sheet has timestamps of the other form: mixed, they cannot be sorted.
    private func compare(_ header: SheetHeader, _ sheet: GoogleSheetPlace.Sheet) {
        guard !state.withLock({ $0.hasCompared }) else { return }
        state.withLock { $0.hasCompared = true }
        if let text = try? otherForm(header, sheet) { warn(text) }
    }

    private func otherForm(_ header: SheetHeader, _ sheet: GoogleSheetPlace.Sheet) throws(GoogleProblem) -> String? {
        guard let column = header.timestampColumn,
            let last = try place.lastText(column: column, rows: sheet.rows), let first = last.utf8.first
        else { return nil }
        let isNumber = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) && !last.contains("T")
        guard isNumber != (settings.options.timestamps == .epochMilliseconds) else { return nil }
        return "the last row of “\(settings.sheet)” has its timestamp \(isNumber ? "as a number" : "as text"), and new"
            + " rows have it \(isNumber ? "as text" : "as a number"): set “timestamps” to"
            + " \(isNumber ? "epoch" : "rfc3339") for the same form"
    }

    private func exchange(
        _ body: [UInt8], _ answer: OutgoingAnswer?, _ problem: GoogleProblem?, _ started: Timestamp, _ time: Duration
    ) -> OutboxExchange {
        let address = (try? client.url(":batchUpdate").description) ?? ""
        let head = "POST \(address)\nAuthorization: Bearer …\nContent-Type: application/json\n\n"
        return OutboxExchange(
            startedAt: started, duration: Int(time / .microseconds(1)), request: Array(head.utf8) + body,
            outcome: answer.map { "status \($0.status)" } ?? problem?.description ?? "no answer",
            answer: answer?.body ?? [], isCut: answer?.isCut ?? false)
    }

    func preview(_ items: [ActionItem]) throws -> [UInt8] {
        try turn.take {
            let part = Array(items.prefix(GoogleBatch.fitting(items)))
            return try prepare(part, number: 1).body().json
        }
    }

    func test(_ item: ActionItem) throws -> String {
        try turn.take {
            let key = try GoogleKey(file: settings.keyFile)
            let sheet = try place.sheet()
            let header = try place.header()
            var sentences = ["\(key.account) can read “\(settings.sheet)”"]
            if header.isEmpty {
                let headers = SheetHeader(adding: settings.options.columns).texts
                sentences.append("it is empty, and gets the headers \(headers.joined(separator: ", "))")
            } else if header.isUseful {
                sentences.append("filled are \(header.filled.joined(separator: ", "))")
            } else {
                throw GoogleProblem(
                    .lasting,
                    "row 1 of “\(settings.sheet)” has none of b2watch's headers: write"
                        + " \(SheetRow.headers.joined(separator: ", ")) there, a cell each, or name an empty sheet")
            }
            if let warning = try otherForm(header, sheet) { sentences.append(warning) }
            if key.isOpenToOthers {
                sentences.append("others can read \(settings.keyFile): chmod 600 it")
            }
            sentences.append("whether it may write there shows with the first row")
            return sentences.joined(separator: "; ")
        }
    }
}

/// Lets those take turns that write to the same sheet.
final class GoogleTurn: Sendable {
    private static let all = Mutex<[String: Weak]>([:])

    private struct Weak: Sendable {
        weak let turn: GoogleTurn?
    }

    private let lock = NSLock()

    private init() {}

    static func of(_ settings: GoogleSheetSettings) -> GoogleTurn {
        let key = "\(settings.api)\n\(settings.spreadsheet)\n\(settings.sheet)"
        return all.withLock { all in
            if let turn = all[key]?.turn { return turn }
            let turn = GoogleTurn()
            all = all.filter { $0.value.turn != nil }
            all[key] = Weak(turn: turn)
            return turn
        }
    }

    /// Does something while nobody else writes to the sheet.
    func take<Result>(_ body: () throws -> Result) rethrows -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body()
    }
}
