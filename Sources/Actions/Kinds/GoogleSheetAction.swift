internal import Base
internal import Foundation
internal import History
internal import Notifications
internal import Sending
internal import Settings
internal import Synchronization

/// Appends a row for each event to a Google spreadsheet, no row twice and none missing.
final class GoogleSheetAction: Action {
    private struct State: Sendable {
        var sight: GoogleSight?
        var marks = GoogleMarks()
        /// The columns that the latest batch has filled, and row 1 at that time if this process has read it.
        var filled: (bits: Int, header: SheetHeader?)?
        /// Whether the sheet was searched for things to warn about.
        var hasExamined = false
        var warnings: [String] = []
    }

    let settings: GoogleSheetSettings
    private let client: GoogleClient
    private let place: GoogleSheetPlace
    private let state = Mutex(State())
    private let now: @Sendable () -> Timestamp
    /// The writer named in the metadata of our batches.
    let writer: GoogleWriter
    private let turn: GoogleTurn

    /// - Parameter wait: Waits for this time.
    init(
        _ settings: GoogleSheetSettings, http: any HTTPSending, now: @escaping @Sendable () -> Timestamp,
        wait: @escaping @Sendable (Duration) -> Void = { Thread.sleep(forTimeInterval: $0 / .seconds(1)) }
    ) {
        self.settings = settings
        self.now = now
        client = GoogleClient(settings, http: http, now: now, wait: wait)
        place = GoogleSheetPlace(client: client)
        turn = GoogleTurn.of(settings)
        writer = GoogleWriter(settings.writer)
    }

    var summary: String { "rows in “\(settings.sheet)” of \(settings.spreadsheet)" }

    var manner: ActionManner {
        var manner = ActionManner()
        manner.largestBatch = 500
        manner.gathering = .seconds(1)
        manner.pace = GooglePace.least
        // The mark of a batch stays until the next: of two at once, one would remove the other's.
        manner.mostLanes = 1
        return manner
    }

    func fitting(_ items: [ActionItem]) -> Int { GoogleBatch.fitting(items) }

    func perform(_ items: [ActionItem], batch: Int64) -> ActionReport {
        run(items) { write(items, batch: batch, isAgain: false) }
    }

    func recover(_ items: [ActionItem], batch: Int64) -> ActionReport {
        run(items) { resolve(items, batch: batch) }
    }

    /// Does the work for all items of a batch; they share its outcome.
    private func run(_ items: [ActionItem], _ body: () -> (ActionOutcome, OutboxExchange?)) -> ActionReport {
        turn.run {
            let (outcome, exchange) = body()
            let warnings = state.withLock { state in
                defer { state.warnings = [] }
                return state.warnings
            }
            return ActionReport(
                items.map { _ in outcome }, exchange: exchange,
                warning: warnings.isEmpty ? nil : warnings.joined(separator: "; "))
        }
    }

    func preview(_ items: [ActionItem]) throws -> [UInt8] {
        try turn.run {
            let part = Array(items.prefix(max(1, fitting(items))))
            return try prepare(part, number: 1).body().json
        }
    }

    /// Tries the work of the first event: one request writes a row and removes it again, so that the spreadsheet is
    /// unchanged.
    func test(_ item: ActionItem) throws -> String {
        try turn.run {
            let key = try GoogleCredential(settings)
            client.waitForWrite()
            var request = try prepare([item], number: .random(in: 1...Int64(Int32.max)), takesAway: false)
            request.isTrial = true
            _ = try client.write(request.body().json)
            var sentences = ["\(key.account) can write into “\(settings.sheet)”"]
            if request.writesHeader {
                sentences.append("it is empty, and gets the headers \(request.header.texts.joined(separator: ", "))")
            } else {
                sentences.append(request.header.summary(settings.options))
                sentences.append("the next row is \(request.above + 1)")
            }
            if let sight = state.withLock({ $0.sight }), !request.writesHeader {
                if let warning = otherForm(sight) { sentences.append(warning) }
                if let warning = try place.fillWarning(request.header, in: sight.sheet, below: sight.end) {
                    sentences.append(warning)
                }
            }
            if key.isOpenToOthers {
                sentences.append("others can read \(settings.keyFile): chmod 600 it")
            }
            sentences.append("a row was written and taken away again in one request; nothing has changed")
            return sentences.joined(separator: "; ")
        }
    }
}

