import Base
import Foundation
import History
import Notifications
import Synchronization
import TestSupport

/// A history, a browser on it, and the browser's reports.
final class Browsed: Sendable {
    let history: History
    let browser: Browser
    private let reports: Reports
    private let generation = Mutex(0)

    /// - Parameter folder: The folder of its file; nil for a history in memory.
    init(in folder: TemporaryFolder? = nil) throws {
        let history = try History(folder.map { .file($0.file("history.sqlite")) } ?? .memory)
        let reports = Reports()
        self.history = history
        self.reports = reports
        browser = Browser(history.reader) { reports.add($0) }
    }

    var all: [BrowseProgress] { reports.all }

    /// Records deliveries with an event each, of these sizes.
    ///
    /// - Parameter moment: Returns the time, in milliseconds, at which the delivery of a size was received.
    func keep(
        _ sizes: some Sequence<Int64>, _ verdict: SignatureVerdict = .unverified,
        at moment: (Int64) -> Int64 = { _ in 1_795_452_185_123 }
    ) async {
        for size in sizes {
            let event = SampleEvent(id: "event \(size)", object: "object \(size)", size: size)
            let delivery = Delivery.sample([event], receivedAt: moment(size))
            let judged = JudgedDelivery(
                delivery: delivery, judgement: Judgement(verdict), answer: .accepted,
                events: Payload(scanning: delivery.body).events, generation: 1)
            await answer("a record", orElse: ()) { give in
                if !history.record(judged, completion: { _ in give(()) }) { give(()) }
            }
        }
    }

    /// Shows a query and waits until all its rows are found.
    func show(_ query: BrowseQuery) -> BrowseProgress {
        let generation = begin(query)
        return wait { $0.generation == generation && $0.isComplete }
    }

    /// Shows a query.
    ///
    /// - Returns: Its generation.
    @discardableResult
    func begin(_ query: BrowseQuery) -> Int {
        let generation = generation.withLock { generation in
            generation += 1
            return generation
        }
        browser.show(query, generation: generation, history.current)
        return generation
    }

    /// Passes a change to the browser, and waits for a report.
    func follow(until condition: (BrowseProgress) -> Bool) -> BrowseProgress {
        browser.follow(history.current)
        return wait(condition)
    }

    /// Passes a change to the browser, and waits until these are its rows.
    ///
    /// - Returns: The browser's rows then, or after a long time.
    func follow(until ids: [Int64]) -> [Int64] {
        browser.follow(history.current)
        _ = wait { _ in browser.allIDs() == ids }
        return browser.allIDs()
    }

    /// Waits for a last report that fulfils the condition.
    func wait(_ condition: (BrowseProgress) -> Bool) -> BrowseProgress { reports.wait(condition) }

    /// Changes the verdict of these deliveries.
    func rejudge(_ deliveries: some Sequence<Int64>, _ verdict: SignatureVerdict, generation: Int64) throws {
        for delivery in deliveries {
            guard let before = try history.reader.delivery(delivery)?.judgement.verdict else { continue }
            var rejudgement = Rejudgement(
                of: delivery...delivery, generation: generation, at: Timestamp(milliseconds: 1))
            rejudgement.add(Judgement(verdict), of: delivery, recorded: .init(before))
            _ = try history.rejudge(rejudgement)
        }
    }
}

private final class Reports: Sendable {
    private let told = Watched<[BrowseProgress]>([])

    var all: [BrowseProgress] { told.now }

    func add(_ report: BrowseProgress) { told.change { $0.append(report) } }

    func wait(_ condition: (BrowseProgress) -> Bool) -> BrowseProgress {
        told.wait { $0.last.flatMap { condition($0) ? $0 : nil } } ?? all.last ?? BrowseProgress(generation: -1)
    }
}

extension RowPredicate {
    static func size(_ comparison: Comparison, _ size: Int64) -> RowPredicate {
        .number(.objectSize, comparison, size)
    }
}
