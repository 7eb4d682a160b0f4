internal import Foundation
internal import History
internal import Notifications
internal import Outgoing
internal import Synchronization

/// Appends a row for each event to a Google spreadsheet, no row twice and none missing.
final class GoogleSheetAction: Action {
    struct State: Sendable {
        var sight: GoogleSight?
        var marks = GoogleMarks()
        /// The columns that the latest batch has filled, and row 1 as it was then where this process has read it.
        var filled: (bits: Int, header: SheetHeader?)?
        /// Whether the sheet was looked through for what a person should know.
        var hasExamined = false
        var warnings: [String] = []
    }

    let settings: GoogleSheetSettings
    let client: GoogleClient
    let place: GoogleSheetPlace
    let state = Mutex(State())
    let now: @Sendable () -> Timestamp
    /// What the metadata of our batches begins with.
    let writer: String
    private let turn: GoogleTurn

    /// - Parameter wait: Waits for so long.
    init(
        _ settings: GoogleSheetSettings, http: any HTTPSending, now: @escaping @Sendable () -> Timestamp,
        wait: @escaping @Sendable (Duration) -> Void = { Thread.sleep(forTimeInterval: $0 / .seconds(1)) }
    ) {
        self.settings = settings
        self.now = now
        client = GoogleClient(settings, http: http, now: now, wait: wait)
        place = GoogleSheetPlace(client: client)
        turn = GoogleTurn.of(settings)
        writer = SHA256.hash(settings.writer.utf8).prefix(6).map { String($0, radix: 16) }.joined()
    }

    var summary: String { "rows in “\(settings.sheet)” of \(settings.spreadsheet)" }

    var manner: ActionManner {
        var manner = ActionManner()
        manner.largestBatch = 500
        manner.gathering = .seconds(1)
        manner.pace = GooglePace.least
        // The mark of a batch stays until the next: of two at once, one would take away the other's.
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

    /// Does something for all items of a batch; they share what becomes of it.
    private func run(_ items: [ActionItem], _ body: () -> (ActionOutcome, OutboxExchange?)) -> ActionReport {
        turn.take {
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
        try turn.take {
            let part = Array(items.prefix(max(1, fitting(items))))
            return try prepare(part, number: 1).body().json
        }
    }

    /// Tries what the first event would do: in one request a row is written and taken away again, so that the spreadsheet
    /// stays as it is.
    func test(_ item: ActionItem) throws -> String {
        try turn.take {
            let key = try GoogleKey(file: settings.keyFile)
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