// MARK: - Preparing a batch

/// The facts about the spreadsheet needed before a batch is written.
extension GoogleSheetAction {
    /// Returns the request for some items.
    ///
    /// - Parameter takesAway: Whether it removes the marks of earlier batches.
    private func prepare(_ items: [ActionItem], number: Int64, takesAway: Bool = true) throws(GoogleProblem)
        -> GoogleBatch
    {
        if takesAway { findMarks(at: now()) }
        // Last, so that the rows match row 1 at the time of writing.
        let sight = try look()
        var header = sight.row.header
        let writesHeader = header.isEmpty
        if writesHeader {
            try place.checkEmpty(sight.sheet)
            header = SheetHeader(adding: settings.options.columns)
        } else if !header.isUseful {
            throw noHeader.with(sight.row.exchange)
        } else if takesAway {
            examine(sight)
        }
        let time = now()
        let since = String(time.milliseconds / 1_000, radix: GoogleBatch.radix)
        return GoogleBatch(
            number: number, mark: "\(writer) \(since) \(String(header.bits, radix: GoogleBatch.radix))",
            sheet: sight.sheet, above: sight.end.row, header: header, writesHeader: writesHeader, items: items,
            options: settings.options, dateColumns: dateColumns(header, sight),
            done: takesAway ? state.withLock { $0.marks.free(at: time) } : [])
    }

    /// Returns the columns whose new cells must be made dates: those of times for which the row above shows no date.
    private func dateColumns(_ header: SheetHeader, _ sight: GoogleSight) -> [Int] {
        guard settings.options.timestamps == .date else { return [] }
        return header.columns.indices.filter { column in
            guard header.columns[column]?.isMoment ?? false else { return false }
            guard let text = sight.end.texts[column] else { return true }
            let form = SheetRow.TimestampForm(of: text)
            return form == .rfc3339 || form == .epochMilliseconds || Double(text) != nil
        }
    }

    /// Reads row 1 and the end of the rows, and finds the sheet by its name if the name may mean another one by now.
    private func look() throws(GoogleProblem) -> GoogleSight {
        if let sight = try lookAgain() { return sight }
        let foundAt = now()
        let sheet = try place.sheet()
        let sight: GoogleSight
        do throws(GoogleProblem) {
            sight = try self.sight(of: sheet, foundAt: foundAt)
        } catch {
            var problem = error
            // The sheet existed a moment ago: a person is changing it.
            if problem.kind == .refused { problem.kind = .later(after: nil) }
            throw problem
        }
        state.withLock { $0.sight = sight }
        return sight
    }

    private func sight(
        of sheet: GoogleSheetPlace.Sheet, foundAt: Timestamp
    ) throws(GoogleProblem) -> GoogleSight {
        var known: (row: GoogleSheetPlace.FirstRow, end: GoogleSheetPlace.End?)?
        if let old = state.withLock({ $0.sight }), old.sheet.id == sheet.id, !old.row.header.isEmpty,
            old.end.row <= sheet.rows
        {
            known = try place.again(old.row.header, old.end, in: sheet)
        }
        let row: GoogleSheetPlace.FirstRow
        if let known { row = known.row } else { row = try place.firstRow() }
        var end = GoogleSheetPlace.End(row: row.header.isEmpty ? 0 : max(1, sheet.frozen))
        if let found = known?.end {
            end = found
        } else if row.header.isUseful {
            end = try place.end(of: row.header, in: sheet)
        }
        return GoogleSight(sheet: sheet, foundAt: foundAt, row: row, end: end, readAt: now())
    }

    /// Returns nil if anything has changed.
    private func lookAgain() throws(GoogleProblem) -> GoogleSight? {
        let time = now()
        guard let old = state.withLock({ $0.sight }), !old.row.header.isEmpty,
            old.isBelieved(at: time, isShortOfReads: client.isShortOfReads)
        else { return nil }
        do throws(GoogleProblem) {
            let (row, end) = try place.again(old.row.header, old.end, in: old.sheet)
            guard let end else { return nil }
            let sight = GoogleSight(sheet: old.sheet, foundAt: old.foundAt, row: row, end: end, readAt: now())
            state.withLock { $0.sight = sight }
            return sight
        } catch {
            // The name is gone, or the sheet has fewer rows: look for the sheet again.
            guard error.kind == .refused else { throw error }
            return nil
        }
    }

    private var noHeader: GoogleProblem {
        GoogleProblem(
            .lasting,
            "row 1 of “\(settings.sheet)” has none of b2watch's headers: write \(SheetRow.headers.joined(separator: ", "))"
                + " there, a cell each, or name an empty sheet")
    }

    /// Finds the metadata of earlier processes, to be removed when none of their requests can still be running.
    private func findMarks(at time: Timestamp) {
        guard state.withLock({ $0.marks.areMissing(at: time) }) else { return }
        let found = try? place.marks(of: writer)
        state.withLock { state in
            state.marks.found(found, at: time)
            if state.filled == nil, let bits = found?.latestBits { state.filled = (bits, nil) }
        }
    }

    private func warn(_ text: String) {
        state.withLock { $0.warnings.append(text) }
    }

    /// Warns once of each thing that a person should know about the sheet.
    private func examine(_ sight: GoogleSight) {
        let header = sight.row.header
        let (before, isFirst) = state.withLock { state in
            defer {
                state.filled = (header.bits, header)
                state.hasExamined = true
            }
            return (state.filled, !state.hasExamined)
        }
        if let before,
            let warning = header.lossWarning(
                since: before.bits, in: "row 1 of “\(settings.sheet)”", old: before.header)
        {
            warn(warning)
        }
        guard isFirst else { return }
        if let warning = otherForm(sight) { warn(warning) }
        if let warning = try? place.fillWarning(header, in: sight.sheet, below: sight.end) { warn(warning) }
    }

    /// Compares the form of the sheet's last timestamp with that of new ones: mixed, they cannot be sorted.
    private func otherForm(_ sight: GoogleSight) -> String? {
        func name(_ form: SheetRow.TimestampForm) -> (words: String, setting: String) {
            switch form {
            case .rfc3339: ("as text", "rfc3339")
            case .epochMilliseconds: ("as a number", "epoch")
            case .date: ("as a date", "date")
            }
        }
        let setting = settings.options.timestamps
        guard let column = sight.row.header.timestampColumn, let last = sight.end.texts[column],
            let form = SheetRow.TimestampForm(of: last), form != setting
        else { return nil }
        return "the last row of “\(settings.sheet)” has its timestamp \(name(form).words), and new rows have it"
            + " \(name(setting).words): set “timestamps” to \(name(form).setting) for the same form"
    }
}

// MARK: - Writing a batch

/// Sends a batch, and finds out what became of it.
extension GoogleSheetAction {
    /// Sends a batch.
    ///
    /// - Parameter isAgain: Whether a copy of it may have arrived, or may still arrive.
    private func write(_ items: [ActionItem], batch: Int64, isAgain: Bool) -> (ActionOutcome, OutboxExchange?) {
        let number = GoogleBatch.number(of: batch)
        var takesAway = true
        var hasRenewed = false
        while true {
            client.waitForWrite()
            let request: GoogleBatch
            do throws(GoogleProblem) {
                request = try prepare(items, number: number, takesAway: takesAway)
            } catch {
                // The first reads are the same for all events.
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
                // The marks that it was to remove may be gone.
                state.withLock { $0.marks.doubt(request.done, at: now()) }
                // What asks to wait is not asked before.
                guard !isAgain, wait == nil else { return (outcome(problem, isAgain: true), problem.exchange) }
                return resolve(items, batch: batch, sent: problem.exchange)
            case .refused where !request.done.isEmpty:
                // A person may have removed our metadata: missing marks cannot be removed. The request is sent once
                // without them.
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

    /// Finds out whether a batch was applied, and sends it again with its number if not: if its first copy still
    /// arrives, the later of the two is refused.
    ///
    /// - Parameter sent: The request for the rows, if it is known.
    private func resolve(
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

    /// The least time to wait for room for another mark.
    private static let room = Duration.seconds(60)

    private static let taken = ActionOutcome.again("its number is taken in the spreadsheet: it gets another")

    private func settled(_ batch: GoogleBatch, isSure: Bool) {
        state.withLock { state in
            state.marks.remove(batch.done)
            state.marks.add(batch.number, at: now(), isSure: isSure)
            // Only an answer proves that the rows are in the intended place.
            guard isSure else { return }
            state.sight?.sheet.rows += batch.rows
            state.sight?.sheet.columns = max(batch.sheet.columns, batch.header.texts.count)
            state.sight?.end.row += batch.rows
            if batch.writesHeader { state.filled = (batch.header.bits, batch.header) }
        }
    }

    /// Returns the meaning of a problem for the items of a batch.
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
    /// The same exchange, with the facts found out later.
    fileprivate var found: OutboxExchange {
        var exchange = self
        exchange.outcome += ": the rows were found written"
        return exchange
    }
}

// MARK: - Turns

/// Lets those take turns that write to the same sheet.
final class GoogleTurn: Sendable {
    private static let all = SharedByKey<GoogleTurn>()

    private let lock = NSLock()

    private init() {}

    static func of(_ settings: GoogleSheetSettings) -> GoogleTurn {
        all.value("\(settings.api)\n\(settings.spreadsheet)\n\(settings.sheet)") { GoogleTurn() }
    }

    /// Runs `body` while nothing else in this process writes to the sheet.
    func run<Result>(_ body: () throws -> Result) rethrows -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body()
    }
}

// MARK: - Sights

/// The last view of the sheet, with its time.
struct GoogleSight: Sendable {
    /// The least time for which a name means the same sheet if row 1 was not read: within it nobody renames one sheet
    /// and creates another.
    private static let blink: Int64 = 3_000
    /// The time after which the sheet of a name is looked for again although row 1 is unchanged.
    private static let usual: Int64 = 5_000
    /// The same while reads are short.
    private static let rare: Int64 = 60_000

    var sheet: GoogleSheetPlace.Sheet
    /// The time when the sheet was looked for by its name.
    let foundAt: Timestamp
    let row: GoogleSheetPlace.FirstRow
    /// The end of b2watch's rows.
    var end: GoogleSheetPlace.End
    /// When row 1 was read.
    let readAt: Timestamp

    /// Returns whether the name still means that sheet, provided that row 1 is unchanged.
    func isBelieved(at time: Timestamp, isShortOfReads: Bool) -> Bool {
        let age = isShortOfReads ? Self.rare : Self.usual
        // Both are false if the clock was set back.
        return (0..<Self.blink).contains(time.milliseconds - readAt.milliseconds)
            && (0..<age).contains(time.milliseconds - foundAt.milliseconds)
    }
}

// MARK: - Settings

/// The settings of the kind `google-sheet`.
struct GoogleSheetSettings: Sendable {
    static let usualAPI = "https://sheets.googleapis.com"

    /// The id of the spreadsheet.
    var spreadsheet: String
    /// The name of the sheet in it.
    var sheet: String
    /// The service account's key, or another file of Application Default Credentials.
    var keyFile: String
    /// The hosts besides Google's that may give tokens, in lower case.
    var tokenHosts: Set<String> = []
    /// Whether the file may name a program that gives a token.
    var allowsExecutable = false
    /// Whether the account of this machine is used, in Google's cloud, and no file.
    var usesMetadataServer = false
    var options = SheetOptions()
    /// The URL of the API, without a slash at the end.
    var api = usualAPI
    /// The identity of the action and its configuration.
    var writer: String

    /// Returns the id in a text: an id, or the address that a browser shows.
    static func spreadsheetID(_ text: String) -> String? {
        let text = text.trimmingCharacters(in: .whitespaces)
        var id = text[...]
        if let start = text.firstRange(of: "/spreadsheets/") {
            let path = text[start.upperBound...].prefix { $0 != "?" && $0 != "#" }
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            // Such as `d/ID/edit`, or `u/0/d/ID/edit` for who uses several accounts.
            guard let mark = parts.prefix(3).firstIndex(of: "d"), mark + 1 < parts.endIndex else { return nil }
            id = parts[mark + 1]
        }
        let isID =
            id.utf8.count >= 10
            && id.unicodeScalars.allSatisfy { scalar in
                scalar.isASCII
                    && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "-"
                        || scalar == "_")
            }
        return isID ? String(id) : nil
    }
}

extension ActionKind {
    /// Rows in Google Sheets.
    static let googleSheet = ActionKind("google-sheet") { reading, surroundings in
        let count = reading.problems.count
        let spreadsheet = reading.required(
            "spreadsheet", expected: "the spreadsheet's address in the browser, or its id")
        let sheet = reading.required("sheet", expected: "the name of the sheet, as its tab shows it, such as Sheet1")
        let mayUseMachine = reading.truth("metadata-server") ?? false
        let keyFile = reading.credentialFile(surroundings, orMachine: mayUseMachine)
        let tokenHosts = reading.texts(
            "allow-token-hosts", expected: "a list of hosts besides Google's that may give tokens", orOne: true)
        let allowsExecutable = reading.truth("allow-executable") ?? false
        let api = reading.text("api", expected: "the address of the Sheets API")
        let options = SheetOptions(&reading)
        var id: String?
        if let spreadsheet {
            id = GoogleSheetSettings.spreadsheetID(spreadsheet.value)
            if id == nil {
                reading.problem(
                    "“spreadsheet” of “\(reading.name)” is not the address or id of a spreadsheet: copy the address from the"
                        + " browser; the id is in it, between /d/ and /edit", at: spreadsheet.position)
            }
        }
        var base = GoogleSheetSettings.usualAPI
        if let api {
            do throws(WebhookURLError) {
                let url = try WebhookURL(api.value)
                if !url.isSecure, !url.isLoopback {
                    reading.problem(
                        "“api” of “\(reading.name)” is not https, and the token would be sent for all to read",
                        at: api.position)
                }
                base = String(api.value.reversed().drop { $0 == "/" }.reversed())
            } catch {
                reading.problem("“api” of “\(reading.name)”: \(error)", at: api.position)
            }
        }
        guard let id, let sheet, reading.problems.count == count else { return nil }
        let settings = GoogleSheetSettings(
            spreadsheet: id, sheet: sheet.value, keyFile: keyFile ?? "the metadata server",
            tokenHosts: Set((tokenHosts ?? []).map { $0.value.lowercased() }), allowsExecutable: allowsExecutable,
            usesMetadataServer: keyFile == nil, options: options, api: base,
            writer: "\(reading.folder)\n\(reading.name)")
        return GoogleSheetAction(settings, http: surroundings.http, now: surroundings.now)
    }
}

extension ActionReading {
    /// Returns the file of Google's credentials: `key-file`; or, as Google's own libraries do, the one that the variable
    /// GOOGLE_APPLICATION_CREDENTIALS names, or that gcloud has written.
    ///
    /// - Parameter orMachine: Whether the machine's own account is used where there is no file: nil is then no problem.
    fileprivate mutating func credentialFile(
        _ surroundings: ActionSurroundings, orMachine: Bool
    ) -> String? {
        let count = problems.count
        let form = "the path of the service account's key, a JSON file"
        if let file = secretFile("key-file", expected: form, isRequired: false) { return file.value }
        guard problems.count == count else { return nil }
        if let path = surroundings.environment["GOOGLE_APPLICATION_CREDENTIALS"], !path.isEmpty {
            return secretFile(at: path)
        }
        let folder = surroundings.environment["CLOUDSDK_CONFIG"] ?? surroundings.home.map { "\($0)/.config/gcloud" }
        if let path = folder.map({ "\($0)/application_default_credentials.json" }), access(path, F_OK) == 0 {
            return secretFile(at: path)
        }
        guard !orMachine else { return nil }
        problem(
            "“\(name)” needs “key-file”: \(form); or set GOOGLE_APPLICATION_CREDENTIALS where b2watch is started; or, on a"
                + " machine in Google's cloud, write “metadata-server: yes”",
            at: position)
        return nil
    }
}
